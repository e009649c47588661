// SPDX-License-Identifier: Apache-2.0
// The instructions of one thread that are held: windows around what is on
// screen, asked for through the store.
import type { InstructionsTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { useHeldRows, windowRows, type HeldRows, type RowRange, type WindowPlan } from '../../widgets/row-windows'

const requestOf = (thread: number, window: number | null | undefined) =>
  window === null || window === undefined ? null : { thread, first: window * windowRows, count: windowRows }

export function useInstructions(thread: number, range: RowRange, rowCount: number): HeldRows<InstructionsTable> {
  const version = useStore((store) => store.session.version)
  const useAnswers = (plan: WindowPlan) => [
    useTable('instructions', requestOf(thread, plan[0])),
    useTable('instructions', requestOf(thread, plan[1])),
    useTable('instructions', requestOf(thread, plan[2])),
    useTable('instructions', requestOf(thread, plan[3])),
  ]
  return useHeldRows<InstructionsTable>(`${thread} ${version}`, range, rowCount, useAnswers)
}
