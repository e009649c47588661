// SPDX-License-Identifier: Apache-2.0
// What the reader must know about the trace as a whole: failure, missing
// binaries, warnings, and what became of files just added.
import { useMemo, useState } from 'react'
import { infoValues } from '../model/names'
import { useStore } from '../store'
import { Banner } from '../widgets/Banner'
import { Button } from '../widgets/Button'
import { missingSentence, outcomeSummary, type Missing } from './trace-facts'

/** What the example shows: its first sentence, and the rest on demand. */
function Story({ story, onClose }: { story: string; onClose(): void }) {
  const [open, setOpen] = useState(false)
  const end = story.indexOf('. ')
  const first = end < 0 ? story : story.slice(0, end + 1)
  return (
    <Banner
      kind="note"
      onClose={onClose}
      actions={
        first !== story && (
          <Button aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'Show less' : 'What to look for'}
          </Button>
        )
      }
    >
      {open ? story : first}
    </Banner>
  )
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

  const story = useStore((store) => store.session.story)
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
      {story && !hidden.has(story) && <Story story={story} onClose={() => hide(story)} />}
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
