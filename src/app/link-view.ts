// SPDX-License-Identifier: Apache-2.0
// A view as a link says it, and back: rows of this decode on one side, names
// that mean the same in every build on the other.
import { textAt } from '../lib/text-column'
import { infoValue } from '../model/names'
import type { Tables } from '../model/tables.gen'
import type { ViewState } from '../model/view-state'
import { emptyView, type LinkedView, type ThreadName } from '../share/permalink'

export type ViewTables = { info: Tables['info'] | null; threads: Tables['threads'] | null; functions: Tables['functions'] | null }

function threadName({ threads }: ViewTables, row: number | null): ThreadName | null {
  if (!threads || row === null || row >= threads.rows) return null
  return { pid: threads.pid[row] ?? -1, tid: threads.tid[row] ?? -1 }
}

/** Row of a thread; the last one with its tid when the process is another. */
function threadRow({ threads }: ViewTables, name: ThreadName | null): number | null {
  if (!threads || !name) return null
  for (let row = threads.rows - 1; row >= 0; row--) if (threads.tid[row] === name.tid && threads.pid[row] === name.pid) return row
  const row = threads.tid.lastIndexOf(name.tid)
  return row < 0 ? null : row
}

const originOf = ({ info }: ViewTables): bigint => {
  const text = infoValue(info, 'start_time_ns')
  return /^\d+$/.test(text) ? BigInt(text) : 0n
}

/** ns since the trace's start as ps of perf's clock, and back. */
const psOf = (origin: bigint, ns: number): bigint => origin * 1000n + BigInt(Math.max(0, Math.round(ns * 1000)))
const nsOf = (origin: bigint, ps: bigint): number => Number(ps - origin * 1000n) / 1000

export function linkedView(view: ViewState, tables: ViewTables): LinkedView {
  const origin = originOf(tables)
  const { functions } = tables
  const at = view.instruction && threadName(tables, view.instruction.thread)
  const topThread = view.top && threadName(tables, view.top.of)
  const callThread = view.call && threadName(tables, view.call.thread)
  return {
    tab: view.tab,
    thread: threadName(tables, view.thread),
    range: view.range && {
      start: origin + BigInt(Math.round(view.range.start_ns)),
      end: origin + BigInt(Math.round(view.range.end_ns)),
    },
    weight: view.weight,
    search: view.search,
    instruction: view.instruction && at ? { thread: at, ordinal: view.instruction.ordinal } : null,
    packet: view.packet,
    block: view.block,
    flame: functions ? view.flamePath.map((row) => textAt(functions.name, row)) : emptyView.flame,
    zoom: view.timeline && { start: psOf(origin, view.timeline.start_ns), end: psOf(origin, view.timeline.end_ns) },
    folded: view.folded.flatMap((row) => threadName(tables, row) ?? []),
    call: view.call && callThread && { thread: callThread, start: psOf(origin, view.call.start_ns), depth: view.call.depth },
    top: view.top && topThread && { thread: topThread, ordinal: view.top.ordinal },
    packetTop: view.packetTop && { queue: view.packetTop.of, ordinal: view.packetTop.ordinal },
    details: view.details,
  }
}

/** The functions' rows; short where a name is not known. Of several of one name the first is taken. */
function flameRows(names: readonly string[], { functions }: ViewTables): number[] {
  const rows: number[] = []
  if (!functions || names.length === 0) return rows
  const wanted = new Set(names)
  const found = new Map<string, number>()
  for (let row = 0; row < functions.rows; row++) {
    const name = textAt(functions.name, row)
    if (wanted.has(name) && !found.has(name)) found.set(name, row)
  }
  for (const name of names) {
    const row = found.get(name)
    if (row === undefined) break
    rows.push(row)
  }
  return rows
}

/** What a link says, in this trace's rows; what the trace does not have is left as it is by default. */
export function viewOfLink(link: LinkedView, tables: ViewTables, initial: ViewState): ViewState {
  const origin = originOf(tables)
  const thread = link.instruction ? threadRow(tables, link.instruction.thread) : null
  const topThread = link.top ? threadRow(tables, link.top.thread) : null
  const callThread = link.call ? threadRow(tables, link.call.thread) : null
  return {
    tab: link.tab ?? initial.tab,
    thread: threadRow(tables, link.thread),
    range: link.range && {
      start_ns: Math.max(0, Number(link.range.start - origin)),
      end_ns: Math.max(1, Number(link.range.end - origin)),
    },
    weight: link.weight ?? initial.weight,
    search: link.search,
    instruction: link.instruction && thread !== null ? { thread, ordinal: link.instruction.ordinal } : null,
    packet: link.packet,
    block: link.block,
    flamePath: flameRows(link.flame, tables),
    timeline: link.zoom && { start_ns: nsOf(origin, link.zoom.start), end_ns: nsOf(origin, link.zoom.end) },
    folded: link.folded.flatMap((name) => threadRow(tables, name) ?? []),
    call: link.call && callThread !== null ? { thread: callThread, start_ns: nsOf(origin, link.call.start), depth: link.call.depth } : null,
    top: link.top && topThread !== null ? { of: topThread, ordinal: link.top.ordinal } : null,
    packetTop: link.packetTop && { of: link.packetTop.queue, ordinal: link.packetTop.ordinal },
    details: link.details,
  }
}
