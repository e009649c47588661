// SPDX-License-Identifier: Apache-2.0
// Numbered rows fetched in windows: which windows a stretch of rows needs, and
// the windows held. Whoever fetches them is asked by plan; knows no source.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { windowOf, windowRows } from '../lib/row-window'

export type RowRange = { first: number; end: number }

/** Windows asked for at once. Window w always sits in slot w % slots, so that scrolling on asks for nothing twice. */
export const windowSlots = 4
const mostHeld = 64
/** A far jump this soon after another must stand this long before it is asked for, so that dragging the scroll bar does not queue what nobody looks at. */
const settle_ms = 60

export type WindowPlan = readonly (number | null)[]

const noWindows: WindowPlan = Array.from({ length: windowSlots }, () => null)

/** Windows that `range` needs, by slot; with `ahead` also one on each side. */
export function planWindows(range: RowRange, rowCount: number, ahead: boolean): WindowPlan {
  if (range.end <= range.first || rowCount <= 0) return noWindows
  const last = windowOf(rowCount - 1)
  const from = Math.max(0, windowOf(range.first) - (ahead ? 1 : 0))
  const to = Math.min(last, windowOf(range.end - 1) + (ahead ? 1 : 0), from + windowSlots - 1)
  const plan: (number | null)[] = [...noWindows]
  for (let window = from; window <= to; window++) plan[window % windowSlots] = window
  return plan
}

/** A table whose rows carry their number. */
export type NumberedTable = { rows: number; ordinal: Float64Array }

/** Windows by number, the ones that came last at the end. `key` says of what. Never changed: another set takes its place. */
export type HeldWindows<Table> = { key: string; windows: ReadonlyMap<number, Table> }

export const holdNothing = <Table>(key: string): HeldWindows<Table> => ({ key, windows: new Map() })

export type WindowAnswer<Table> = { state: 'loading' } | { state: 'failed'; sentence: string } | { state: 'ready'; table: Table }

/** `held` with the answers to `plan`; the same object when they bring nothing new. At most `most` windows, the oldest that nobody asks for go first. */
export function withAnswers<Table extends NumberedTable>(
  held: HeldWindows<Table>,
  plan: WindowPlan,
  answers: readonly WindowAnswer<Table>[],
  most = mostHeld,
): HeldWindows<Table> {
  let windows: Map<number, Table> | null = null
  answers.forEach((answer, slot) => {
    const window = plan[slot] ?? null
    if (window === null || answer.state !== 'ready' || answer.table.ordinal[0] !== window * windowRows) return
    if ((windows ?? held.windows).get(window) === answer.table) return
    windows ??= new Map(held.windows)
    windows.delete(window)
    windows.set(window, answer.table)
  })
  return windows === null ? held : { key: held.key, windows: withoutOldest(windows, plan, most) }
}

function withoutOldest<Table>(windows: Map<number, Table>, plan: WindowPlan, most: number): Map<number, Table> {
  for (const oldest of Array.from(windows.keys())) {
    if (windows.size <= most) break
    if (!plan.includes(oldest)) windows.delete(oldest)
  }
  return windows
}

export type RowPlace<Table> = { table: Table; index: number }

/** Where `row` is held; null when it is not. A row with another number is never taken for it. */
export function findRow<Table extends NumberedTable>(held: HeldWindows<Table>, row: number): RowPlace<Table> | null {
  const window = windowOf(row)
  const table = held.windows.get(window)
  const index = row - window * windowRows
  return table === undefined || index < 0 || index >= table.rows || table.ordinal[index] !== row ? null : { table, index }
}

/** True when every row of `range` below `rowCount` is held. */
export function holdsRange<Table extends NumberedTable>(held: HeldWindows<Table>, range: RowRange, rowCount: number): boolean {
  const end = Math.min(range.end, rowCount)
  for (let row = range.first; row < end; row += windowRows) if (findRow(held, row) === null) return false
  return end <= range.first || findRow(held, end - 1) !== null
}

/** True when `to` begins at most one window away from `from`. */
export function isNear(from: RowRange, to: RowRange): boolean {
  return Math.abs(from.first - to.first) <= windowRows
}

/** Why rows of `range` cannot be shown; '' when none failed. */
export function failureIn<Table>(range: RowRange, plan: WindowPlan, answers: readonly WindowAnswer<Table>[]): string {
  for (const [slot, answer] of answers.entries()) {
    const window = plan[slot] ?? null
    if (window === null || answer.state !== 'failed') continue
    if (window * windowRows < range.end && (window + 1) * windowRows > range.first) return answer.sentence
  }
  return ''
}

/** What to fetch for the rows on screen: their windows at once (after far jumps in quick succession when they stand still), the neighbours once they are held. */
export function useWindowPlan(range: RowRange, rowCount: number, isHeld: (range: RowRange) => boolean): WindowPlan {
  const [settled, setSettled] = useState(range)
  const { first, end } = range
  const lastMove = useRef(Number.NEGATIVE_INFINITY)
  const isFirst = settled.end <= settled.first
  const wanted = isFirst || isNear(settled, range) || isHeld(range) ? range : settled
  useEffect(() => {
    const now = performance.now()
    const isDragged = now - lastMove.current < settle_ms
    lastMove.current = now
    const timer = setTimeout(() => setSettled({ first, end }), isDragged ? settle_ms : 0)
    return () => clearTimeout(timer)
  }, [first, end])
  const ahead = isHeld(wanted)
  return useMemo(() => planWindows({ first: wanted.first, end: wanted.end }, rowCount, ahead), [wanted.first, wanted.end, rowCount, ahead])
}

export type HeldRows<Table> = { find(row: number): RowPlace<Table> | null; failure: string }

/**
 * The rows held around what is on screen, and about `target`: a row that will be
 * soon. `useAnswers` asks for the planned windows, the target's last. Another
 * `key` may number other rows the same: nothing of the old one is kept.
 */
export function useHeldRows<Table extends NumberedTable>(
  key: string,
  range: RowRange,
  rowCount: number,
  target: number | null,
  useAnswers: (plan: WindowPlan) => readonly WindowAnswer<Table>[],
): HeldRows<Table> {
  const [held, setHeld] = useState<HeldWindows<Table>>(() => holdNothing(key))
  const onScreen = useWindowPlan(range, rowCount, (wanted) => holdsRange(held, wanted, rowCount))
  const plan = [...onScreen, target === null ? null : windowOf(target)]
  const answers = useAnswers(plan)
  const now = withAnswers(held.key === key ? held : holdNothing<Table>(key), plan, answers)
  // Set while rendering: what is shown is never older than `now`.
  if (now !== held) setHeld(now)
  const find = useCallback((row: number) => findRow(held, row), [held])
  return { find, failure: failureIn(range, plan, answers) }
}
