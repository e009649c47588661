// SPDX-License-Identifier: Apache-2.0
// Copies a ptm_table out of the decoder's memory into typed arrays, and lists
// the buffers to transfer with it. Frees nothing.
import type { TextColumn } from '../lib/text-column'
import { tableColumns, type ColumnType, type TableName, type Tables } from '../model/tables.gen'
import { bytesOf, type DecoderExports, type Pointer } from './wasm'

type Numbers = Uint8Array | Uint32Array | Int32Array | BigUint64Array | Float64Array
type Column = Numbers | TextColumn

export const tableNames = Object.keys(tableColumns) as TableName[]

/** The table's number in the C API (enum ptm_table_id). */
export const tableId = (name: TableName): number => tableNames.indexOf(name)

const BYTES: Record<Exclude<ColumnType, 'str'>, number> = { u8: 1, u32: 4, i32: 4, u64: 8, f64: 8 }

/** Room for the columns of one table, handed out piece by piece: a table of one buffer crosses to another thread sooner. */
class Room {
  readonly buffer: ArrayBuffer
  private used = 0

  constructor(bytes: number) {
    this.buffer = new ArrayBuffer(bytes)
  }

  /** Where so many bytes may lie. */
  take(bytes: number): number {
    const at = this.used
    this.used += padded(bytes)
    return at
  }
}

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8

/** Copies `table`; null when its columns are not those this code was made for. `scratch` is 4 writable bytes in the decoder. Borrowed text is valid until the decoder runs again. */
export function copyTable<Name extends TableName>(
  decoder: DecoderExports,
  table: Pointer,
  name: Name,
  scratch: Pointer,
  text: 'copied' | 'borrowed' = 'copied',
): Tables[Name] | null {
  const columns = tableColumns[name]
  if (decoder.ptm_table_columns(table) !== columns.length) return null
  const rows = decoder.ptm_table_rows(table) >>> 0
  const pools = columns.map(([, type], column) => (type === 'str' ? poolOf(decoder, table, column, scratch) : noPool))
  const room = new Room(columns.reduce((sum, [, type], column) => sum + sizeOf(type, rows, text === 'copied' ? (pools[column] ?? noPool) : noPool), 0))
  const copied: Record<string, Column | number> = { rows }
  columns.forEach(([key, type], column) => {
    const at = decoder.ptm_table_data(table, column)
    copied[key] =
      type === 'str'
        ? { offsets: filled(decoder, new Uint32Array(room.buffer, room.take((rows + 1) * BYTES.u32), rows + 1), at), pool: textOf(decoder, pools[column] ?? noPool, text, room) }
        : filled(decoder, numbersIn(room.buffer, room.take(rows * BYTES[type]), type, rows), at)
  })
  // The column list the keys come from is made from the same header as the type.
  return copied as unknown as Tables[Name]
}

/** Where in the decoder the texts of a column lie. */
type Pool = { at: Pointer; length: number }
const noPool: Pool = { at: 0, length: 0 }

function poolOf(decoder: DecoderExports, table: Pointer, column: number, scratch: Pointer): Pool {
  const at = decoder.ptm_table_pool(table, column, scratch) >>> 0
  return { at, length: new DataView(decoder.memory.buffer).getUint32(scratch, true) }
}

/** Room that a column takes. */
const sizeOf = (type: ColumnType, rows: number, pool: Pool): number =>
  type === 'str' ? padded((rows + 1) * BYTES.u32) + padded(pool.length) : padded(rows * BYTES[type])

function textOf(decoder: DecoderExports, { at, length }: Pool, how: 'copied' | 'borrowed', room: Room): Uint8Array {
  if (how === 'borrowed') return bytesOf(decoder.memory).subarray(at, at + length)
  return filled(decoder, new Uint8Array(room.buffer, room.take(length), length), at)
}

function filled<Into extends Numbers>(decoder: DecoderExports, into: Into, at: Pointer): Into {
  const start = at >>> 0
  if (start === 0 || into.byteLength === 0) return into
  new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytesOf(decoder.memory).subarray(start, start + into.byteLength))
  return into
}

function numbersIn(buffer: ArrayBuffer, at: number, type: Exclude<ColumnType, 'str'>, count: number): Numbers {
  switch (type) {
    case 'u8':
      return new Uint8Array(buffer, at, count)
    case 'u32':
      return new Uint32Array(buffer, at, count)
    case 'i32':
      return new Int32Array(buffer, at, count)
    case 'u64':
      return new BigUint64Array(buffer, at, count)
    case 'f64':
      return new Float64Array(buffer, at, count)
  }
}

/** The buffers of a table, to hand over instead of copying them. */
export function tableBuffers<Name extends TableName>(name: Name, table: Tables[Name]): ArrayBuffer[] {
  const columns = table as unknown as Record<string, Column>
  const buffers = tableColumns[name].flatMap(([key]) => {
    const column = columns[key]
    if (!column) return []
    const parts: Numbers[] = 'pool' in column ? [column.offsets, column.pool] : [column]
    return parts.map((part) => part.buffer as ArrayBuffer)
  })
  return Array.from(new Set(buffers))
}

/** A table built in JavaScript: unnamed columns are empty or zero. For tests. */
export function emptyTable<Name extends TableName>(name: Name, rows: number): Tables[Name] {
  const table: Record<string, Column | number> = { rows }
  for (const [key, type] of tableColumns[name]) {
    table[key] = type === 'str' ? { offsets: new Uint32Array(rows + 1), pool: new Uint8Array(0) } : numbersIn(new ArrayBuffer(rows * BYTES[type]), 0, type, rows)
  }
  return table as unknown as Tables[Name]
}
