// SPDX-License-Identifier: Apache-2.0
// A column of strings as one UTF-8 pool and offsets: crosses workers without
// an object per row.

/** Row i is pool[offsets[i] .. offsets[i + 1]); offsets has one more element than the column has rows. */
export type TextColumn = { offsets: Uint32Array; pool: Uint8Array }

const decoder = new TextDecoder()

/** Text of one row; '' for a row that does not exist. */
export function textAt(column: TextColumn, row: number): string {
  const start = column.offsets[row]
  const end = column.offsets[row + 1]
  if (start === undefined || end === undefined) return ''
  return decoder.decode(column.pool.subarray(start, end))
}

/** Builds a column from strings: for tests and for tables made in JavaScript. */
export function textColumn(texts: readonly string[]): TextColumn {
  const encoder = new TextEncoder()
  const parts = texts.map((text) => encoder.encode(text))
  const offsets = new Uint32Array(texts.length + 1)
  parts.forEach((part, row) => (offsets[row + 1] = (offsets[row] ?? 0) + part.length))
  const pool = new Uint8Array(offsets[texts.length] ?? 0)
  parts.forEach((part, row) => pool.set(part, offsets[row]))
  return { offsets, pool }
}
