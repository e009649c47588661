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
  const copied: Record<string, Column | number> = { rows }
  columns.forEach(([key, type], column) => {
    copied[key] = type === 'str' ? copyText(decoder, table, column, rows, scratch, text) : copyNumbers(decoder, table, column, type, rows)
  })
  // The column list the keys come from is made from the same header as the type.
  return copied as unknown as Tables[Name]
}

function copyText(decoder: DecoderExports, table: Pointer, column: number, rows: number, scratch: Pointer, how: 'copied' | 'borrowed'): TextColumn {
  const offsets = new Uint32Array(rows + 1)
  fill(decoder, offsets, decoder.ptm_table_data(table, column))
  const text = decoder.ptm_table_pool(table, column, scratch)
  const length = new DataView(decoder.memory.buffer).getUint32(scratch, true)
  if (how === 'borrowed') return { offsets, pool: bytesOf(decoder.memory).subarray(text >>> 0, (text >>> 0) + length) }
  const pool = new Uint8Array(length)
  fill(decoder, pool, text)
  return { offsets, pool }
}

function copyNumbers(decoder: DecoderExports, table: Pointer, column: number, type: Exclude<ColumnType, 'str'>, rows: number): Numbers {
  const numbers = emptyNumbers(type, rows)
  fill(decoder, numbers, decoder.ptm_table_data(table, column))
  return numbers
}

function fill(decoder: DecoderExports, into: Numbers, at: Pointer): void {
  const start = at >>> 0
  if (start === 0 || into.byteLength === 0) return
  new Uint8Array(into.buffer).set(bytesOf(decoder.memory).subarray(start, start + into.byteLength))
}

function emptyNumbers(type: Exclude<ColumnType, 'str'>, rows: number): Numbers {
  switch (type) {
    case 'u8':
      return new Uint8Array(rows)
    case 'u32':
      return new Uint32Array(rows)
    case 'i32':
      return new Int32Array(rows)
    case 'u64':
      return new BigUint64Array(rows)
    case 'f64':
      return new Float64Array(rows)
  }
}

/** The buffers of a table, to hand over instead of copying them. */
export function tableBuffers<Name extends TableName>(name: Name, table: Tables[Name]): ArrayBuffer[] {
  const columns = table as unknown as Record<string, Column>
  return tableColumns[name].flatMap(([key]) => {
    const column = columns[key]
    if (!column) return []
    const parts: Numbers[] = 'pool' in column ? [column.offsets, column.pool] : [column]
    return parts.map((part) => part.buffer as ArrayBuffer)
  })
}

/** A table built in JavaScript: unnamed columns are empty or zero. For tests. */
export function emptyTable<Name extends TableName>(name: Name, rows: number): Tables[Name] {
  const table: Record<string, Column | number> = { rows }
  for (const [key, type] of tableColumns[name]) {
    table[key] = type === 'str' ? { offsets: new Uint32Array(rows + 1), pool: new Uint8Array(0) } : emptyNumbers(type, rows)
  }
  return table as unknown as Tables[Name]
}
