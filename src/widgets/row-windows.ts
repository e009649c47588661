// SPDX-License-Identifier: Apache-2.0
// Rows fetched in windows: which windows a stretch of rows needs, and a cache
// of the ones seen last. Whoever fetches them puts them in; knows no source.
import { useEffect, useMemo, useState } from 'react'

export type RowRange = { first: number; end: number }

/** Rows a window holds; window w is rows w * 256 … w * 256 + 255. */
export const windowRows = 256
/** Windows asked for at once. Window w always sits in slot w % slots, so that scrolling on asks for nothing twice. */
export const windowSlots = 4
const cachedWindows = 64
/** A far jump must stand this long before it is asked for, so that dragging the scroll bar does not queue what nobody looks at. */
const settle_ms = 60

export type WindowPlan = readonly (number | null)[]

const noWindows: WindowPlan = Array.from({ length: windowSlots }, () => null)

/** Windows that `range` needs, by slot; with `ahead` also one on each side. */
export function planWindows(range: RowRange, rowCount: number, ahead: boolean): WindowPlan {
  if (range.end <= range.first || rowCount <= 0) return noWindows
  const last = Math.floor((rowCount - 1) / windowRows)
  const from = Math.max(0, Math.floor(range.first / windowRows) - (ahead ? 1 : 0))
  const to = Math.min(last, Math.floor((range.end - 1) / windowRows) + (ahead ? 1 : 0), from + windowSlots - 1)
  const plan: (number | null)[] = [...noWindows]
  for (let window = from; window <= to; window++) plan[window % windowSlots] = window
  return plan
}

/** The windows seen last, at most `capacity`; the one unused longest goes first. */
export class WindowCache<Table extends { rows: number }> {
  private windows = new Map<number, Table>()

  constructor(private capacity = cachedWindows) {}

  put(window: number, table: Table): void {
    if (this.windows.get(window) === table) return
    this.windows.delete(window)
    this.windows.set(window, table)
    for (const oldest of this.windows.keys()) {
      if (this.windows.size <= this.capacity) return
      this.windows.delete(oldest)
    }
  }

  has(window: number): boolean {
    return this.windows.has(window)
  }

  /** Where `row` is held: its table and the index in it; null when it is not. */
  find(row: number): { table: Table; index: number } | null {
    const window = Math.floor(row / windowRows)
    const table = this.windows.get(window)
    const index = row - window * windowRows
    if (table === undefined || index < 0 || index >= table.rows) return null
    return { table, index }
  }

  /** Marks the windows of `range` as used. */
  touch(range: RowRange): void {
    for (let window = Math.floor(range.first / windowRows); window * windowRows < range.end; window++) {
      const table = this.windows.get(window)
      if (table === undefined) continue
      this.windows.delete(window)
      this.windows.set(window, table)
    }
  }
}

/** True when `to` begins at most one window away from `from`. */
export function isNear(from: RowRange, to: RowRange): boolean {
  return Math.abs(from.first - to.first) <= windowRows
}

/** True when the cache holds every row of `range` below `rowCount`. */
export function holdsRange<Table extends { rows: number }>(cache: WindowCache<Table>, range: RowRange, rowCount: number): boolean {
  const end = Math.min(range.end, rowCount)
  for (let row = range.first; row < end; row += windowRows) if (cache.find(row) === null) return false
  return end <= range.first || cache.find(end - 1) !== null
}

/** What to fetch for the rows on screen: their windows at once (after a far jump when they stand still), the neighbours once they are held. */
export function useWindowPlan(range: RowRange, rowCount: number, isHeld: (range: RowRange) => boolean): WindowPlan {
  const [settled, setSettled] = useState(range)
  const [ahead, setAhead] = useState(false)
  const { first, end } = range
  const wanted = isNear(settled, range) || isHeld(range) ? range : settled
  useEffect(() => {
    const timer = setTimeout(() => setSettled({ first, end }), settle_ms)
    return () => clearTimeout(timer)
  }, [first, end])
  // After every render, because rows arrive with a render.
  useEffect(() => {
    if (isHeld(wanted) !== ahead) setAhead(!ahead)
  })
  return useMemo(() => planWindows({ first: wanted.first, end: wanted.end }, rowCount, ahead), [wanted.first, wanted.end, rowCount, ahead])
}
