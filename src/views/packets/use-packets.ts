// SPDX-License-Identifier: Apache-2.0
// The packets of one AUX stream that are held: windows around what is on
// screen, asked for through the store, the ones seen last kept.
import { useMemo } from 'react'
import type { PacketsTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { holdsRange, useWindowPlan, WindowCache, windowRows, type RowRange } from '../../widgets/row-windows'

export type PacketPlace = { table: PacketsTable; index: number }
export type FindPacket = (row: number) => PacketPlace | null

const requestOf = (queue: number, window: number | null | undefined) =>
  window === null || window === undefined ? null : { queue, first: window * windowRows, count: windowRows }

export function usePackets(queue: number, range: RowRange, rowCount: number): { find: FindPacket; failure: string } {
  const version = useStore((store) => store.session.version)
  const cache = useMemo(() => new WindowCache<PacketsTable>(), [queue, version])
  const plan = useWindowPlan(range, rowCount, (wanted) => holdsRange(cache, wanted, rowCount))
  const answers = [
    useTable('packets', requestOf(queue, plan[0])),
    useTable('packets', requestOf(queue, plan[1])),
    useTable('packets', requestOf(queue, plan[2])),
    useTable('packets', requestOf(queue, plan[3])),
  ]
  let failure = ''
  answers.forEach((answer, slot) => {
    const window = plan[slot] ?? null
    if (window === null) return
    if (answer.state === 'failed') failure = answer.sentence
    if (answer.state === 'ready' && answer.table.ordinal[0] === window * windowRows) cache.put(window, answer.table)
  })
  cache.touch(range)
  const find = useMemo(
    () => (row: number) => {
      const place = cache.find(row)
      return place !== null && place.table.ordinal[place.index] === row ? place : null
    },
    // The cache changes inside; the answers tell when.
    [cache, ...answers],
  )
  return { find, failure }
}
