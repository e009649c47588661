// SPDX-License-Identifier: Apache-2.0
// From calls and gaps of one thread to boxes in the viewport, and from a place
// on screen, or an arrow key, back to a call.
import type { CallsTable, GapsTable, MarksTable } from '../../model/tables.gen'
import { xAt, type Viewport } from './viewport'

/** In CSS pixels from the viewport's left edge; `row` is the table's. */
export type CallBoxes = { count: number; row: Uint32Array; depth: Uint32Array; x: Float64Array; width: Float64Array }
export type GapBox = { row: number; x: number; width: number; lost: boolean; several: boolean }
/** `marks`: height of the strip of marks above the calls; 0 without one. */
export type LaneShape = { rowHeight: number; pad: number; least: number; marks: number }
/** Marks of one event at one pixel; `row` is the first's. */
export type MarkBox = { row: number; x: number; kind: number; count: number }
export type Direction = 'up' | 'down' | 'left' | 'right'

/** Flags of the calls table. */
export const OPEN_START = 1
export const OPEN_END = 2
export const SEVERAL = 4

export const LANE: Record<'open' | 'collapsed', LaneShape> = {
  open: { rowHeight: 17, pad: 5, least: 46, marks: 0 },
  collapsed: { rowHeight: 4, pad: 5, least: 30, marks: 0 },
}
/** The same with a strip of marks. */
const MARKED: Record<'open' | 'collapsed', LaneShape> = {
  open: { ...LANE.open, marks: 14 },
  collapsed: { ...LANE.collapsed, marks: 14 },
}
/** Kinds of the marks table. */
export const MARK_SAMPLES = 0
export const MARK_EVENTS = 1
export const MARK_NOTE = 2
const NEAR_MARK_PX = 4
const HAIRLINE = 0.75
const LEAST_GAP_PX = 2

export const laneShape = (collapsed: boolean, marked: boolean): LaneShape => (marked ? MARKED : LANE)[collapsed ? 'collapsed' : 'open']

export function laneHeight(levels: number, { rowHeight, pad, least, marks }: LaneShape): number {
  return Math.max(least, levels * rowHeight + 2 * pad) + marks
}

/** Tops of lanes stacked with these heights; one more than there are lanes, the last is the height of all. */
export function laneTops(heights: readonly number[]): number[] {
  const tops = [0]
  for (const height of heights) tops.push((tops[tops.length - 1] ?? 0) + height)
  return tops
}

/** First and one past the last lane that touch [top, bottom). */
export function lanesBetween(tops: readonly number[], top: number, bottom: number): { first: number; end: number } {
  const lanes = tops.length - 1
  let first = 0
  while (first < lanes && (tops[first + 1] ?? 0) <= top) first++
  let end = first
  while (end < lanes && (tops[end] ?? 0) < bottom) end++
  return { first, end }
}

/** Number of levels that any call of `thread` reaches. */
export function levelsOf(calls: CallsTable, thread: number): number {
  let levels = 0
  for (let row = 0; row < calls.rows; row++) if (calls.thread[row] === thread) levels = Math.max(levels, (calls.depth[row] ?? 0) + 1)
  return levels
}

/** Boxes of the calls in view. Of calls below a hairline that fall on the same pixel only the first is drawn. */
export function layoutCalls(calls: CallsTable, thread: number, view: Viewport, width: number): CallBoxes {
  const rows: number[] = []
  const xs: number[] = []
  const widths: number[] = []
  const covered: number[] = []
  for (let row = 0; row < calls.rows; row++) {
    if (calls.thread[row] !== thread) continue
    const start = calls.start_ns[row] ?? 0
    const end = calls.end_ns[row] ?? 0
    if (end < view.start || start > view.end) continue
    const depth = calls.depth[row] ?? 0
    const left = Math.max(-1, xAt(view, start, width))
    const right = Math.max(left + HAIRLINE, Math.min(width + 1, xAt(view, end, width)))
    const free = covered[depth] ?? -2
    if (right <= free + HAIRLINE) continue
    covered[depth] = right
    rows.push(row)
    xs.push(left)
    widths.push(right - left)
  }
  const row = Uint32Array.from(rows)
  return {
    count: rows.length,
    row,
    depth: Uint32Array.from(row, (one) => calls.depth[one] ?? 0),
    x: Float64Array.from(xs),
    width: Float64Array.from(widths),
  }
}

/** Boxes of the gaps in view; gaps too narrow to tell apart become one, and lost trace is never hidden by trace that was off. */
export function layoutGaps(gaps: GapsTable, thread: number, view: Viewport, width: number): GapBox[] {
  const boxes: GapBox[] = []
  for (let row = 0; row < gaps.rows; row++) {
    const start = gaps.start_ns[row] ?? 0
    const end = gaps.end_ns[row] ?? 0
    if (gaps.thread[row] !== thread || end < view.start || start > view.end) continue
    const lost = gaps.lost[row] === 1
    const left = Math.max(-LEAST_GAP_PX, xAt(view, start, width))
    const size = Math.min(width + LEAST_GAP_PX, xAt(view, end, width)) - left
    if (!lost && size < LEAST_GAP_PX) continue
    const wide = Math.max(LEAST_GAP_PX, size)
    const before = boxes[boxes.length - 1]
    if (before && before.lost === lost && wide <= LEAST_GAP_PX && left < before.x + before.width) before.several = true
    else boxes.push({ row, x: left, width: wide, lost, several: false })
  }
  return boxes
}

