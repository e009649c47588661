// SPDX-License-Identifier: Apache-2.0
// Names and values in two columns, values aligned as numbers.
import './Facts.css'

export type Fact = { name: string; value: string; note?: string }

export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {note && <span>{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
