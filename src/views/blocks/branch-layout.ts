// SPDX-License-Identifier: Apache-2.0
// Rows of the `branches` table in the reader's order: filtering, sorting and
// the numbers made of two columns. Pure; no React.
import { symbolText, type NameTables } from '../../model/places'
import { foundBySymbol, type Matches } from '../../model/search'
import type { BranchesTable } from '../../model/tables.gen'
import { endsInConditional, endWord, type Direction } from './layout'

export type BranchMetric = 'seen' | 'taken' | 'takenShare' | 'notTaken' | 'mispredicted' | 'missRate' | 'trips' | 'cycles' | 'measured'
export type BranchColumn = BranchMetric | 'from' | 'to' | 'kind'
export type BranchOrder = { column: BranchColumn; direction: Direction }

/** A number of a row; NaN where it is not known or has no meaning. */
export function branchMetric(table: BranchesTable, row: number, name: BranchMetric): number {
  const taken = table.taken[row] ?? NaN
  const notTaken = table.not_taken[row] ?? NaN
  switch (name) {
    case 'seen':
      return taken + (Number.isNaN(notTaken) ? 0 : notTaken)
    case 'taken':
      return taken
    case 'takenShare':
      return taken / (taken + notTaken)
    case 'notTaken':
      return notTaken
    case 'mispredicted':
      return table.mispredicted[row] ?? NaN
    case 'missRate': {
      // Only entries that say how it went count: some say neither.
      const told = (table.mispredicted[row] ?? NaN) + (table.predicted[row] ?? NaN)
      return told > 0 ? (table.mispredicted[row] ?? NaN) / told : NaN
    }
    case 'trips':
      return table.trips[row] ?? NaN
    case 'cycles':
      return table.cycles[row] ?? NaN
    case 'measured':
      return table.cycle_count[row] ?? NaN
  }
}

/** Words for PERF_BR_* of the record, for branches whose code is not known. */
const typeWords = [
  'not known',
  'conditional branch',
  'jump',
  'indirect jump',
  'call',
  'indirect call',
  'return',
  'syscall',
  'sysret',
  'conditional call',
  'conditional return',
  'exception return',
  'interrupt',
  'system error',
  'not in a transaction',
]

export function kindOf(table: BranchesTable, row: number): string {
  const insnClass = table.class[row] ?? 0
  return insnClass > 0 ? endWord(insnClass) : (typeWords[table.type[row] ?? 0] ?? 'not known')
}

/** Whether it closes a loop: a conditional branch back. */
export const closesLoop = (table: BranchesTable, row: number): boolean =>
  endsInConditional(table.class[row] ?? 0) && (table.to[row] ?? 0n) !== 0n && (table.to[row] ?? 0n) <= (table.from[row] ?? 0n)

const hex = (value: bigint | undefined): string => `0x${(value ?? 0n).toString(16)}`

export function fromText(table: BranchesTable, row: number, names: NameTables): string {
  return symbolText(names, table.from_function[row] ?? 0, table.from_offset[row] ?? 0) || hex(table.from[row])
}

export function toText(table: BranchesTable, row: number, names: NameTables): string {
  if ((table.to[row] ?? 0n) === 0n) return 'several places'
  return symbolText(names, table.to_function[row] ?? 0, table.to_offset[row] ?? 0) || hex(table.to[row])
}

/** Rows whose symbols or addresses are searched for. */
export function filterBranches(table: BranchesTable, names: NameTables, matches: Matches | null): Uint32Array {
  const rows = Uint32Array.from({ length: table.rows }, (_, row) => row)
  if (matches === null) return rows
  return rows.filter(
    (row) =>
      matches(fromText(table, row, names)) ||
      matches(toText(table, row, names)) ||
      foundBySymbol(matches, names, table.from_function[row] ?? 0) ||
      foundBySymbol(matches, names, table.to_function[row] ?? 0) ||
      matches(hex(table.from[row])) ||
      matches(hex(table.to[row])),
  )
}

/** `rows` in order; what is not known comes last either way, equal rows stay in the table's order. */
export function sortBranches(table: BranchesTable, rows: Uint32Array, order: BranchOrder, names: NameTables): Uint32Array {
  const sign = order.direction === 'ascending' ? 1 : -1
  const { column } = order
  if (column === 'from' || column === 'to' || column === 'kind') {
    const text = (row: number) =>
      column === 'kind' ? kindOf(table, row) : column === 'from' ? fromText(table, row, names) : toText(table, row, names)
    const keys = new Map(Array.from(rows, (row) => [row, text(row)] as const))
    const key = (row: number) => keys.get(row) ?? ''
    return rows.slice().sort((a, b) => (key(a) === key(b) ? a - b : sign * (key(a) < key(b) ? -1 : 1)))
  }
  const numbers = new Float64Array(table.rows)
  for (const row of rows) numbers[row] = branchMetric(table, row, column)
  return rows.slice().sort((a, b) => {
    const first = numbers[a] ?? NaN
    const second = numbers[b] ?? NaN
    const unknown = Number(Number.isNaN(first)) - Number(Number.isNaN(second))
    return unknown || (Number.isNaN(first) ? 0 : sign * (first - second)) || a - b
  })
}

/** The order after a click on a head: numbers begin with the largest, texts with A. */
export function nextBranchOrder(order: BranchOrder, column: BranchColumn): BranchOrder {
  if (order.column === column) return { column, direction: order.direction === 'ascending' ? 'descending' : 'ascending' }
  return { column, direction: column === 'from' || column === 'to' || column === 'kind' ? 'ascending' : 'descending' }
}

/** Whether any row has a number that only some sources tell. */
export function tellsOf(table: BranchesTable, column: 'missRate' | 'cycles'): boolean {
  for (let row = 0; row < table.rows; row++) if (!Number.isNaN(branchMetric(table, row, column))) return true
  return false
}
