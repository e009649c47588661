// SPDX-License-Identifier: Apache-2.0
// The call that is selected: kept current as tables come, moved by keys, and
// brought into view. Draws nothing.
import { useCallback, useRef, useState, type RefObject } from 'react'
import type { CallsTable } from '../../model/tables.gen'
import type { ViewState } from '../../model/view-state'
import { useStore } from '../../store'
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

/** Links name a call's start to a picosecond. */
const SAME_NS = 0.002

/** Row of the call that a link names; -1 when it is not in this table. */
function rowOfLinked(calls: CallsTable, { thread, depth, start_ns }: NonNullable<ViewState['call']>): number {
  for (let row = 0; row < calls.rows; row++)
    if (calls.depth[row] === depth && calls.thread[row] === thread && Math.abs((calls.start_ns[row] ?? 0) - start_ns) < SAME_NS) return row
  return -1
}

export function useSelectedCall({ lanes, tops, collapsed, marked, first, view, setView, duration, scroller }: Surroundings) {
  const linked = useStore((store) => store.view.call)
  const keepView = useStore((store) => store.keepView)
  const [picked, setPicked] = useState<{ call: SelectedCall; linked: ViewState['call'] } | null>(null)
  const tables = useRef(new Map<number, CallsTable>())
  // What the link of another view names goes first, once its table is there.
  const selected = picked !== null && picked.linked === linked ? picked.call : null

  const setSelected = useCallback(
    (call: SelectedCall | null) => {
      const at = call && { thread: call.thread, depth: call.depth, start_ns: call.start_ns }
      setPicked(call && { call, linked: at })
      keepView({ call: at })
    },
    [keepView],
  )

  const onTable = useCallback(
    (thread: number, calls: CallsTable) => {
      tables.current.set(thread, calls)
      setPicked((old) => {
        if (old !== null && old.linked === linked) {
          const call = old.call.thread === thread ? refreshCall(old.call, calls) : old.call
          return call === null || call === old.call ? old : { call, linked }
        }
        const row = linked?.thread === thread ? rowOfLinked(calls, linked) : -1
        return row < 0 ? old : { call: callAt(calls, row), linked }
      })
    },
    [linked],
  )

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
