// SPDX-License-Identifier: Apache-2.0
// For tests: the decoder's exports written in JavaScript over a real
// WebAssembly memory, answering with tables that a test gives. Decodes nothing.
import { tableColumns, type TableName } from '../model/tables.gen'
import type { TextColumn } from '../lib/text-column'
import { tableNames } from './columns'
import type { DecoderExports, Pointer } from './wasm'

type FakeTable = { name: TableName; columns: (Pointer | { offsets: Pointer; pool: Pointer; bytes: number })[]; rows: number }
type Columns = Record<string, ArrayBufferView | TextColumn | number>

export type FakeDecoder = DecoderExports & {
  /** What ptm_query answers with, by table; PTM_MORE `more` times before. */
  tables: Map<TableName, Columns>
  more: number
  message: string
  /** The bytes of the last request. */
  request: DataView
  /** Addresses handed out by malloc and not freed. */
  allocated: Set<Pointer>
}

/** Overrides replace single exports. */
export function fakeDecoder(overrides: Partial<DecoderExports> = {}): FakeDecoder {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const made: FakeTable[] = []
  let top = 1024
  const malloc = (bytes: number): Pointer => {
    const at = top
    top += (bytes + 15) & ~15
    const missing = top - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / 65536))
    fake.allocated.add(at)
    return at
  }
  const put = (bytes: Uint8Array): Pointer => {
    const at = malloc(bytes.length)
    fake.allocated.delete(at)
    new Uint8Array(memory.buffer).set(bytes, at)
    return at
  }
  const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  const lay = (name: TableName, columns: Columns): FakeTable => ({
    name,
    rows: Number(columns['rows']),
    columns: tableColumns[name].map(([key]) => {
      const column = columns[key]
      if (column === undefined || typeof column === 'number') throw new Error(`no column ${key}`)
      if (!('pool' in column)) return put(bytesOf(column))
      return { offsets: put(bytesOf(column.offsets)), pool: put(column.pool), bytes: column.pool.length }
    }),
  })
  const fake: FakeDecoder = {
    tables: new Map(),
    more: 0,
    message: '',
    request: new DataView(new ArrayBuffer(48)),
    allocated: new Set(),
    memory,
    malloc,
    free: (at) => void fake.allocated.delete(at),
    sbrk: () => memory.buffer.byteLength,
    ptm_session_new: () => 8,
    ptm_session_free: () => undefined,
    ptm_session_message: () => put(new TextEncoder().encode(`${fake.message}\0`)),
    ptm_session_add_data: () => 0,
    ptm_session_open: () => 0,
    ptm_session_add_image: () => 0,
    ptm_session_add_lines: () => 0,
    ptm_session_segments: () => 1,
    // NOT_FOUND
    ptm_session_segment_place: () => 8,
    ptm_session_without_ranges: () => undefined,
    ptm_decode_start: () => 0,
    ptm_decode_step: () => 1,
    ptm_decode_part: () => 0,
    ptm_session_merge: () => 0,
    ptm_session_clock_breaks: () => 0,
    ptm_session_instructions: () => 0,
    ptm_session_segment_bytes: () => undefined,
    ptm_session_exact_clocks: () => undefined,
    ptm_session_add_guest: () => 0,
    ptm_session_add_guest_data: () => 0,
    ptm_session_guest_code: () => undefined,
    ptm_session_guest_files: () => undefined,
    ptm_query: (_session, request, answer) => {
      fake.request = new DataView(memory.buffer.slice(request, request + 48))
      if (fake.more-- > 0) return 2
      const name = tableNames[fake.request.getUint32(0, true)]
      const columns = name && fake.tables.get(name)
      if (!name || !columns) return 10
      made.push(lay(name, columns))
      new DataView(memory.buffer).setUint32(answer, made.length, true)
      return 0
    },
    ptm_table_free: () => undefined,
    ptm_table_rows: (table) => made[table - 1]?.rows ?? 0,
    ptm_table_columns: (table) => made[table - 1]?.columns.length ?? 0,
    ptm_table_data: (table, column) => {
      const at = made[table - 1]?.columns[column]
      return typeof at === 'object' ? at.offsets : (at ?? 0)
    },
    ptm_table_pool: (table, column, length) => {
      const at = made[table - 1]?.columns[column]
      if (typeof at !== 'object') return 0
      new DataView(memory.buffer).setUint32(length, at.bytes, true)
      return at.pool
    },
    ...overrides,
  }
  return fake
}
