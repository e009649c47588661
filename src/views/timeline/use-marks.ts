// SPDX-License-Identifier: Apache-2.0
// Marks of the window on screen, for all lanes at once: which there are, which
// are shown, and the one that is selected.
import { useMemo, useState } from 'react'
import { textAt } from '../../lib/text-column'
import { traceDuration } from '../../model/names'
import type { MarksTable, ThreadsTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { MARK_EVENTS, MARK_NOTE, MARK_SAMPLES, marksInOrder } from './layout'
import type { WindowRequest } from './viewport'

/** A mark as plain data: outlives the table it came from. */
export type SelectedMark = {
  thread: number
  kind: number
  name: string
  time_ns: number
  last_ns: number
  count: number
  sample: number
  queue: number
  offset: number
  symbol: string
  text: string
}

export type Marks = {
  table: MarksTable | null
  /** Threads whose lanes have a strip of marks. */
  marked: ReadonlySet<number>
  hasSamples: boolean
  hasEvents: boolean
  hidden: ReadonlySet<number>
  toggle(kind: number): void
  /** What is not shown, and why; '' when all is. */
  note: string
}

const WITHOUT_EVENTS = 1
const nothing: ReadonlySet<number> = new Set()

export function markAt(marks: MarksTable, row: number): SelectedMark {
  return {
    thread: marks.thread[row] ?? 0,
    kind: marks.kind[row] ?? 0,
    name: textAt(marks.name, row),
    time_ns: marks.time_ns[row] ?? NaN,
    last_ns: marks.last_ns[row] ?? NaN,
    count: marks.count[row] ?? 0,
    sample: marks.sample[row] ?? 0,
    queue: marks.queue[row] ?? 0,
    offset: marks.offset[row] ?? 0,
    symbol: textAt(marks.symbol, row),
    text: textAt(marks.text, row),
  }
}

/** Row of a mark in a table; -1 when it is not in this one. */
export function markRow(marks: MarksTable | null, mark: SelectedMark | null): number {
  for (let row = 0; marks && mark && row < marks.rows; row++)
    if (marks.thread[row] === mark.thread && marks.kind[row] === mark.kind && marks.time_ns[row] === mark.time_ns && textAt(marks.name, row) === mark.name)
      return row
  return -1
}

/** The next or last mark in time of these lanes; null when there is none. */
export function stepMark(marks: Marks, lanes: readonly number[], from: SelectedMark | null, by: 1 | -1, start_ns: number): SelectedMark | null {
  if (!marks.table) return null
  const rows = marksInOrder(marks.table, new Set(lanes), (kind) => kind !== MARK_NOTE && !marks.hidden.has(kind))
  const at = rows.indexOf(markRow(marks.table, from))
  const time = from?.time_ns ?? start_ns
  const near = at >= 0 ? at + by : by > 0 ? rows.findIndex((row) => (marks.table?.time_ns[row] ?? 0) >= time) : rows.findLastIndex((row) => (marks.table?.time_ns[row] ?? 0) < time)
  const row = rows[near]
  return near < 0 || row === undefined ? null : markAt(marks.table, row)
}

/** The lanes that have PT events; all of them when the trace is too long to look. */
function lanesWithEvents(whole: MarksTable | null, threads: ThreadsTable | null): ReadonlySet<number> {
  const lanes = new Set<number>()
  const tooLong = noteOf(whole) !== ''
  for (let row = 0; tooLong && threads && row < threads.rows; row++) if ((threads.instructions[row] ?? 0) > 0) lanes.add(row)
  for (let row = 0; whole && row < whole.rows; row++) if (whole.kind[row] === MARK_EVENTS) lanes.add(whole.thread[row] ?? 0)
  return lanes
}

function noteOf(table: MarksTable | null): string {
  for (let row = 0; table && row < table.rows; row++) if (table.kind[row] === MARK_NOTE) return textAt(table.text, row)
  return ''
}

export function useMarks(request: WindowRequest | null): Marks {
  const threads = useStore((store) => store.session.threads)
  const decoding = useStore((store) => store.session.status === 'decoding')
  const [hidden, setHidden] = useState<ReadonlySet<number>>(nothing)
  // PT events are decoded again for each question: not while the trace itself still is.
  const state = useTable(
    'marks',
    useMemo(() => request && { ...request, flags: decoding ? WITHOUT_EVENTS : 0 }, [request, decoding]),
  )
  const table = state.state === 'ready' ? state.table : state.state === 'loading' ? state.previous : null
  // Which lanes have a strip is of the whole trace: lanes must not jump while zooming.
  const duration = useStore((store) => traceDuration(store.session.info))
  const wholeState = useTable(
    'marks',
    useMemo(() => (decoding || duration === 0 ? null : { start_ns: 0, end_ns: duration, count: 1 }), [decoding, duration]),
  )
  const whole = wholeState.state === 'ready' ? wholeState.table : null
  const eventLanes = useMemo(() => lanesWithEvents(whole, threads), [whole, threads])
  const sampled = useMemo(() => {
    const rows = new Set<number>()
    for (let row = 0; threads && row < threads.rows; row++) if ((threads.samples[row] ?? 0) > 0) rows.add(row)
    return rows
  }, [threads])
  const marked = useMemo(
    () => new Set([...(hidden.has(MARK_SAMPLES) ? [] : sampled), ...(hidden.has(MARK_EVENTS) ? [] : eventLanes)]),
    [hidden, sampled, eventLanes],
  )
  return {
    table,
    marked,
    hasSamples: sampled.size > 0,
    hasEvents: eventLanes.size > 0,
    hidden,
    note: noteOf(table),
    toggle: (kind) =>
      setHidden((old) => {
        const next = new Set(old)
        if (!next.delete(kind)) next.add(kind)
        return next
      }),
  }
}
