// SPDX-License-Identifier: Apache-2.0
// The strip about the selected block: what its numbers rest on, and the way to
// its instructions.
import { cutRatioText, hexText, pluralText } from '../../lib/exact-text'
import { threadLabel } from '../../model/names'
import { pathOf, type NameTables } from '../../model/places'
import { ALL, type BlocksTable } from '../../model/tables.gen'
import type { Weight } from '../../model/view-state'
import { useStore } from '../../store'
import { Button } from '../../widgets/Button'
import { DetailFacts, DetailStrip } from '../../widgets/DetailStrip'
import { bytesText, durationText, shareText } from '../../widgets/number-text'
import { CycleFacts } from './CycleFacts'
import { addressOf, endsInConditional, endWord, metric, symbolOf } from './layout'

type Props = { table: BlocksTable; row: number; names: NameTables; total: number; weight: Weight; onShow(): void }

export function BlockDetail({ table, row, names, total, weight, onShow }: Props) {
  const threads = useStore((store) => store.session.threads)
  const seenBy = table.thread[row] ?? ALL
  const symbol = symbolOf(table, row, names)
  const share = total > 0 ? metric(table, row, 'share', weight) / total : NaN
  return (
    <DetailStrip
      title={
        <>
          <span className="mono">{symbol === '' ? addressOf(table, row) : symbol}</span>
          <span className="detail-at">
            {shareText(share)} of {weight}
            {seenBy === ALL ? ', executed by several threads' : `, executed by ${threadLabel(threads, seenBy)}`}
          </span>
        </>
      }
      actions={
        <Button
          kind="primary"
          title={seenBy === ALL ? 'Opens a visit in the busiest thread that ran this block (Enter)' : 'Opens a visit of this block (Enter)'}
          onClick={onShow}
        >
          Show instructions
        </Button>
      }
    >
      <DetailFacts facts={factsOf(table, row, names)} />
      <CycleFacts table={table} row={row} />
    </DetailStrip>
  )
}

function factsOf(table: BlocksTable, row: number, names: NameTables): { name: string; value: string }[] {
  const ip = table.ip[row] ?? 0n
  const size = table.size[row] ?? 0
  const visits = table.visits[row] ?? NaN
  const cycles = table.cycles[row] ?? NaN
  const taken = table.taken[row] ?? 0
  const branch = endsInConditional(table.class[row] ?? 0) ? `, taken in ${shareText(taken / visits)} of visits` : ''
  const facts = [
    {
      name: 'Code',
      value: `${hexText(ip)} to ${hexText(ip + BigInt(size))}: ${bytesText(size)}, ${pluralText(table.block_instructions[row] ?? 0, 'instruction')}`,
    },
    { name: 'Ends in', value: `${endWord(table.class[row] ?? 0)}${branch}` },
    { name: 'Visits', value: `${pluralText(visits, 'visit')}, ${durationText((table.ns[row] ?? NaN) / visits)} each` },
    { name: 'IPC', value: Number.isNaN(cycles) ? '' : ipcBasis(table, row, visits) },
    { name: 'Binary', value: pathOf(names.images, table.image[row] ?? 0) },
  ]
  return facts.filter((fact) => fact.value !== '')
}

/** IPC with what it rests on; a few measurements are no average. */
function ipcBasis(table: BlocksTable, row: number, visits: number): string {
  const cycles = table.cycles[row] ?? NaN
  const measured = table.cycle_visits[row] ?? 0
  if (!(measured > 0) || !(cycles > 0)) return 'not known: no cycle measurement ended in a visit of this block'
  const ratio = `${cutRatioText(table.cycle_instructions[row] ?? NaN, cycles)} insn/cycle`
  return `${ratio}, from ${pluralText(cycles, 'cycle')} over ${pluralText(measured, 'visit')} (${shareText(measured / visits)} of visits)`
}
