// SPDX-License-Identifier: Apache-2.0
// What the reader must know about the trace as a whole: failure, missing
// binaries, warnings, and what became of files just added.
import { useMemo, useState } from 'react'
import type { ImageOutcome } from '../store'
import { infoValues } from '../model/names'
import { useStore } from '../store'
import { Banner } from '../widgets/Banner'
import { Button } from '../widgets/Button'
import { missingSentence, type Missing } from './trace-facts'

/** One sentence about the files that were offered last; '' when all were of use. */
export function outcomeSummary(outcomes: readonly ImageOutcome[]): string {
  const used = outcomes.filter(({ state }) => state === 'used').length
  const others = outcomes.filter(({ state }) => state !== 'used')
  const refused = others.find(({ state }) => state === 'refused') ?? others[0]
  if (!refused) return ''
  if (others.length === 1) return refused.sentence
  return `${used} of ${outcomes.length} files were used. ${refused.sentence}`
}

export function Banners({ missing }: { missing: Missing | null }) {
  const failure = useStore((store) => store.session.failure)
  const info = useStore((store) => store.session.info)
  const outcomes = useStore((store) => store.session.outcomes)
  const setTab = useStore((store) => store.setTab)
  const warnings = useMemo(() => infoValues(info, 'warning'), [info])
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [open, setOpen] = useState(false)
  const hide = (text: string) => setHidden((old) => new Set(old).add(text))

  const missingText = missing ? missingSentence(missing) : ''
  const summary = outcomeSummary(outcomes)
  const shown = warnings.filter((warning) => !hidden.has(warning))
  const toFiles = <Button onClick={() => setTab('files')}>Go to Files</Button>
  return (
    <>
      {failure && !hidden.has(failure) && (
        <Banner kind="danger" onClose={() => hide(failure)}>
          {failure}
        </Banner>
      )}
      {missingText && !hidden.has('missing') && (
        <Banner kind="warn" actions={toFiles} onClose={() => hide('missing')}>
          {missingText}
        </Banner>
      )}
      {summary && !hidden.has(summary) && (
        <Banner kind="note" actions={toFiles} onClose={() => hide(summary)}>
          {summary}
        </Banner>
      )}
      {shown.length > 0 && (
        <Banner
          kind="warn"
          onClose={() => shown.forEach(hide)}
          actions={
            shown.length > 1 && (
              <Button aria-expanded={open} onClick={() => setOpen(!open)}>
                {open ? 'Show less' : `${shown.length - 1} more`}
              </Button>
            )
          }
        >
          {(open ? shown : shown.slice(0, 1)).map((warning) => (
            <p key={warning}>{warning}</p>
          ))}
        </Banner>
      )}
    </>
  )
}
