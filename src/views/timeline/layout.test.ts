// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { makeTable } from '../../test-support/make-table'
import {
  callUnder,
  gapUnder,
  LANE,
  laneHeight,
  laneShape,
  lanesBetween,
  laneTops,
  layoutCalls,
  layoutGaps,
  layoutMarks,
  levelsOf,
  MARK_EVENTS,
  MARK_SAMPLES,
  marksInOrder,
  markUnder,
  stepCall,
  type Direction,
} from './layout'

const view = { start: 1000, end: 2000 }
const WIDTH = 100

/** One call a line: thread depth start end. */
function callsFromText(text: string) {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => {
      const [thread = 0, depth = 0, start_ns = 0, end_ns = 0] = line.trim().split(/\s+/).map(Number)
      return { thread, depth, start_ns, end_ns }
    })
  return makeTable('calls', rows)
}

/** One gap a line: thread start end lost. */
function gapsFromText(text: string) {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => {
      const [thread = 0, start_ns = 0, end_ns = 0, lost = 0] = line.trim().split(/\s+/).map(Number)
      return { thread, start_ns, end_ns, lost }
    })
  return makeTable('gaps', rows)
}

const calls = callsFromText(`
1 0 0 3000
1 1 1100 1400
1 2 1100 1200
1 2 1250 1400
1 1 1500 1900
1 2 1600 1650
2 0 1000 1500
1 1 2500 2600
`)

test('calls in view become boxes, cut a pixel outside the edges', () => {
  const boxes = layoutCalls(calls, 1, view, WIDTH)
  const text = Array.from(boxes.row, (row, box) => `row ${row} level ${boxes.depth[box]} at ${boxes.x[box]} wide ${boxes.width[box]}`)
  expect(text.join('\n')).toBe(
    `
row 0 level 0 at -1 wide 102
row 1 level 1 at 10 wide 30
row 2 level 2 at 10 wide 10
row 3 level 2 at 25 wide 15
row 4 level 1 at 50 wide 40
row 5 level 2 at 60 wide 5`.trim(),
  )
  expect([1, 2, 3].map((thread) => levelsOf(calls, thread))).toEqual([3, 1, 0])
})

test('calls that share a pixel are drawn once', () => {
  const many = callsFromText(Array.from({ length: 1000 }, (_, index) => `1 0 ${1000 + index} ${1000.5 + index}`).join('\n'))
  const boxes = layoutCalls(many, 1, view, WIDTH)
  expect(boxes.count).toBe(125)
  expect(layoutCalls(many, 1, { start: 1000, end: 1010 }, WIDTH).count).toBe(11)
})

test('a call under the pointer is found, two pixels beside it at most', () => {
  const boxes = layoutCalls(calls, 1, view, WIDTH)
  const under = (x: number, level: number) => callUnder(boxes, x, LANE.open.pad + level * LANE.open.rowHeight + 3, LANE.open)
  expect([under(50, 0), under(11, 1), under(26, 2), under(66.5, 2), under(90, 2), under(50, 7)]).toEqual([0, 1, 3, 5, -1, -1])
})

test('shift and arrows walk from call to call', () => {
  const walk = (row: number, ...way: Direction[]) => way.reduce((at, direction) => stepCall(calls, at, direction, 0), row)
  expect(walk(2, 'up')).toBe(1)
  expect(walk(0, 'down')).toBe(1)
  expect(walk(1, 'down', 'right')).toBe(3)
  expect(walk(3, 'right')).toBe(5)
  expect(walk(4, 'left')).toBe(1)
  expect(walk(0, 'up')).toBe(-1)
  expect(walk(0, 'right')).toBe(-1)
  expect([stepCall(calls, 0, 'down', 1450), stepCall(calls, 0, 'down', 2900)]).toEqual([4, 7])
})

test('lost trace never vanishes; trace that was off does when it is narrow', () => {
  const gaps = gapsFromText(`
1 1000 1200 0
1 1201 1202 0
1 1300 1301 1
1 1310 1311 1
1 1500 1600 1
2 1000 2000 1
`)
  const boxes = layoutGaps(gaps, 1, view, WIDTH)
  expect(
    boxes.map(({ row, x, width, lost, several }) => `row ${row} at ${x} wide ${width}${lost ? ' lost' : ''}${several ? ' several' : ''}`),
  ).toEqual(['row 0 at 0 wide 20', 'row 2 at 30 wide 2 lost several', 'row 4 at 50 wide 10 lost'])
  expect([gapUnder(boxes, 10)?.row, gapUnder(boxes, 31)?.row, gapUnder(boxes, 45)?.row]).toEqual([0, 2, undefined])
})

test('lanes are stacked, and those in view are found', () => {
  expect([laneHeight(0, LANE.open), laneHeight(4, LANE.open), laneHeight(3, LANE.collapsed)]).toEqual([46, 78, 30])
  const tops = laneTops([50, 100, 30])
  expect(tops).toEqual([0, 50, 150, 180])
  expect(lanesBetween(tops, 0, 40)).toEqual({ first: 0, end: 1 })
  expect(lanesBetween(tops, 50, 151)).toEqual({ first: 1, end: 3 })
  expect(lanesBetween(tops, 500, 600)).toEqual({ first: 3, end: 3 })
})

/** One mark a line: thread kind time count. */
function marksFromText(text: string) {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => {
      const [thread = 0, kind = 0, time_ns = 0, count = 0] = line.trim().split(/\s+/).map(Number)
      return { thread, kind, time_ns, count }
    })
  return makeTable('marks', rows)
}

const marks = marksFromText(`
  1 0 1100 1
  1 0 1102 4
  1 1 1100 1
  1 0 1500 1
  2 0 1200 1
  1 0 2500 9`)

test('marks on one pixel are one, samples and events apart, and only those in view', () => {
  const boxes = layoutMarks(marks, 1, view, WIDTH)
  expect(boxes).toEqual([
    { row: 0, x: 10, kind: MARK_SAMPLES, count: 5 },
    { row: 2, x: 10, kind: MARK_EVENTS, count: 1 },
    { row: 3, x: 50, kind: MARK_SAMPLES, count: 1 },
  ])
  // An event is found before the samples it lies on.
  expect([markUnder(boxes, 11)?.row, markUnder(boxes, 48)?.row, markUnder(boxes, 30)]).toEqual([2, 3, null])
})

test('marks of several lanes are stepped through in order of time', () => {
  expect(marksInOrder(marks, new Set([1, 2]), (kind) => kind === MARK_SAMPLES)).toEqual([0, 1, 4, 3, 5])
})

test('a lane with marks is taller, and its calls lie lower', () => {
  const shape = laneShape(false, true)
  expect([laneHeight(4, shape) - laneHeight(4, LANE.open), shape.marks]).toEqual([14, 14])
  const boxes = layoutCalls(callsFromText('1 0 1000 2000'), 1, view, WIDTH)
  expect([callUnder(boxes, 50, 10, shape), callUnder(boxes, 50, 22, shape)]).toEqual([-1, 0])
})
