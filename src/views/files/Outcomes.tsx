// SPDX-License-Identifier: Apache-2.0
// What became of the files offered last.
import type { Store } from '../../store'
import { pluralText } from '../../lib/exact-text'

type Outcome = Store['session']['outcomes'][number]

const words: Record<Outcome['state'], string> = { used: 'used', unwanted: 'not needed', refused: 'refused', unreadable: 'unreadable' }
const order: readonly Outcome['state'][] = ['refused', 'unreadable', 'used', 'unwanted']
/** A dropped folder may hold thousands of files that nobody asked for. */
const mostShown = 50

export function Outcomes({ outcomes }: { outcomes: readonly Outcome[] }) {
  if (outcomes.length === 0) return null
  const sorted = order.flatMap((state) => outcomes.filter((outcome) => outcome.state === state))
  const counts = order
    .map((state) => ({ state, count: outcomes.filter((outcome) => outcome.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${words[state]}`)
    .join(', ')
  return (
    <details
      className="files-outcomes"
      open={sorted.some(({ state }) => state === 'refused' || state === 'unreadable') || outcomes.length <= 6}
    >
      <summary>
        Last drop: {pluralText(outcomes.length, 'file')} ({counts})
      </summary>
      <ul>
        {sorted.slice(0, mostShown).map((outcome, index) => (
          <li key={`${outcome.path} ${index}`}>
            <span className={`files-tag is-${outcome.state}`}>{words[outcome.state]}</span>
            <span>{outcome.sentence || outcome.path}</span>
          </li>
        ))}
        {sorted.length > mostShown ? <li>and {pluralText(sorted.length - mostShown, 'more file')}.</li> : null}
      </ul>
    </details>
  )
}
