// SPDX-License-Identifier: Apache-2.0
// What one component sees of the table cache: the state of its present request,
// with the last answer it saw. Made once per component; no React in here.
import type { TableRequest } from '../engine/protocol'
import type { TableName, Tables } from '../model/tables.gen'
import { requestKey, type Entry, type TableCache } from './table-cache'
import type { TableState } from './types'

export class TableViewer<Name extends TableName> {
  private key = ''
  private entry: Entry | null = null
  private generation: number
  private shown: Tables[Name] | null = null
  private state: TableState<Name> = { state: 'loading', previous: null }

  constructor(private readonly cache: TableCache) {
    this.generation = cache.generation()
  }

  /** The entry of a request; the same one for equal requests. */
  entryFor(table: Name, request: TableRequest | null): Entry | null {
    const key = request ? requestKey(table, request) : ''
    if (key !== this.key) {
      this.key = key
      this.entry = request && this.cache.entry(table, request)
    }
    return this.entry
  }

  /** The state of an entry; the same object until something changes. */
  look(entry: Entry | null): TableState<Name> {
    if (this.generation !== this.cache.generation()) {
      this.generation = this.cache.generation()
      this.shown = null
    }
    const next = this.stateOf(entry)
    if (!same(this.state, next)) this.state = next
    return this.state
  }

  private stateOf(entry: Entry | null): TableState<Name> {
    if (entry?.failure) return { state: 'failed', sentence: entry.failure }
    // The entry was made from a request for this table.
    const answer = (entry?.answer ?? null) as Tables[Name] | null
    if (!answer) return { state: 'loading', previous: this.shown }
    this.shown = answer
    return { state: 'ready', table: answer }
  }
}

function same<Name extends TableName>(one: TableState<Name>, other: TableState<Name>): boolean {
  if (one.state === 'ready') return other.state === 'ready' && one.table === other.table
  if (one.state === 'failed') return other.state === 'failed' && one.sentence === other.sentence
  return other.state === 'loading' && one.previous === other.previous
}
