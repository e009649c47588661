// SPDX-License-Identifier: Apache-2.0
// Answers of the engine by request: asked once, kept while someone looks and
// then by least recent use, asked again when the trace's version moves on.
// Knows nothing of React; use-table.ts is its only reader.
import type { EngineError, TableRequest } from '../engine/protocol'
import type { TableName, Tables } from '../model/tables.gen'
import type { Result } from '../lib/result'

export type AnyTable = Tables[TableName]
export type Ask = (table: TableName, request: TableRequest, signal: AbortSignal) => Promise<Result<AnyTable, EngineError>>

/** What is known about one request. `version` is the session's when `table` was asked for. */
export type Entry = {
  readonly key: string
  readonly table: TableName
  readonly request: TableRequest
  answer: AnyTable | null
  failure: string
  version: number
  asking: boolean
  /** Of the question under way: ends it when nobody looks any more. */
  abort: AbortController | null
  watchers: Set<() => void>
}

const MOST_ENTRIES = 96
const MOST_BYTES = 96 * 1024 * 1024
const MOST_AT_ONCE = 4

/** One name for equal requests, whatever the order of their fields. */
export function requestKey(table: TableName, request: TableRequest): string {
  const { thread, queue, flags, start_ns, end_ns, first, count, extra } = request
  return `${table}?${[thread, queue, flags, start_ns, end_ns, first, count, extra].map((value) => value ?? '').join(',')}`
}

function bytesOf(table: AnyTable | null): number {
  let bytes = 0
  for (const column of Object.values(table ?? {})) {
    if (ArrayBuffer.isView(column)) bytes += column.byteLength
    else if (typeof column === 'object') bytes += column.offsets.byteLength + column.pool.byteLength
  }
  return bytes
}

/** Entries are in order of use, the latest last (a Map keeps insertion order). */
export class TableCache {
  private entries = new Map<string, Entry>()
  /** Latest wish last: the newest is asked first, what nobody watches any more is dropped. */
  private waiting: Entry[] = []
  private watched = new Set<Entry>()
  private running = 0
  private version = 0
  private session = 0
  private idleWatchers = new Set<() => void>()
  /** Gives up what was asked ahead and is not answered yet. */
  private stopAhead: () => void = () => undefined

  constructor(private readonly ask: Ask) {}

  /** The entry of a request; touching it makes it the most recently used. */
  entry(table: TableName, request: TableRequest): Entry {
    const key = requestKey(table, request)
    const found = this.entries.get(key)
    const entry = found ?? { key, table, request, answer: null, failure: '', version: -1, asking: false, abort: null, watchers: new Set() }
    this.entries.delete(key)
    this.entries.set(key, entry)
    return entry
  }

  /** Tells `changed` of every change of the entry, and keeps it current until the returned function is called. */
  watch(entry: Entry, changed: () => void): () => void {
    entry.watchers.add(changed)
    this.watched.add(entry)
    if (!this.entries.has(entry.key)) this.entries.set(entry.key, entry)
    this.want(entry)
    return () => {
      entry.watchers.delete(changed)
      if (entry.watchers.size === 0) {
        this.watched.delete(entry)
        entry.abort?.abort()
      }
      this.evict()
    }
  }

  /** Asks for what somebody is about to look at; what was asked ahead before and nobody looks at is given up: that answers null, as a failure does. */
  askAhead(table: TableName, request: TableRequest): Promise<AnyTable | null> {
    const entry = this.entry(table, request)
    const before = this.stopAhead
    return new Promise((resolve) => {
      const finish = () => {
        stop()
        resolve(entry.answer)
      }
      const stop = this.watch(entry, () => {
        if (!entry.asking) finish()
      })
      this.stopAhead = finish
      before()
      if (!entry.asking && this.isCurrent(entry)) finish()
    })
  }

  /** Answers may differ from now on: everything watched is asked again, its old answer stays meanwhile. */
  setVersion(version: number): void {
    if (version === this.version) return
    this.version = version
    for (const entry of this.watched) this.want(entry)
  }

  /** Another trace: forgets every answer, also those under way. */
  clear(): void {
    this.session++
    // Questions about the old trace may never be answered: they do not count.
    this.running = 0
    this.waiting = []
    this.entries.clear()
    for (const entry of this.watched) {
      entry.answer = null
      entry.failure = ''
      entry.version = -1
      entry.asking = false
      entry.abort = null
      this.entries.set(entry.key, entry)
      for (const changed of entry.watchers) changed()
    }
  }

  /** Grows with every clear(). */
  generation(): number {
    return this.session
  }

  idle(): boolean {
    return this.running === 0 && this.waiting.length === 0
  }

  onIdleChange(changed: () => void): () => void {
    this.idleWatchers.add(changed)
    return () => this.idleWatchers.delete(changed)
  }

  private want(entry: Entry): void {
    if (entry.asking || this.isCurrent(entry)) return
    this.waiting = this.waiting.filter((other) => other !== entry && other.watchers.size > 0)
    this.waiting.push(entry)
    this.pump()
  }

  private isCurrent(entry: Entry): boolean {
    return entry.version === this.version && (entry.answer !== null || entry.failure !== '')
  }

  private pump(): void {
    while (this.running < MOST_AT_ONCE) {
      const entry = this.waiting.pop()
      if (!entry) break
      if (entry.watchers.size > 0) void this.run(entry)
    }
    for (const changed of this.idleWatchers) changed()
  }

  private async run(entry: Entry): Promise<void> {
    const { session, version } = this
    entry.asking = true
    const abort = (entry.abort = new AbortController())
    this.running++
    const result = await this.ask(entry.table, entry.request, abort.signal).catch((error: unknown) => ({
      ok: false as const,
      error: { sentence: error instanceof Error ? error.message : String(error) },
    }))
    if (session !== this.session) return
    this.running--
    if (!result.ok && abort.signal.aborted) this.drop(entry)
    else this.settle(entry, version, result)
    this.pump()
  }

  /** The question was given up: as if it had never been asked. */
  private drop(entry: Entry): void {
    entry.asking = false
    entry.abort = null
    if (entry.watchers.size > 0) this.want(entry)
  }

  private settle(entry: Entry, version: number, result: Result<AnyTable, EngineError>): void {
    entry.asking = false
    entry.abort = null
    entry.version = version
    if (result.ok) entry.answer = result.value
    entry.failure = result.ok ? '' : result.error.sentence
    for (const changed of entry.watchers) changed()
    if (entry.watchers.size > 0) this.want(entry)
    this.evict()
  }

  private evict(): void {
    let bytes = 0
    for (const entry of this.entries.values()) bytes += bytesOf(entry.answer)
    for (const entry of this.entries.values()) {
      if (this.entries.size <= MOST_ENTRIES && bytes <= MOST_BYTES) return
      if (entry.watchers.size > 0 || entry.asking) continue
      bytes -= bytesOf(entry.answer)
      this.entries.delete(entry.key)
    }
  }
}
