// SPDX-License-Identifier: Apache-2.0
// The strip about the selected branch: what its numbers rest on, and the way to
// its instructions.
import { hexText, pluralText } from '../../lib/exact-text'
import type { NameTables } from '../../model/places'
import type { BranchesTable } from '../../model/tables.gen'
import { Button } from '../../widgets/Button'
import { DetailFacts, DetailStrip } from '../../widgets/DetailStrip'
import { shareText } from '../../widgets/number-text'
import { branchMetric, closesLoop, fromText, kindOf, toText } from './branch-layout'

/** `sampled`: the branches are entries of branch stacks, not all that ran. */
type Props = { table: BranchesTable; row: number; names: NameTables; sampled: boolean; onShow(): void }

export function BranchDetail({ table, row, names, sampled, onShow }: Props) {
  return (
    <DetailStrip
      title={
        <>
          <span className="mono">{fromText(table, row, names)}</span>
          <span className="detail-at">{kindOf(table, row)}</span>
        </>
      }
      actions={
        <Button kind="primary" title="Opens an execution of this branch (Enter)" onClick={onShow}>
          Show instructions
        </Button>
      }
    >
      <DetailFacts facts={factsOf(table, row, names, sampled)} />
    </DetailStrip>
  )
}

function factsOf(table: BranchesTable, row: number, names: NameTables, sampled: boolean): { name: string; value: string }[] {
  const taken = table.taken[row] ?? NaN
  const notTaken = table.not_taken[row] ?? NaN
  const to = table.to[row] ?? 0n
  const missed = table.mispredicted[row] ?? NaN
  const told = missed + (table.predicted[row] ?? NaN)
  const trips = table.trips[row] ?? NaN
  const measured = table.cycle_count[row] ?? 0
  const facts = [
    { name: 'From', value: hexText(table.from[row] ?? 0n) },
    { name: 'To', value: to === 0n ? 'several places' : `${toText(table, row, names)} (${hexText(to)})` },
    {
      name: sampled ? 'In branch stacks' : 'Executed',
      value: Number.isNaN(notTaken)
        ? pluralText(taken, 'time')
        : `${pluralText(taken + notTaken, 'time')}: taken ${taken.toLocaleString('en-US')}, not taken ${notTaken.toLocaleString('en-US')}`,
    },
    {
      name: 'Mispredicted',
      value:
        told > 0
          ? `${missed.toLocaleString('en-US')} of ${pluralText(told, 'time')} (${shareText(branchMetric(table, row, 'missRate'))})`
          : '',
    },
    {
      name: 'Loop',
      value: !closesLoop(table, row)
        ? ''
        : Number.isNaN(trips)
          ? 'its end was never seen'
          : `turns ${trips.toFixed(trips < 100 ? 1 : 0)} times on average`,
    },
    {
      name: 'Cycles before it',
      value: measured > 0 ? `${(table.cycles[row] ?? NaN).toFixed(1)} on average, over ${pluralText(measured, 'measurement')}` : '',
    },
  ]
  return facts.filter((fact) => fact.value !== '')
}
