// SPDX-License-Identifier: Apache-2.0
// The call that is selected: kept current as tables come, moved by keys, and
// brought into view. Draws nothing.
import { useCallback, useRef, useState, type RefObject } from 'react'
import type { CallsTable } from '../../model/tables.gen'
import { callAt, refreshCall, type SelectedCall } from './describe'
import { firstBetween, LANE, laneShape, rowOf, stepCall, type Direction } from './layout'
import { fitView, type Viewport } from './viewport'

export type Surroundings = {
  lanes: readonly number[]
  tops: readonly number[]
  collapsed: ReadonlySet<number>
  marked: ReadonlySet<number>
  /** First lane on screen. */
  first: number
  view: Viewport
  setView(view: Viewport): void
  duration: number
  scroller: RefObject<HTMLDivElement | null>
}

/** Scrolls as little as it takes to show the row at `y`. */
function scrollTo(box: HTMLElement, y: number): void {
  if (y < box.scrollTop) box.scrollTop = y
  else if (y + LANE.open.rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = y + LANE.open.rowHeight - box.clientHeight
}

export function useSelectedCall({ lanes, tops, collapsed, marked, first, view, setView, duration, scroller }: Surroundings) {
  const [selected, setSelected] = useState<SelectedCall | null>(null)
  const tables = useRef(new Map<number, CallsTable>())

  const onTable = useCallback((thread: number, calls: CallsTable) => {
    tables.current.set(thread, calls)
    setSelected((old) => (old?.thread === thread ? refreshCall(old, calls) : old))
  }, [])

  /** Selects a call and brings it into view. */
  const choose = (call: SelectedCall) => {
    setSelected(call)
    if (call.end_ns < view.start || call.start_ns > view.end) setView(fitView(call.start_ns, call.end_ns, duration, 2))
    const lane = lanes.indexOf(call.thread)
    const { marks, pad, rowHeight } = laneShape(false, marked.has(call.thread))
    const y = (tops[lane] ?? 0) + marks + pad + call.depth * rowHeight
    if (scroller.current && !collapsed.has(call.thread)) scrollTo(scroller.current, y)
  }

  const step = (direction: Direction) => {
    const thread = selected?.thread ?? lanes[first]
    const calls = thread === undefined ? undefined : tables.current.get(thread)
    if (!calls) return
    const row = rowOf(calls, selected)
    const next = row < 0 ? firstBetween(calls, view) : stepCall(calls, row, direction, view.start)
    if (next >= 0) choose(callAt(calls, next))
  }

  return { selected, setSelected, onTable, step }
}
