// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { makeTable } from '../test-support/make-table'
import { blockKey, cycleBars, spreadOf, spreadsByBlock } from './block-cycles'

test('a spread is made of values that were measured', () => {
  const table = makeTable('block_cycles', [
    { ip: 1n, cycles: 3, count: 5 },
    { ip: 1n, cycles: 4, count: 3 },
    { ip: 1n, cycles: 9, count: 1 },
    { ip: 1n, cycles: 900, count: 1 },
    { ip: 2n, cycles: 7, count: 1 },
    { ip: 2n, cycles: 8, count: 1 },
  ])
  expect(spreadsByBlock(table)).toEqual(
    new Map([
      [blockKey(1n, 0), { count: 10, min: 3, median: 3, p90: 9, max: 900 }],
      [blockKey(2n, 0), { count: 2, min: 7, median: 7, p90: 8, max: 8 }],
    ]),
  )
})

test('no measurement has no spread', () => {
  expect(spreadOf(makeTable('block_cycles', []))).toBeNull()
  expect(cycleBars(makeTable('block_cycles', []), 8)).toEqual([])
})

test('the last bar takes what lies far beyond', () => {
  const table = makeTable('block_cycles', [
    { cycles: 10, count: 100 },
    { cycles: 11, count: 200 },
    { cycles: 17, count: 50 },
    { cycles: 5000, count: 1 },
  ])
  expect(cycleBars(table, 4)).toEqual([
    { from: 10, to: 11, count: 300 },
    { from: 12, to: 13, count: 0 },
    { from: 14, to: 15, count: 0 },
    { from: 16, to: 5000, count: 51 },
  ])
})
