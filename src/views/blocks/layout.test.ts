// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { compileSearch, type Matches } from '../../model/search'
import { makeTable } from '../../test-support/make-table'
import { endWord, filterRows, knownWeight, metric, nextOrder, placeOfBlock, sortRows, weightTotal, type BlockOrder } from './layout'

const table = makeTable('blocks', [
  {
    ip: 0x401000n,
    size: 8,
    block_instructions: 2,
    function: 1,
    image: 1,
    class: 1,
    visits: 100,
    taken: 25,
    instructions: 200,
    ns: 50,
    cycles: 80,
    cycle_instructions: 100,
    cycle_visits: 40,
  },
  {
    ip: 0x7f0000001000n,
    size: 16,
    block_instructions: 4,
    function: 2,
    function_offset: 8,
    image: 2,
    class: 4,
    visits: 10,
    taken: 10,
    instructions: 40,
    ns: 150,
    cycles: NaN,
    cycle_visits: 0,
  },
  {
    ip: 0x401008n,
    size: 4,
    block_instructions: 1,
    function: 1,
    function_offset: 8,
    image: 1,
    class: 7,
    visits: 100,
    taken: 100,
    instructions: 100,
    ns: 0,
    cycles: 20,
    cycle_instructions: 40,
    cycle_visits: 20,
  },
])
const names = {
  functions: makeTable('functions', [{}, { name: 'lookup', image: 1 }, { name: 'malloc', image: 2 }]),
  images: makeTable('images', [{}, { path: '/usr/bin/book' }, { path: '/usr/lib/libc.so.6' }]),
}
const all = Uint32Array.of(0, 1, 2)
const sorted = (order: BlockOrder) => [...sortRows(table, all, order, names, 'time')]
const search = (text: string): Matches | null => {
  const result = compileSearch(text)
  return result.ok ? result.value : null
}

describe('numbers of a block', () => {
  it('rests IPC on what was measured', () => expect([0, 1, 2].map((row) => metric(table, row, 'ipc', 'time'))).toEqual([1.25, NaN, 2]))
  it('divides cycles by the visits they rest on', () => expect(metric(table, 0, 'cyclesPerVisit', 'time')).toBe(2))
  it('divides time by all visits', () => expect(metric(table, 1, 'nsPerVisit', 'time')).toBe(15))
  it('asks whether it was taken only of conditional branches', () =>
    expect([0, 1].map((row) => metric(table, row, 'taken', 'time'))).toEqual([0.25, NaN]))
  it('divides nothing by no visits', () => {
    const entered = makeTable('blocks', [{ ip: 0x401000n, class: 1, visits: 0, taken: 1, ns: 5 }])
    expect([metric(entered, 0, 'taken', 'time'), metric(entered, 0, 'nsPerVisit', 'time')]).toEqual([NaN, NaN])
  })
  it('shares what the reader weighs by', () =>
    expect([metric(table, 0, 'share', 'instructions'), weightTotal(table, 'instructions'), weightTotal(table, 'cycles')]).toEqual([
      200, 340, 100,
    ]))
})

describe('the weight of shares', () => {
  it('is the one asked for, or one that is known', () => {
    const timeless = makeTable('blocks', [{ ip: 0x401000n, instructions: 7, ns: NaN, cycles: NaN }])
    expect([knownWeight(table, 'time'), knownWeight(timeless, 'time'), knownWeight(timeless, 'cycles'), knownWeight(null, 'cycles')]).toEqual([
      'time',
      'instructions',
      'instructions',
      'cycles',
    ])
  })
})

describe('order', () => {
  it('sorts by number, unknown last in both directions', () => {
    expect(sorted({ column: 'ipc', direction: 'descending' })).toEqual([2, 0, 1])
    expect(sorted({ column: 'ipc', direction: 'ascending' })).toEqual([0, 2, 1])
  })
  it('keeps equal rows by address', () => expect(sorted({ column: 'visits', direction: 'descending' })).toEqual([0, 2, 1]))
  it('sorts addresses as addresses', () => expect(sorted({ column: 'address', direction: 'descending' })).toEqual([1, 2, 0]))
  it('sorts symbols, then addresses', () => expect(sorted({ column: 'symbol', direction: 'ascending' })).toEqual([0, 2, 1]))
  it('begins numbers with the largest and turns on the second click', () => {
    const first = nextOrder({ column: 'ns', direction: 'descending' }, 'visits')
    expect(first).toEqual({ column: 'visits', direction: 'descending' })
    expect(nextOrder(first, 'visits').direction).toBe('ascending')
    expect(nextOrder(first, 'symbol').direction).toBe('ascending')
  })
})

describe('filter', () => {
  it('keeps all without a search', () => expect([...filterRows(table, names, search(''))]).toEqual([0, 1, 2]))
  it('finds symbols', () => expect([...filterRows(table, names, search('LOOK'))]).toEqual([0, 2]))
  it('finds symbols of D by what is shown and by what the symbol table has', () => {
    const ofD = { ...names, functions: makeTable('functions', [{}, { name: '_D4book6lookupFZv', image: 1 }, { name: 'malloc', image: 2 }]) }
    expect(['book.lookup()', '_D4book'].map((text) => [...filterRows(table, ofD, search(text))])).toEqual([[0, 2], [0, 2]])
  })
  it('finds binaries', () => expect([...filterRows(table, names, search('libc.so'))]).toEqual([1]))
  it('finds addresses', () => expect([...filterRows(table, names, search('0x401008'))]).toEqual([2]))
})

describe('placeOfBlock', () => {
  it('finds the block that begins there', () => expect(placeOfBlock(table, all, 0x401008n)).toBe(2))
  it('finds the block around an address', () => expect(placeOfBlock(table, all, 0x401002n)).toBe(0))
  it('does not find others', () => expect(placeOfBlock(table, all, 0x500000n)).toBe(-1))
})

it('says how a block ends', () =>
  expect([0, 1, 6, 99].map(endWord)).toEqual(['no branch', 'conditional branch', 'indirect call', 'no branch']))
