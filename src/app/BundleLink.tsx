// SPDX-License-Identifier: Apache-2.0
// A very small bundle as a link that holds all of it: who can read it, how long
// it is, and the copy.
import { useEffect, useState } from 'react'
import type { Result } from '../lib/result'
import type { BundleFile } from '../store'
import { Button } from '../widgets/Button'

export function BundleLink({ bundle }: { bundle: BundleFile }) {
  const [made, setMade] = useState<{ of: BundleFile; value: Result<string, string> } | null>(null)
  const [copied, setCopied] = useState<boolean | null>(null)
  useEffect(() => {
    let current = true
    void bundle.linkValue().then((value) => current && setMade({ of: bundle, value }))
    return () => {
      current = false
    }
  }, [bundle])
  if (!made || made.of !== bundle) return null
  if (!made.value.ok) return <p className="share-faint">{made.value.error}</p>
  const page = new URL('.', location.href.split('#')[0])
  const link = `${page.href}#bundle=${made.value.value}`
  return (
    <div className="share-whole">
      <p>
        It is small enough to fit in a link ({link.length.toLocaleString('en')} letters), which holds all of it: nothing is stored anywhere. Whoever
        sees the link can read the trace, and it cannot be taken back.
      </p>
      <Button
        icon={copied ? 'check' : 'copy'}
        onClick={() =>
          void navigator.clipboard.writeText(link).then(
            () => setCopied(true),
            () => setCopied(false),
          )
        }
      >
        {copied ? 'Copied' : 'Copy link with the trace in it'}
      </Button>
      {copied === false && <p role="alert">The browser did not allow it.</p>}
    </div>
  )
}
