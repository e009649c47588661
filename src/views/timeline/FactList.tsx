// SPDX-License-Identifier: Apache-2.0
// Names and values side by side, as the panels about a selected call and a selected mark show them.
import type { ReactNode } from 'react'
import type { Fact } from '../../widgets/Facts'

export function FactList({ facts, children }: { facts: readonly Fact[]; children?: ReactNode }) {
  return (
    <dl>
      {facts.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          <dd>{fact.value}</dd>
          {fact.note && <dd className="call-note">{fact.note}</dd>}
        </div>
      ))}
      {children}
    </dl>
  )
}
