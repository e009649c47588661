// SPDX-License-Identifier: Apache-2.0
// The packets of one AUX stream that are held: windows around what is on
// screen, asked for through the store.
import { rowsOf } from '../../lib/row-window'
import type { PacketsTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { useHeldRows, type HeldRows, type RowPlace, type RowRange, type WindowPlan } from '../../widgets/row-windows'

export type PacketPlace = RowPlace<PacketsTable>
export type FindPacket = HeldRows<PacketsTable>['find']

const requestOf = (queue: number, window: number | null | undefined) =>
  window === null || window === undefined ? null : { queue, ...rowsOf(window) }

export function usePackets(queue: number, range: RowRange, rowCount: number): HeldRows<PacketsTable> {
  const version = useStore((store) => store.session.version)
  const useAnswers = (plan: WindowPlan) => [
    useTable('packets', requestOf(queue, plan[0])),
    useTable('packets', requestOf(queue, plan[1])),
    useTable('packets', requestOf(queue, plan[2])),
    useTable('packets', requestOf(queue, plan[3])),
  ]
  return useHeldRows<PacketsTable>(`${queue} ${version}`, range, rowCount, null, useAnswers)
}
