// SPDX-License-Identifier: Apache-2.0
// The instructions of one thread that are held: windows around what is on
// screen, asked for through the store.
import { useState } from 'react'
import { rowsOf } from '../../lib/row-window'
import type { InstructionsTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { useHeldRows, type HeldRows, type RowRange, type WindowPlan } from '../../widgets/row-windows'

const requestOf = (thread: number, window: number | null | undefined) =>
  window === null || window === undefined ? null : { thread, ...rowsOf(window) }

/** `hasLines`: a source line was seen, in this trace as it is decoded now. */
export type HeldInstructions = HeldRows<InstructionsTable> & { hasLines: boolean }

/** `target`: a row that will be on screen; asked for before the table has moved there. */
export function useInstructions(thread: number, range: RowRange, rowCount: number, target: number | null): HeldInstructions {
  const version = useStore((store) => store.session.version)
  const useAnswers = (plan: WindowPlan) => [
    useTable('instructions', requestOf(thread, plan[0])),
    useTable('instructions', requestOf(thread, plan[1])),
    useTable('instructions', requestOf(thread, plan[2])),
    useTable('instructions', requestOf(thread, plan[3])),
    useTable('instructions', requestOf(thread, plan[4])),
  ]
  const held = useHeldRows<InstructionsTable>(`${thread} ${version}`, range, rowCount, target, useAnswers)
  const [hasLines, setHasLines] = useState(false)
  // Once seen the column stays: it must not come and go while scrolling.
  if (!hasLines && anyLine(held.find, range)) setHasLines(true)
  return { ...held, hasLines }
}

function anyLine(find: HeldRows<InstructionsTable>['find'], { first, end }: RowRange): boolean {
  for (let row = first; row < end; row++) {
    const place = find(row)
    if (place !== null && (place.table.line[place.index] ?? 0) > 0) return true
  }
  return false
}
