// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { makeTable } from '../test-support/make-table'
import { densityOf, dragRange, gripAt, markGaps, pendingOf, shiftRange, widenRange } from './range-layout'

const range = (start_ns: number, end_ns: number) => ({ start_ns, end_ns })

test('coverage becomes densities of all threads or of one', () => {
  const coverage = makeTable('coverage', [
    { thread: 1, bucket: 0, on_ns: 50 },
    { thread: 2, bucket: 0, on_ns: 50 },
    { thread: 1, bucket: 2, on_ns: 25, lost_ns: 3 },
    { thread: 1, bucket: 77, on_ns: 25 },
  ])
  expect([...densityOf(coverage, 4, null).on]).toEqual([1, 0, 0.25, 0])
  expect([...densityOf(coverage, 4, 1).on]).toEqual([1, 0, 0.5, 0])
  expect([...densityOf(coverage, 4, null).lost]).toEqual([0, 0, 1, 0])
  expect([...densityOf(makeTable('coverage', []), 2, null).on]).toEqual([0, 0])
})

test('a loss that takes no time is marked', () => {
  const density = { on: new Float64Array(4), lost: Uint8Array.of(0, 0, 0, 1) }
  const gaps = makeTable('gaps', [
    { thread: 1, start_ns: 10, end_ns: 10, lost: 1 },
    { thread: 2, start_ns: 60, end_ns: 61, lost: 1 },
    { thread: 1, start_ns: 30, end_ns: 40, lost: 0 },
    { thread: 1, start_ns: NaN, end_ns: NaN, lost: 1 },
  ])
  expect([...markGaps(density, gaps, null, 100).lost]).toEqual([1, 0, 1, 1])
  expect([...markGaps(density, gaps, 2, 100).lost]).toEqual([0, 0, 1, 1])
})

test('a press takes an edge, the range or starts anew', () => {
  const grips = [5, 18, 25, 33, 60].map((x) => gripAt(x, 100, range(200, 350), 1000))
  expect(grips).toEqual(['new', 'start', 'start', 'end', 'new'])
  expect(gripAt(50, 100, range(200, 800), 1000)).toBe('move')
  expect(gripAt(50, 100, null, 1000)).toBe('new')
})

test('dragging', () => {
  expect(dragRange('new', null, 700, -50, 1000)).toEqual(range(0, 700))
  expect(dragRange('start', range(200, 400), 200, 500, 1000)).toEqual(range(400, 500))
  expect(dragRange('end', range(200, 400), 400, 5000, 1000)).toEqual(range(200, 1000))
  expect(dragRange('move', range(200, 400), 300, 950, 1000)).toEqual(range(800, 1000))
})

test('moving keeps the length, widening ends at the whole trace', () => {
  expect(shiftRange(range(100, 300), -500, 1000)).toEqual(range(0, 200))
  expect(widenRange(range(400, 500), 1000)).toEqual(range(300, 600))
  expect(widenRange(range(100, 900), 1000)).toBe(null)
})

test('what is not decoded yet is drawn by its bytes', () => {
  const segments = makeTable('segments', [
    { queue: 0, start_ns: 0, size: 100, merged: 1 },
    { queue: 0, start_ns: 50, size: 100, merged: 0 },
    { queue: 1, start_ns: 25, size: 300, merged: 0 },
    { queue: 1, start_ns: NaN, size: 10, merged: 0 },
  ])
  expect([...pendingOf(segments, 4, 100)]).toEqual([0, 0, 1, 1])
  const both = makeTable('segments', [
    { queue: 0, start_ns: 0, size: 100, merged: 0 },
    { queue: 1, start_ns: 50, size: 50, merged: 1 },
  ])
  expect([...pendingOf(both, 4, 100)]).toEqual([0.5, 0.5, 0.5, 0.5])
})
