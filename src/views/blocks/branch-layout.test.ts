// SPDX-License-Identifier: Apache-2.0
// Branch rows: the numbers of two columns, what is unknown, order and search.
import { expect, test } from 'vitest'
import { compileSearch } from '../../model/search'
import type { BranchesTable } from '../../model/tables.gen'
import { branchMetric, closesLoop, filterBranches, kindOf, nextBranchOrder, sortBranches, tellsOf, toText } from './branch-layout'

const NaNs = (length: number) => new Float64Array(length).fill(NaN)

/** A loop's jcc (9 of 10 taken, 1 of 4 told wrong), an indirect call, an entry without code. */
const table: BranchesTable = {
  rows: 3,
  from: new BigUint64Array([0x401010n, 0x401020n, 0x500000n]),
  from_function: new Uint32Array(3),
  from_offset: new Float64Array(3),
  to: new BigUint64Array([0x401000n, 0n, 0x600000n]),
  to_function: new Uint32Array(3),
  to_offset: new Float64Array(3),
  class: new Uint8Array([1, 6, 0]),
  type: new Uint8Array([1, 5, 6]),
  taken: new Float64Array([90, 40, 7]),
  not_taken: new Float64Array([10, NaN, NaN]),
  mispredicted: new Float64Array([1, NaN, 0]),
  predicted: new Float64Array([3, NaN, 0]),
  cycles: NaNs(3),
  cycle_count: new Float64Array(3),
  trips: new Float64Array([10, NaN, NaN]),
}
const names = { functions: null, images: null }

test('numbers of two columns, and none where there is nothing to tell', () => {
  expect(branchMetric(table, 0, 'seen')).toBe(100)
  expect(branchMetric(table, 0, 'takenShare')).toBe(0.9)
  expect(branchMetric(table, 0, 'missRate')).toBe(0.25)
  expect(branchMetric(table, 1, 'seen')).toBe(40)
  expect(branchMetric(table, 1, 'takenShare')).toBeNaN()
  // Neither predicted nor mispredicted: the stack does not say, which is not "never".
  expect(branchMetric(table, 2, 'missRate')).toBeNaN()
  expect(tellsOf(table, 'missRate')).toBe(true)
  expect(tellsOf(table, 'cycles')).toBe(false)
})

test('kind and target: from the code, else from the record', () => {
  expect([0, 1, 2].map((row) => kindOf(table, row))).toEqual(['conditional branch', 'indirect call', 'return'])
  expect([0, 1, 2].map((row) => toText(table, row, names))).toEqual(['0x401000', 'several places', '0x600000'])
  expect([0, 1, 2].map((row) => closesLoop(table, row))).toEqual([true, false, false])
})

test('what is not known comes last either way', () => {
  const rows = new Uint32Array([0, 1, 2])
  const order = (column: 'missRate' | 'seen', direction: 'ascending' | 'descending') => [
    ...sortBranches(table, rows, { column, direction }, names),
  ]
  expect(order('seen', 'ascending')).toEqual([2, 1, 0])
  expect(order('missRate', 'ascending')).toEqual([0, 1, 2])
  expect(order('missRate', 'descending')).toEqual([0, 1, 2])
  expect(nextBranchOrder({ column: 'seen', direction: 'descending' }, 'seen').direction).toBe('ascending')
  expect(nextBranchOrder({ column: 'seen', direction: 'descending' }, 'to')).toEqual({ column: 'to', direction: 'ascending' })
})

test('the search looks at both ends', () => {
  const compiled = compileSearch('0x401000')
  expect(compiled.ok && [...filterBranches(table, names, compiled.value)]).toEqual([0])
})
