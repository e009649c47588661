// SPDX-License-Identifier: Apache-2.0
// Tables as JSON objects under their column names: addresses as hex text,
// unknown numbers and missing rows as null.
import { textAt, type TextColumn } from '../lib/text-column'
import { ALL, tableColumns, type TableName, type Tables } from '../model/tables.gen'

/** The number every --json answer carries; grows when something in it changes its meaning. */
export const JSON_VERSION = 1

export type JsonRow = Record<string, string | number | null>

export function jsonRow<Name extends TableName>(name: Name, table: Tables[Name], row: number): JsonRow {
  const columns = table as unknown as Record<string, ArrayLike<number | bigint> | TextColumn>
  const result: JsonRow = {}
  for (const [key] of tableColumns[name]) {
    const column = columns[key]
    if (!column) continue
    result[key] = 'pool' in column ? textAt(column, row) : jsonNumber(column[row])
  }
  return result
}

export function jsonRows<Name extends TableName>(name: Name, table: Tables[Name]): JsonRow[] {
  return Array.from({ length: table.rows }, (_, row) => jsonRow(name, table, row))
}

function jsonNumber(value: number | bigint | undefined): string | number | null {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`
  if (value === undefined || !Number.isFinite(value) || value === ALL) return null
  return value
}

export const jsonText = (answer: unknown): string => `${JSON.stringify(answer, null, 2)}\n`
