// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { makeTable } from '../../test-support/make-table'
import { callAt, callSentence, openNote, refreshCall } from './describe'

const call = { thread: 1, depth: 2, start_ns: 1500, end_ns: 2500, function: 7, instructions: 1200, flags: 0 }
const table = (rows: object[]) =>
  makeTable(
    'calls',
    rows.map((row) => ({ ...call, ...row })),
  )

test('a call in a sentence', () => {
  expect(callSentence(call, 'find', 'matcher 7/9')).toBe(
    'find on matcher 7/9, level 3, starts at 1.5 µs, lasts 1.000 µs, 1,200 instructions',
  )
  expect([0, 1, 2, 3, 4].map(openNote)).toEqual([
    '',
    'at least: it began before the trace or a gap',
    'at least: it was still running at the end or at a gap',
    'at least: began before and was still running after',
    'several short calls drawn as one: zoom in to see each',
  ])
})

test('zoomed in, what was several calls becomes the first of them; zoomed out it stays', () => {
  const several = callAt(table([{ end_ns: 9000, flags: 4, instructions: NaN }]), 0)
  expect(refreshCall(several, table([{ start_ns: 5 }, {}]))).toEqual(call)
  expect(refreshCall(call, table([{ end_ns: 9000, flags: 4 }]))).toBe(call)
  expect(refreshCall(call, table([{ start_ns: 9 }]))).toBe(call)
  expect(refreshCall(call, table([{}]))).toBe(call)
  expect(refreshCall(null, table([{}]))).toBe(null)
})
