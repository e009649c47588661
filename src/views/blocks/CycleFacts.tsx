// SPDX-License-Identifier: Apache-2.0
// How the cycles of the selected block are spread: least, median, 90th
// percentile, most, and a histogram of the measurements.
import { useMemo } from 'react'
import { pluralText } from '../../lib/exact-text'
import { cycleBars, spreadOf, type CycleBar } from '../../model/block-cycles'
import type { BlocksTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { DetailFacts } from '../../widgets/DetailStrip'
import { countText } from '../../widgets/number-text'

/** Trace that is decoded again for one block: some tenths of a second. */
const mostBytes = 4 << 20
const mostBars = 32

type Props = { table: BlocksTable; row: number }

export function CycleFacts({ table, row }: Props) {
  const { thread, range } = useStore((store) => store.view)
  const measured = table.cycle_visits[row] ?? 0
  const ip = table.ip[row] ?? 0n
  const fn = table.function[row] ?? 0
  const request = useMemo(
    () => (measured > 0 ? { ...(thread !== null && { thread }), ...range, text: ip.toString(16), extra: fn, count: mostBytes } : null),
    [measured, thread, range, ip, fn],
  )
  const answer = useTable('block_cycles', request)
  const spread = useMemo(() => (answer.state === 'ready' ? spreadOf(answer.table) : null), [answer])
  const bars = useMemo(() => (answer.state === 'ready' ? cycleBars(answer.table, mostBars) : []), [answer])
  if (!(measured > 0)) return null
  if (answer.state === 'failed') return <p className="blk-cycles is-warning">{answer.sentence}</p>
  if (answer.state !== 'ready') return <p className="blk-cycles blk-muted">Reading the cycles of each visit…</p>
  if (spread === null)
    return (
      <p className="blk-cycles blk-muted">
        No measurement of this block lies in the first 4 MiB of the trace: select a time range to see how its cycles are spread.
      </p>
    )
  const numbers = [
    { name: 'Cycles, least', value: countText(spread.min) },
    { name: 'median', value: countText(spread.median) },
    { name: '90th percentile', value: countText(spread.p90) },
    { name: 'most', value: countText(spread.max) },
    {
      name: 'over',
      value:
        spread.count < measured
          ? `the first ${countText(spread.count)} of ${pluralText(measured, 'measurement')}`
          : pluralText(spread.count, 'measurement'),
    },
  ]
  return (
    <div className="blk-cycles">
      {bars.length > 1 ? <Histogram bars={bars} /> : null}
      <DetailFacts facts={numbers} />
    </div>
  )
}

/** Bars of equal width in cycles; a bar that is not empty is never too low to see. */
function Histogram({ bars }: { bars: CycleBar[] }) {
  const most = Math.max(...bars.map(({ count }) => count))
  const first = bars[0]
  const last = bars[bars.length - 1]
  return (
    <span
      className="blk-bars"
      role="img"
      aria-label={`Measurements by cycles, from ${countText(first?.from ?? NaN)} to ${countText(last?.to ?? NaN)}`}
    >
      {bars.map(({ from, to, count }) => (
        <span
          key={from}
          title={`${from === to ? pluralText(from, 'cycle') : `${countText(from)} to ${countText(to)} cycles`}: ${pluralText(count, 'measurement')}`}
        >
          <span style={{ height: count === 0 ? 0 : `max(2px, ${(count / most) * 100}%)` }} />
        </span>
      ))}
    </span>
  )
}
