// SPDX-License-Identifier: Apache-2.0
// Which segment is decoded next, which were tried and which are lost. Pure
// bookkeeping: starts nothing, waits for nothing.
import type { Tables } from '../model/tables.gen'

const MOST_TRIES = 2

export class SegmentQueue {
  /** Segments of the trace, decoded before or not. */
  readonly count: number
  readonly bytesTotal: number
  bytesDone = 0
  private readonly sizes: Float64Array
  private waiting: number[]
  private readonly starts: Float64Array
  /** When the next segment of the same queue starts, as far as known. */
  private readonly ends: Float64Array
  private wanted: { start_ns: number; end_ns: number } | null = null
  private readonly tries = new Map<number, { count: number; by: unknown }>()
  private readonly lost = new Set<number>()

  /** All segments that are not merged yet, earliest first (those without a time in the trace's own order, last). */
  constructor(segments: Tables['segments']) {
    this.count = segments.rows
    this.sizes = segments.size
    this.starts = segments.start_ns
    this.ends = new Float64Array(segments.rows).fill(Number.POSITIVE_INFINITY)
    for (let row = 0; row + 1 < segments.rows; row++)
      if (segments.queue[row] === segments.queue[row + 1]) this.ends[row] = segments.start_ns[row + 1] ?? Number.POSITIVE_INFINITY
    const rows = Array.from({ length: segments.rows }, (_, row) => row)
    this.waiting = rows.filter((row) => segments.merged[row] !== 1)
    const time = (row: number) => {
      const start = segments.start_ns[row] ?? Number.NaN
      return Number.isNaN(start) ? Number.POSITIVE_INFINITY : start
    }
    this.waiting.sort((a, b) => (time(a) === time(b) ? a - b : time(a) - time(b)))
    this.bytesTotal = this.sizes.reduce((sum, size) => sum + size, 0)
    this.bytesDone = this.bytesTotal - this.waiting.reduce((sum, row) => sum + this.size(row), 0)
  }

  /** Segments that hold some of this range (ns since the trace's start) go first from now on; null: in order of time. */
  prefer(range: { start_ns: number; end_ns: number } | null): void {
    this.wanted = range
  }

  /** The next segment for `taker`: one that is preferred, and one it has not failed at itself, if there is. */
  take(taker: unknown): number | null {
    const untried = (segment: number) => this.tries.get(segment)?.by !== taker
    let at = this.wanted ? this.waiting.findIndex((segment) => untried(segment) && this.isWanted(segment)) : -1
    if (at < 0) at = this.waiting.findIndex(untried)
    return this.waiting.splice(Math.max(at, 0), 1)[0] ?? null
  }

  private isWanted(segment: number): boolean {
    const start = this.starts[segment] ?? Number.NaN
    return this.wanted !== null && start < this.wanted.end_ns && !((this.ends[segment] ?? Number.NaN) <= this.wanted.start_ns)
  }

  /** A failed segment: tried once more, then lost. */
  putBack(segment: number, by: unknown): void {
    const count = (this.tries.get(segment)?.count ?? 0) + 1
    this.tries.set(segment, { count, by })
    if (count < MOST_TRIES) this.waiting.unshift(segment)
    else this.lose(segment)
  }

  /** A cancelled segment: still to be decoded another time. */
  forget(segment: number): void {
    this.waiting.unshift(segment)
  }

  decoded(segment: number): void {
    this.bytesDone += this.size(segment)
  }

  lose(segment: number): void {
    this.lost.add(segment)
  }

  failed(): number {
    return this.lost.size
  }

  left(): number {
    return this.waiting.length
  }

  private size(segment: number): number {
    return this.sizes[segment] ?? 0
  }
}
