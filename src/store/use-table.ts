// SPDX-License-Identifier: Apache-2.0
// useTable: a component's window on one table. The asking and keeping is done
// by table-cache.ts; this file ties it to React and to the session's version.
import { useCallback, useState, useSyncExternalStore } from 'react'
import type { TableRequest } from '../engine/protocol'
import { rowsOf, windowOf } from '../lib/row-window'
import { ALL, type TableName, type Tables } from '../model/tables.gen'
import { askEngine } from './engine-access'
import { isPending, onPendingChange } from './pending'
import { useStore } from './store'
import { TableCache, type AnyTable } from './table-cache'
import { TableViewer } from './table-viewer'
import type { TableState } from './types'

const cache = new TableCache(async (table, request, signal) => {
  const answer = await askEngine((engine) => engine.query(table, request, signal))
  if (answer.ok) await nameFunctions(answer.value)
  return answer
})

/** Columns that hold rows of the functions table. */
const functionColumns = ['function', 'from_function', 'to_function'] as const

/** An answer may name functions that were found while it was made (a sample's, a branch's that was never taken): they must be known when it is shown. */
async function nameFunctions(answer: AnyTable): Promise<void> {
  const { functions } = useStore.getState().session
  if (functions === null) return
  for (const column of functionColumns) {
    const rows = column in answer ? (answer as Partial<Record<typeof column, Uint32Array>>)[column] : undefined
    if (rows?.some((row) => row !== ALL && row >= functions.rows)) return useStore.getState().readFunctions()
  }
}

// A new trace starts with no info; what was known before is of the old one.
useStore.subscribe(({ session }, { session: before }) => {
  if (session.info === null && before.info !== null) cache.clear()
  if (session.info !== null) cache.setVersion(session.version)
})

/** Asks for what will soon be looked at, until something else is asked for ahead: then, and where it fails, the answer is null. */
export const askAhead = <Name extends TableName>(table: Name, request: TableRequest): Promise<Tables[Name] | null> =>
  // The answer is to this table.
  cache.askAhead(table, request) as Promise<Tables[Name] | null>

// A jump's instructions are asked for before their view is drawn.
useStore.subscribe(({ view, session }, { view: before }) => {
  const { tab, instruction } = view
  if (tab !== 'instructions' || instruction === null || session.info === null) return
  if (instruction === before.instruction && tab === before.tab) return
  void askAhead('instructions', { thread: instruction.thread, ...rowsOf(windowOf(instruction.ordinal)) })
})

/** See Store's types: a table by request, the last one kept on screen while the next is on its way. */
export function useTable<Name extends TableName>(table: Name, request: TableRequest | null): TableState<Name> {
  const [viewer] = useState(() => new TableViewer<Name>(cache))
  const entry = viewer.entryFor(table, request)
  const subscribe = useCallback((changed: () => void) => (entry ? cache.watch(entry, changed) : () => {}), [entry])
  return useSyncExternalStore(subscribe, () => viewer.look(entry))
}

function onIdleChange(changed: () => void): () => void {
  const stops = [cache.onIdleChange(changed), onPendingChange(changed)]
  return () => stops.forEach((stop) => stop())
}

/** True when no table is being asked for and no view is on its way: what tests wait for. */
export function useIdle(): boolean {
  return useSyncExternalStore(onIdleChange, () => cache.idle() && !isPending())
}
