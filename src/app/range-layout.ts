// SPDX-License-Identifier: Apache-2.0
// The overview strip in numbers: coverage rows to densities, and what a drag on
// the strip does to the selected range. All times in ns, all places as shares of one.
import type { CoverageTable, GapsTable, SegmentsTable } from '../model/tables.gen'
import type { TimeRange } from '../model/view-state'

/** Per bucket: share of the busiest bucket's traced time, and 1 where trace was lost. */
export type Density = { on: Float64Array; lost: Uint8Array }

export function densityOf(coverage: CoverageTable, buckets: number, thread: number | null): Density {
  const on = new Float64Array(buckets)
  const lost = new Uint8Array(buckets)
  for (let row = 0; row < coverage.rows; row++) {
    const bucket = coverage.bucket[row] ?? 0
    if (bucket >= buckets || (thread !== null && coverage.thread[row] !== thread)) continue
    on[bucket] = (on[bucket] ?? 0) + (coverage.on_ns[row] ?? 0)
    if ((coverage.lost_ns[row] ?? 0) > 0) lost[bucket] = 1
  }
  const most = on.reduce((max, value) => Math.max(max, value), 0)
  return { on: most > 0 ? on.map((value) => value / most) : on, lost }
}

/** Marks losses that take no time, too: an overflow is a moment. */
export function markGaps(density: Density, gaps: GapsTable, thread: number | null, duration: number): Density {
  const buckets = density.lost.length
  const lost = density.lost.slice()
  const bucketOf = (time: number) => Math.min(buckets - 1, Math.max(0, Math.floor((time / duration) * buckets)))
  for (let row = 0; row < gaps.rows; row++) {
    const start = gaps.start_ns[row] ?? NaN
    if (gaps.lost[row] !== 1 || !Number.isFinite(start) || (thread !== null && gaps.thread[row] !== thread)) continue
    lost.fill(1, bucketOf(start), bucketOf(gaps.end_ns[row] ?? start) + 1)
  }
  return { on: density.on, lost }
}

/** Per bucket: how dense trace is that is not decoded yet (bytes per ns, as share of the densest bucket of all trace). */
export function pendingOf(segments: SegmentsTable, buckets: number, duration: number): Float64Array {
  const pending = new Float64Array(buckets)
  const all = new Float64Array(buckets)
  const place = (time: number) => Math.min(buckets, Math.max(0, (time / duration) * buckets))
  for (let row = 0; row < segments.rows; row++) {
    const start = segments.start_ns[row] ?? NaN
    const next = segments.queue[row + 1] === segments.queue[row] && row + 1 < segments.rows ? (segments.start_ns[row + 1] ?? NaN) : duration
    if (!Number.isFinite(start) || !(next > start)) continue
    const [from, to] = [place(start), place(next)]
    const rate = (segments.size[row] ?? 0) / (to - from)
    for (let bucket = Math.floor(from); bucket < to; bucket++) {
      const bytes = rate * (Math.min(to, bucket + 1) - Math.max(from, bucket))
      all[bucket] = (all[bucket] ?? 0) + bytes
      if (segments.merged[row] !== 1) pending[bucket] = (pending[bucket] ?? 0) + bytes
    }
  }
  const most = all.reduce((max, value) => Math.max(max, value), 0)
  return most > 0 ? pending.map((value) => value / most) : pending
}

export type Grip = 'new' | 'start' | 'end' | 'move'

const EDGE_PX = 6

/** What a press at x does: pull an edge, move the range, or begin a new one. */
export function gripAt(x: number, width: number, range: TimeRange | null, duration: number): Grip {
  if (!range || duration <= 0) return 'new'
  const start = (range.start_ns / duration) * width
  const end = (range.end_ns / duration) * width
  const [toStart, toEnd] = [Math.abs(x - start), Math.abs(x - end)]
  if (Math.min(toStart, toEnd) <= EDGE_PX) return toStart < toEnd || (toStart === toEnd && x < start) ? 'start' : 'end'
  return x > start && x < end ? 'move' : 'new'
}

const ordered = (one: number, other: number): TimeRange => ({
  start_ns: Math.floor(Math.min(one, other)),
  end_ns: Math.ceil(Math.max(one, other)),
})

/** The range after a drag from `from` to `to`. */
export function dragRange(grip: Grip, range: TimeRange | null, from: number, to: number, duration: number): TimeRange {
  const inside = Math.min(duration, Math.max(0, to))
  if (!range || grip === 'new') return ordered(Math.min(duration, Math.max(0, from)), inside)
  if (grip === 'start') return ordered(inside, range.end_ns)
  if (grip === 'end') return ordered(range.start_ns, inside)
  return shiftRange(range, to - from, duration)
}

/** Moves a range and keeps its length. */
export function shiftRange({ start_ns, end_ns }: TimeRange, by: number, duration: number): TimeRange {
  const start = Math.min(Math.max(0, start_ns + by), Math.max(0, duration - (end_ns - start_ns)))
  return ordered(start, start + (end_ns - start_ns))
}

/** Three times as long around the same middle; null is the whole trace. */
export function widenRange({ start_ns, end_ns }: TimeRange, duration: number): TimeRange | null {
  const span = end_ns - start_ns
  const next = ordered(Math.max(0, start_ns - span), Math.min(duration, end_ns + span))
  return next.start_ns <= 0 && next.end_ns >= duration ? null : next
}
