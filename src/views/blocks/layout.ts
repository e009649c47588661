// SPDX-License-Identifier: Apache-2.0
// Rows of the `blocks` table in the reader's order: filtering, sorting, and
// the numbers made of two columns. Pure; no React.
import { pathOf, symbolText, type NameTables } from '../../model/places'
import { foundBySymbol, type Matches } from '../../model/search'
import type { BlocksTable } from '../../model/tables.gen'
import type { Weight } from '../../model/view-state'

export type BlockMetric =
  'visits' | 'taken' | 'size' | 'instructions' | 'share' | 'ns' | 'nsPerVisit' | 'cycles' | 'cyclesPerVisit' | 'ipc' | 'measured'
export type BlockColumn = BlockMetric | 'symbol' | 'address' | 'binary'
export type Direction = 'ascending' | 'descending'
export type BlockOrder = { column: BlockColumn; direction: Direction }

const weightColumn: Record<Weight, 'ns' | 'cycles' | 'instructions'> = { time: 'ns', cycles: 'cycles', instructions: 'instructions' }

/** A number of a row; NaN where it is not known. */
export function metric(table: BlocksTable, row: number, name: BlockMetric, weight: Weight): number {
  switch (name) {
    case 'visits':
      return table.visits[row] ?? NaN
    case 'taken':
      return endsInConditional(table.class[row] ?? 0) ? (table.taken[row] ?? NaN) / nonZero(table.visits[row]) : NaN
    case 'size':
      return table.block_instructions[row] ?? NaN
    case 'instructions':
      return table.instructions[row] ?? NaN
    case 'share':
      return table[weightColumn[weight]][row] ?? NaN
    case 'ns':
      return table.ns[row] ?? NaN
    case 'nsPerVisit':
      return (table.ns[row] ?? NaN) / nonZero(table.visits[row])
    case 'cycles':
      return table.cycles[row] ?? NaN
    case 'cyclesPerVisit':
      return (table.cycles[row] ?? NaN) / nonZero(table.cycle_visits[row])
    case 'ipc':
      return (table.cycle_instructions[row] ?? NaN) / nonZero(table.cycles[row])
    case 'measured':
      return table.cycle_visits[row] ?? NaN
  }
}

const nonZero = (value: number | undefined): number => (value !== undefined && value > 0 ? value : NaN)

/** Jcc and LOOP (enum ptm_insn_class): the blocks for which "taken" is a question. */
export const endsInConditional = (insnClass: number): boolean => insnClass === 1 || insnClass === 2

/** Sum over all rows of what shares are shares of. */
export function weightTotal(table: BlocksTable, weight: Weight): number {
  let total = 0
  for (const value of table[weightColumn[weight]]) if (!Number.isNaN(value)) total += value
  return total
}

/** The weight asked for; where that is known of nothing, as time is of BTS, one that is. */
export function knownWeight(table: BlocksTable | null, asked: Weight): Weight {
  const weighs = (weight: Weight) => table !== null && weightTotal(table, weight) > 0
  return weighs(asked) ? asked : ((['instructions', 'cycles', 'time'] as const).find(weighs) ?? asked)
}

/** The largest single row, at least 1: what the longest bar stands for. */
export function weightLargest(table: BlocksTable, weight: Weight): number {
  let largest = 1
  for (const value of table[weightColumn[weight]]) if (value > largest) largest = value
  return largest
}

export const addressOf = (table: BlocksTable, row: number): string => `0x${(table.ip[row] ?? 0n).toString(16)}`

export function symbolOf(table: BlocksTable, row: number, names: NameTables): string {
  return symbolText(names, table.function[row] ?? 0, table.function_offset[row] ?? 0)
}

/** Rows whose symbol, binary or address is searched for. */
export function filterRows(table: BlocksTable, names: NameTables, matches: Matches | null): Uint32Array {
  const rows = Uint32Array.from({ length: table.rows }, (_, row) => row)
  if (matches === null) return rows
  return rows.filter(
    (row) =>
      matches(symbolOf(table, row, names)) ||
      foundBySymbol(matches, names, table.function[row] ?? 0) ||
      matches(pathOf(names.images, table.image[row] ?? 0)) ||
      matches(addressOf(table, row)),
  )
}

/** `rows` in order; what is not known comes last either way, equal rows by address. */
export function sortRows(table: BlocksTable, rows: Uint32Array, order: BlockOrder, names: NameTables, weight: Weight): Uint32Array {
  const sign = order.direction === 'ascending' ? 1 : -1
  const byAddress = (a: number, b: number) => compare(table.ip[a] ?? 0n, table.ip[b] ?? 0n)
  if (order.column === 'address') return rows.slice().sort((a, b) => sign * byAddress(a, b))
  if (order.column === 'symbol' || order.column === 'binary') {
    const texts = textKeys(table, rows, order.column, names)
    return rows.slice().sort((a, b) => sign * compare(texts[a] ?? '', texts[b] ?? '') || byAddress(a, b))
  }
  const { column } = order
  const keys = new Float64Array(table.rows)
  for (const row of rows) keys[row] = metric(table, row, column, weight)
  return rows.slice().sort((a, b) => compareNumbers(keys[a] ?? NaN, keys[b] ?? NaN, sign) || byAddress(a, b))
}

function textKeys(table: BlocksTable, rows: Uint32Array, column: 'symbol' | 'binary', names: NameTables): string[] {
  const texts: string[] = []
  for (const row of rows)
    texts[row] = column === 'symbol' ? symbolText(names, table.function[row] ?? 0, 0) : pathOf(names.images, table.image[row] ?? 0)
  return texts
}

const compare = <Key extends bigint | string>(a: Key, b: Key): number => (a < b ? -1 : a > b ? 1 : 0)

function compareNumbers(a: number, b: number, sign: number): number {
  const unknownA = Number.isNaN(a)
  const unknownB = Number.isNaN(b)
  return unknownA || unknownB ? Number(unknownA) - Number(unknownB) : sign * (a - b)
}

/** The order after a click on a head: numbers begin with the largest, texts with A. */
export function nextOrder(order: BlockOrder, column: BlockColumn): BlockOrder {
  if (order.column === column) return { column, direction: order.direction === 'ascending' ? 'descending' : 'ascending' }
  return { column, direction: column === 'symbol' || column === 'address' || column === 'binary' ? 'ascending' : 'descending' }
}

/** Place of the block at `ip` (or around it) in `rows`; -1 when it is not among them. */
export function placeOfBlock(table: BlocksTable, rows: Uint32Array, ip: bigint): number {
  const exact = rows.findIndex((row) => table.ip[row] === ip)
  if (exact >= 0) return exact
  return rows.findIndex((row) => {
    const start = table.ip[row] ?? 0n
    return ip > start && ip < start + BigInt(table.size[row] ?? 0)
  })
}

/** enum ptm_insn_class in words. */
const classWords = [
  'no branch',
  'conditional branch',
  'loop',
  'jump',
  'call',
  'indirect jump',
  'indirect call',
  'return',
  'far jump',
  'far call',
  'far return',
  'syscall',
  'sysenter',
  'sysret',
  'sysexit',
  'interrupt',
  'iret',
  'uiret',
  'rsm',
  'VM entry',
  'VM call',
]

export const endWord = (insnClass: number): string => classWords[insnClass] ?? 'no branch'
