// SPDX-License-Identifier: Apache-2.0
// The way from a block to its instructions.
import { ALL, type BlocksTable } from '../../model/tables.gen'
import { useStore } from '../../store'

/** Opens the instructions of the block's first known visit; does nothing when none is known. */
export function showVisit(table: BlocksTable, row: number): void {
  const { view, session, showInstruction } = useStore.getState()
  const seenBy = table.thread[row] ?? ALL
  const thread = seenBy === ALL ? view.thread : seenBy
  const ordinal = table.first_ordinal[row] ?? NaN
  if (thread === null || Number.isNaN(ordinal) || (session.threads !== null && thread >= session.threads.rows)) return
  showInstruction(thread, ordinal)
}
