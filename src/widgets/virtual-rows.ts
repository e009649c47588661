// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a table with more rows than a browser can make tall:
// which rows a position shows, and how a scroll bar of bounded height stands
// for it. Knows no DOM.

/**
 * A position is `top`: virtual pixels, row i from i * rowHeight on. Rows may be
 * taller than rowHeight by extraHeight(row); such a row still takes rowHeight
 * of `top`, so positions never depend on rows that nobody has loaded:
 *
 *   top    0 ....... 22 ....... 44 ....... 66     (rowHeight 22)
 *   row    [   0    ][    1    ][    2    ]
 *   screen [   0    ][    1 with a lead-in    ][    2    ]
 */
export type RowGeometry = {
  rowCount: number
  rowHeight: number
  /** Pixels of room for rows. */
  bodyHeight: number
  extraHeight(row: number): number
}

/** Rows on screen: `first` to `end` - 1, the first one pulled up by `shift` pixels. */
export type VisibleRows = { first: number; end: number; shift: number }

/** Tallest scrolled element: browsers cap heights at 16 to 33 million pixels. */
export const maxScrollSpan = 15_000_000

const heightOf = (geometry: RowGeometry, row: number) => geometry.rowHeight + geometry.extraHeight(row)

/** The `top` at which `row` is the lowest whole row; 0 when it fits without scrolling. */
export function topWithLast(geometry: RowGeometry, row: number): number {
  let room = geometry.bodyHeight
  for (let above = row; above >= 0; above--) {
    const height = heightOf(geometry, above)
    if (height > room) return (above + 1 - room / height) * geometry.rowHeight
    room -= height
  }
  return 0
}

/** The largest `top`: the last row stands at the bottom. */
export function lastTop(geometry: RowGeometry): number {
  return topWithLast(geometry, geometry.rowCount - 1)
}

export function clampTop(geometry: RowGeometry, top: number): number {
  return Math.min(Math.max(0, top), lastTop(geometry))
}

export function visibleRows(geometry: RowGeometry, top: number): VisibleRows {
  const first = Math.min(Math.floor(top / geometry.rowHeight), Math.max(0, geometry.rowCount - 1))
  const shift = (top / geometry.rowHeight - first) * heightOf(geometry, first)
  let end = first
  for (let used = -shift; used < geometry.bodyHeight && end < geometry.rowCount; end++) used += heightOf(geometry, end)
  return { first, end, shift }
}

/**
 * Names of the rows on screen, by which their elements are known: while rows are
 * scrolled each keeps its name and its elements; after a jump that leaves no row
 * on screen the new ones take the names of the old: filling elements anew takes
 * half the time of making them.
 */
export class RowNames {
  private first = 0
  private end = 0
  private base = 0

  /** Name of the first of the rows `first` to `end` - 1 that are drawn now; the others are numbered on. */
  nameOfFirst(first: number, end: number): number {
    if (first >= this.end || end <= this.first) this.base += first - this.first
    this.first = first
    this.end = end
    return first - this.base
  }
}

/** `top` moved as little as possible so that `row` is whole on screen. */
export function topToShow(geometry: RowGeometry, top: number, row: number): number {
  return Math.min(row * geometry.rowHeight, Math.max(top, topWithLast(geometry, row)))
}

/** The `top` that puts `row` a third down the screen; the reader sees what led to it. */
export function topToPlace(geometry: RowGeometry, row: number): number {
  return clampTop(geometry, row * geometry.rowHeight - Math.floor(geometry.bodyHeight / 3 / geometry.rowHeight) * geometry.rowHeight)
}

/** Pixels the scroll bar travels for a largest `top`. */
export const scrollSpan = (last: number): number => Math.min(last, maxScrollSpan)

export const isScaled = (last: number): boolean => last > maxScrollSpan

export function topOfScroll(scroll: number, last: number): number {
  return isScaled(last) ? (scroll / maxScrollSpan) * last : scroll
}

export function scrollOfTop(top: number, last: number): number {
  return isScaled(last) ? (top / last) * maxScrollSpan : top
}

/** Rows between two ends of a selection: the anchor stays, the active end moves. */
export type RowSelection = { anchor: number; active: number }

export const selectionStart = (selection: RowSelection): number => Math.min(selection.anchor, selection.active)
export const selectionEnd = (selection: RowSelection): number => Math.max(selection.anchor, selection.active) + 1

/** The row a key moves to from `row`; null when the key does not move. */
export function rowOfKey(key: string, row: number, rowCount: number, pageRows: number): number | null {
  const steps: Record<string, number> = {
    ArrowUp: row - 1,
    ArrowDown: row + 1,
    PageUp: row - Math.max(1, pageRows - 1),
    PageDown: row + Math.max(1, pageRows - 1),
    Home: 0,
    End: rowCount - 1,
  }
  const next = steps[key]
  if (next === undefined || rowCount === 0) return null
  return Math.min(Math.max(0, next), rowCount - 1)
}
