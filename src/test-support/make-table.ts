// SPDX-License-Identifier: Apache-2.0
// Makes tables in JavaScript from rows or columns, for tests and the demo engine.
import { textColumn } from '../lib/text-column'
import { tableColumns, type ColumnType, type TableName, type Tables } from '../model/tables.gen'

type Value = number | bigint | string
type Row = Record<string, Value>

function column(type: ColumnType, values: readonly (Value | undefined)[]): unknown {
  const numbers = () => values.map((value) => Number(value ?? 0))
  switch (type) {
    case 'u8':
      return Uint8Array.from(numbers())
    case 'u32':
      return Uint32Array.from(numbers())
    case 'i32':
      return Int32Array.from(numbers())
    case 'f64':
      return Float64Array.from(numbers())
    case 'u64':
      return BigUint64Array.from(values.map((value) => BigInt(value ?? 0)))
    case 'str':
      return textColumn(values.map((value) => String(value ?? '')))
  }
}

/** A table of these rows; columns a row leaves out are 0 or ''. */
export function makeTable<Name extends TableName>(name: Name, rows: readonly Row[]): Tables[Name] {
  const columns = tableColumns[name].map(([id, type]) => [
    id,
    column(
      type,
      rows.map((row) => row[id]),
    ),
  ])
  return { rows: rows.length, ...Object.fromEntries(columns) } as Tables[Name]
}
