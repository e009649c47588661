// SPDX-License-Identifier: Apache-2.0
// useTable: a component's window on one table. The asking and keeping is done
// by table-cache.ts; this file ties it to React and to the session's version.
import { useCallback, useMemo, useRef, useSyncExternalStore } from 'react'
import type { TableRequest } from '../engine/protocol'
import type { TableName, Tables } from '../model/tables.gen'
import { engine } from './engine-access'
import { useStore } from './store'
import { requestKey, TableCache, type Entry } from './table-cache'
import type { TableState } from './types'

const cache = new TableCache(async (table, request) => (await engine()).query(table, request))

// A new trace starts with no info; what was known before is of the old one.
useStore.subscribe(({ session }, { session: before }) => {
  if (session.info === null && before.info !== null) cache.clear()
  if (session.info !== null) cache.setVersion(session.version)
})

type Snapshot = { answer: unknown; failure: string }
const nothing: Snapshot = { answer: null, failure: '' }

/** See Store's types: a table by request, the last one kept on screen while the next is on its way. */
export function useTable<Name extends TableName>(table: Name, request: TableRequest | null): TableState<Name> {
  const key = request && requestKey(table, request)
  // The request's key stands for its fields: equal requests are one entry.
  const entry = useMemo(() => (request ? cache.entry(table, request) : null), [key])
  const answer = useEntry(entry)
  const shown = useRef<Tables[Name] | null>(null)
  const generation = useRef(cache.generation())
  if (generation.current !== cache.generation()) {
    generation.current = cache.generation()
    shown.current = null
  }
  return useMemo(() => {
    if (answer.failure) return { state: 'failed', sentence: answer.failure }
    if (answer.answer) {
      shown.current = answer.answer as Tables[Name]
      return { state: 'ready', table: shown.current }
    }
    return { state: 'loading', previous: shown.current }
  }, [answer])
}

function useEntry(entry: Entry | null): Snapshot {
  const last = useRef(nothing)
  const subscribe = useCallback((changed: () => void) => (entry ? cache.watch(entry, changed) : () => {}), [entry])
  return useSyncExternalStore(subscribe, () => {
    const answer = entry?.answer ?? null
    const failure = entry?.failure ?? ''
    if (last.current.answer !== answer || last.current.failure !== failure) last.current = { answer, failure }
    return last.current
  })
}

/** True when no table is being asked for: what tests wait for. */
export function useIdle(): boolean {
  return useSyncExternalStore(
    (changed) => cache.onIdleChange(changed),
    () => cache.idle(),
  )
}
