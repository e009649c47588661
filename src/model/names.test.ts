// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { makeTable } from '../test-support/make-table'
import { colorGroup, colorShade, functionName, infoValues, symbolName, threadLabel, threadsInTime, traceDuration, tracedThreads, whyNoCycles } from './names'

const images = makeTable('images', [{}, { path: '/usr/bin/prog' }, { path: '/lib/libc.so.6' }])
const functions = makeTable('functions', [
  {},
  { name: 'book::Index::find(long)', image: 1 },
  { name: 'book::Index::add<int>(int)', image: 1 },
  { name: 'malloc', image: 2 },
  { name: '', image: 2, address: 0x1a2bn },
  { name: '', image: 2, address: 0n },
])

test('nameless code is called by its binary and address', () => {
  expect([0, 1, 4, 5, 99].map((row) => functionName(functions, images, row))).toEqual([
    '[unknown]',
    'book::Index::find(long)',
    '[libc.so.6+0x1a2b]',
    '[libc.so.6]',
    '[unknown]',
  ])
  expect(functionName(null, null, 1)).toBe('[unknown]')
  const kernel = makeTable('functions', [{}, { image: 1, address: 0n }, { image: 1, address: 0x1a2bn }])
  const kernels = makeTable('images', [{}, { path: '[guest.kernel.kallsyms.77]' }])
  expect([1, 2].map((row) => functionName(kernel, kernels, row))).toEqual(['[guest.kernel.kallsyms.77]', '[guest.kernel.kallsyms.77+0x1a2b]'])
})

test('names of D and Swift are shown demangled, with what the linker or the compiler put behind them', () => {
  const shown = [
    ['_D3std5stdio7writelnFZv', 'std.stdio.writeln()'],
    ['_D3std5stdio7writelnFZv@plt', 'std.stdio.writeln()@plt'],
    ['_D3std5stdio7writelnFZv.part.0', 'std.stdio.writeln() [clone .part.0]'],
    ['$s4main3fooyyF', 'main.foo() -> ()'],
    ['$s4main3fooyyF.resume.0', 'main.foo() -> () with unmangled suffix ".resume.0"'],
  ] as const
  const kept = ['book::Index::find(long)', '_Dsomething', '_TFC4main5Klass3fooFT_T_', '_Dsomething.part.0', 'toString', '']
  const both = makeTable('functions', [{}, ...[...shown.map(([name]) => name), ...kept].map((name) => ({ name, image: 1 }))])
  expect(shown.map((_, at) => functionName(both, images, at + 1))).toEqual(shown.map(([, name]) => name))
  expect(kept.map((_, at) => functionName(both, images, at + 1 + shown.length))).toEqual([...kept.slice(0, -1), '[prog]'])
  expect(shown.map((_, at) => symbolName(both, images, at + 1))).toEqual(shown.map(([name]) => name))
  expect([0, ...kept.keys()].map((at) => symbolName(both, images, at === 0 ? 0 : at + 1 + shown.length))).toEqual(['', '', '', '', '', '', ''])
  expect(symbolName(null, images, 1)).toBe('')
})

test('threads have a name, a process and an id; those without trace are left out', () => {
  const threads = makeTable('threads', [
    { start_ns: NaN },
    { comm: 'matcher', pid: 7, tid: 9, start_ns: 0, instructions: 5 },
    { comm: '', pid: 7, tid: 8, start_ns: NaN },
    { comm: 'init', pid: 1, tid: 1, machine: 77, start_ns: NaN },
    { comm: 'init', pid: 1, tid: 1, machine: 87, start_ns: NaN },
  ])
  const labels = ['unknown thread', 'matcher 7/9', '(no name) 7/8', 'init 1/1 (guest 77)', 'init 1/1 (guest 87)', 'thread 5']
  expect([0, 1, 2, 3, 4, 5].map((row) => threadLabel(threads, row))).toEqual(labels)
  expect(tracedThreads(threads)).toEqual([1])
  const lost = makeTable('threads', [{ start_ns: NaN, gaps: 2 }, { start_ns: NaN, gaps: 1 }, { start_ns: NaN }, { start_ns: NaN, samples: 1 }])
  expect([tracedThreads(lost), threadsInTime(lost)]).toEqual([[], [1, 3]])
})

test('facts by key', () => {
  const info = makeTable('info', [
    { key: 'duration_ns', value: '412800' },
    { key: 'warning', value: 'one' },
    { key: 'warning', value: 'two' },
    { key: 'cycles', value: 'no CYC packets' },
  ])
  expect([traceDuration(info), infoValues(info, 'warning'), whyNoCycles(info)]).toEqual([412800, ['one', 'two'], 'no CYC packets'])
  expect(traceDuration(makeTable('info', [{ key: 'duration_ns', value: '' }]))).toBe(0)
  expect(whyNoCycles(makeTable('info', [{ key: 'cycles', value: 'yes' }]))).toBe('')
})

test('with few binaries a class has a hue, with many a binary has', () => {
  expect(colorGroup(functions, 1)).toBe(colorGroup(functions, 2))
  expect(colorGroup(functions, 1)).not.toBe(colorGroup(functions, 3))
  const many = makeTable('functions', [{}, ...[1, 1, 2, 3, 4].map((image) => ({ name: `f${image}`, image }))])
  expect([0, 1, 2, 3, 4, 5].map((row) => colorGroup(many, row))).toEqual([-1, 0, 0, 1, 2, 3])
})

test('a function has the shade of its name and address, in whatever order functions were found', () => {
  const found = [
    { name: 'malloc', image: 2 },
    { name: '', image: 2, address: 0x1a2bn },
    { name: 'book::Index::find(long)', image: 1 },
  ]
  const otherwise = makeTable('functions', [{}, ...found])
  expect([1, 2, 3].map((row) => colorShade(otherwise, row))).toEqual([3, 4, 1].map((row) => colorShade(functions, row)))
})
