// SPDX-License-Identifier: Apache-2.0
// A command to take along: monospaced, with a copy button.
import { useEffect, useState } from 'react'
import { IconButton } from './Button'
import './CopyLine.css'

export function CopyLine({ text }: { text: string }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1600)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <div className="copy-line">
      <code tabIndex={0}>{text}</code>
      <IconButton
        icon={copied ? 'check' : 'copy'}
        label={copied ? 'Copied' : `Copy: ${text}`}
        onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
      />
    </div>
  )
}
