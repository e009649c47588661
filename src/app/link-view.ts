// SPDX-License-Identifier: Apache-2.0
// A view as a link says it, and back: rows of this decode on one side, names
// that mean the same in every build on the other.
import { textAt } from '../lib/text-column'
import { infoValue } from '../model/names'
import type { Tables } from '../model/tables.gen'
import type { ViewState } from '../model/view-state'
import type { Selected } from '../share/cut-view'
import type { LinkedView, ThreadName } from '../share/permalink'

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
    flame: flameNames(view.flamePath, tables),
    flameAt: flameNames(view.flameAt ?? [], tables),
    zoom: view.timeline && { start: psOf(origin, view.timeline.start_ns), end: psOf(origin, view.timeline.end_ns) },
    folded: view.folded.flatMap((row) => threadName(tables, row) ?? []),
    call: view.call && callThread && { thread: callThread, start: psOf(origin, view.call.start_ns), depth: view.call.depth },
    top: view.top && topThread && { thread: topThread, ordinal: view.top.ordinal },
    packetTop: view.packetTop && { queue: view.packetTop.of, ordinal: view.packetTop.ordinal },
    moment: null,
    details: view.details,
  }
}

/** Steps of a path: functions by their names; threads, where the tree is by thread (-1 - row), as "@pid.tid". */
function flameNames(path: readonly number[], tables: ViewTables): string[] {
  const { functions } = tables
  if (!functions) return []
  return path.map((row) => {
    const thread = row < 0 ? threadName(tables, -1 - row) : null
    return thread ? `@${thread.pid}.${thread.tid}` : textAt(functions.name, Math.max(0, row))
  })
}

function flameThread(name: string, tables: ViewTables): number | null {
  const match = /^@(-?\d+)\.(-?\d+)$/.exec(name)
  return match ? threadRow(tables, { pid: Number(match[1]), tid: Number(match[2]) }) : null
}

/** The path's rows; short where a name is not known. Of several functions of one name the first is taken. */
function flameRows(names: readonly string[], tables: ViewTables): number[] {
  const { functions } = tables
  const rows: number[] = []
  if (!functions || names.length === 0) return rows
  const wanted = new Set(names)
  const found = new Map<string, number>()
  for (let row = 0; row < functions.rows; row++) {
    const name = textAt(functions.name, row)
    if (wanted.has(name) && !found.has(name)) found.set(name, row)
  }
  for (const name of names) {
    const thread = flameThread(name, tables)
    const row = thread === null ? found.get(name) : -1 - thread
    if (row === undefined) break
    rows.push(row)
  }
  return rows
}

/** The instruction that a link of a bundle names, in this trace's rows: the nth at a time in ns. */
export function momentOfLink({ moment }: LinkedView, tables: ViewTables): { thread: number; time_ns: number; nth: number } | null {
  const thread = moment && threadRow(tables, moment.thread)
  return moment && thread !== null ? { thread, time_ns: nsOf(originOf(tables), moment.time), nth: moment.nth } : null
}

/** The instruction that is selected, as a bundle wants it named. */
export function selectedInstruction(view: ViewState, tables: ViewTables): Selected['instruction'] {
  const name = view.instruction && threadName(tables, view.instruction.thread)
  return view.instruction && name && { ...view.instruction, name, origin_ns: originOf(tables) }
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
    flameAt: link.flameAt.length > 0 ? flameRows(link.flameAt, tables) : null,
    timeline: link.zoom && { start_ns: nsOf(origin, link.zoom.start), end_ns: nsOf(origin, link.zoom.end) },
    folded: link.folded.flatMap((name) => threadRow(tables, name) ?? []),
    call: link.call && callThread !== null ? { thread: callThread, start_ns: nsOf(origin, link.call.start), depth: link.call.depth } : null,
    top: link.top && topThread !== null ? { of: topThread, ordinal: link.top.ordinal } : null,
    packetTop: link.packetTop && { of: link.packetTop.queue, ordinal: link.packetTop.ordinal },
    details: link.details,
  }
}
