// SPDX-License-Identifier: Apache-2.0
// A strip about the selected row: what it is, what can be done, facts in a
// flowing line. Domain-free.
import type { ReactNode } from 'react'
import './DetailStrip.css'

type StripProps = { title: ReactNode; actions?: ReactNode; children?: ReactNode }

export function DetailStrip({ title, actions, children }: StripProps) {
  return (
    <div className="detail-strip">
      <div className="detail-head">
        <div className="detail-title">{title}</div>
        <div className="detail-actions">{actions}</div>
      </div>
      {children}
    </div>
  )
}

export type DetailFact = { name: string; value: ReactNode }

type FactsProps = {
  facts: readonly DetailFact[]
  /** Lines to keep free, so that the table does not jump from row to row. */
  lines?: number
}

const lineHeight = 20

export function DetailFacts({ facts, lines = 1 }: FactsProps) {
  return (
    <dl className="detail-facts" style={{ minHeight: lines * lineHeight }}>
      {facts.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          <dd>{fact.value}</dd>
        </div>
      ))}
    </dl>
  )
}
