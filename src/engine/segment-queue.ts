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
  private readonly tries = new Map<number, { count: number; by: unknown }>()
  private readonly lost = new Set<number>()

  /** All segments that are not merged yet, earliest first (those without a time in the trace's own order, last). */
  constructor(segments: Tables['segments']) {
    this.count = segments.rows
    this.sizes = segments.size
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

  /** The next segment for `taker`, preferably one it has not failed at itself. */
  take(taker: unknown): number | null {
    const elsewhere = this.waiting.findIndex((segment) => this.tries.get(segment)?.by !== taker)
    return this.waiting.splice(Math.max(elsewhere, 0), 1)[0] ?? null
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