/** Boxes of the marks in view, in the order of the table; those of one kind on one pixel become one. */
export function layoutMarks(marks: MarksTable, thread: number, view: Viewport, width: number): MarkBox[] {
  const boxes: MarkBox[] = []
  const before = new Map<number, MarkBox>()
  for (let row = 0; row < marks.rows; row++) {
    const time = marks.time_ns[row] ?? NaN
    if (marks.thread[row] !== thread || !(time >= view.start && time <= view.end)) continue
    const kind = marks.kind[row] ?? 0
    const x = Math.round(xAt(view, time, width))
    const same = before.get(kind)
    if (same && same.x === x) {
      same.count += marks.count[row] ?? 0
      continue
    }
    const box = { row, x, kind, count: marks.count[row] ?? 0 }
    before.set(kind, box)
    boxes.push(box)
  }
  return boxes
}

/** The mark nearest to x; PT events, which are fewer, before samples. */
export function markUnder(boxes: readonly MarkBox[], x: number): MarkBox | null {
  let best: MarkBox | null = null
  let least = NEAR_MARK_PX
  for (const box of boxes) {
    const away = Math.abs(box.x - x) - (box.kind === MARK_EVENTS ? 1 : 0)
    if (away >= least) continue
    best = box
    least = away
  }
  return best
}

/** Rows of marks in order of time, of these threads and kinds. */
export function marksInOrder(marks: MarksTable, threads: ReadonlySet<number>, shows: (kind: number) => boolean): number[] {
  const rows: number[] = []
  for (let row = 0; row < marks.rows; row++) if (threads.has(marks.thread[row] ?? -1) && shows(marks.kind[row] ?? MARK_NOTE)) rows.push(row)
  return rows.sort((a, b) => (marks.time_ns[a] ?? 0) - (marks.time_ns[b] ?? 0) || a - b)
}

/** Row of the calls table under (x, y) of a lane; -1 when there is none. */
export function callUnder(boxes: CallBoxes, x: number, y: number, { rowHeight, pad, marks }: LaneShape): number {
  const depth = Math.floor((y - marks - pad) / rowHeight)
  let nearest = -1
  let distance = 2
  for (let box = 0; box < boxes.count; box++) {
    if (boxes.depth[box] !== depth) continue
    const left = boxes.x[box] ?? 0
    const right = left + (boxes.width[box] ?? 0)
    const away = x < left ? left - x : x > right ? x - right : 0
    if (away >= distance) continue
    nearest = boxes.row[box] ?? -1
    distance = away
    if (away === 0) break
  }
  return nearest
}

/** Gap under x; lost ones first, for they may lie on others. */
export function gapUnder(boxes: readonly GapBox[], x: number): GapBox | null {
  const under = boxes.filter((box) => x >= box.x - 1 && x <= box.x + box.width + 1)
  return under.find((box) => box.lost) ?? under[0] ?? null
}

/** Row of a call known by its thread, level and start; -1 when it is not in this table. */
export function rowOf(calls: CallsTable, call: { thread: number; depth: number; start_ns: number } | null): number {
  for (let row = 0; call && row < calls.rows; row++)
    if (calls.start_ns[row] === call.start_ns && calls.depth[row] === call.depth && calls.thread[row] === call.thread) return row
  return -1
}

/** Row of the outermost call that begins first in the viewport, or covers it; -1 when there is none. */
export function firstBetween(calls: CallsTable, view: Viewport): number {
  for (let row = 0; row < calls.rows; row++) if ((calls.end_ns[row] ?? 0) > view.start && (calls.start_ns[row] ?? 0) < view.end) return row
  return -1
}

/** Row of the call that an arrow key leads to from `row`: its caller, its first callee that is not over before `near`, the one before or after on its level; -1 when there is none. */
export function stepCall(calls: CallsTable, row: number, direction: Direction, near: number): number {
  const depth = calls.depth[row] ?? 0
  const start = calls.start_ns[row] ?? 0
  const end = calls.end_ns[row] ?? 0
  const level = direction === 'up' ? depth - 1 : direction === 'down' ? depth + 1 : depth
  let best = -1
  for (let other = 0; other < calls.rows; other++) {
    if (calls.thread[other] !== calls.thread[row] || calls.depth[other] !== level || other === row) continue
    const from = calls.start_ns[other] ?? 0
    const to = calls.end_ns[other] ?? 0
    // Rows are in order of their start: forward the first fits, backward the last.
    if (direction === 'up' && from <= start && to >= end) best = other
    if (direction === 'left' && other < row) best = other
    if (direction === 'down' && from >= start && to <= end) {
      if (to > near) return other
      best = other
    }
    if (direction === 'right' && other > row) return other
  }
  return best
}
