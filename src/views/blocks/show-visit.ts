// SPDX-License-Identifier: Apache-2.0
// The way from a block to the instructions of one of its visits.
import { useCallback, useState } from 'react'
import { tracedThreads } from '../../model/names'
import { ALL, type BlocksTable } from '../../model/tables.gen'
import { showVisit, useStore } from '../../store'

/** Threads of which a visit can be shown, in the order to try them: the busiest first. */
function threadsToTry(table: BlocksTable, row: number): number[] {
  const seenBy = table.thread[row] ?? ALL
  return seenBy !== ALL ? [seenBy] : busiestThreads()
}

/** The selected thread, or all that were traced, the busiest first. */
function busiestThreads(): number[] {
  const { view, session } = useStore.getState()
  if (view.thread !== null) return [view.thread]
  const instructions = (thread: number) => session.threads?.instructions[thread] ?? 0
  return tracedThreads(session.threads).toSorted((a, b) => instructions(b) - instructions(a))
}

/** The same for an address, of which no block is known. */
export function useShowAddress(): { show(ip: bigint): void; state: string } {
  const [state, setState] = useState('')
  const show = useCallback((ip: bigint) => {
    setState('Looking for a visit of this branch…')
    void showVisit(busiestThreads(), ip).then(setState)
  }, [])
  return { show, state }
}

/** `show` leads to a visit of the block in a row; `state` says what keeps it, '' nothing. */
export function useShowVisit(): { show(table: BlocksTable, row: number): void; state: string } {
  const [state, setState] = useState('')
  const show = useCallback((table: BlocksTable, row: number) => {
    setState('Looking for a visit of this block…')
    void showVisit(threadsToTry(table, row), table.ip[row] ?? 0n).then(setState)
  }, [])
  return { show, state }
}
