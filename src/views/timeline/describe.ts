// SPDX-License-Identifier: Apache-2.0
// What is said about a call of the timeline, in facts and in a sentence.
import type { CallsTable, GapsTable } from '../../model/tables.gen'
import type { Fact } from '../../widgets/Facts'
import { countText, durationText, timeText } from '../../widgets/number-text'
import { OPEN_END, OPEN_START, rowOf, SEVERAL } from './layout'

export type FunctionNames = {
  nameOf(fn: number): string
  groupOf(fn: number): number
  shadeOf(fn: number): number
  imagePathOf(fn: number): string
  gapText(gaps: GapsTable, row: number): string
}

/** A call as plain data: outlives the table it came from. */
export type SelectedCall = {
  thread: number
  depth: number
  start_ns: number
  end_ns: number
  function: number
  instructions: number
  flags: number
}

export function callAt(calls: CallsTable, row: number): SelectedCall {
  return {
    thread: calls.thread[row] ?? 0,
    depth: calls.depth[row] ?? 0,
    start_ns: calls.start_ns[row] ?? 0,
    end_ns: calls.end_ns[row] ?? 0,
    function: calls.function[row] ?? 0,
    instructions: calls.instructions[row] ?? NaN,
    flags: calls.flags[row] ?? 0,
  }
}

/** The selected call as a newer table knows it: zoomed in, several calls drawn as one become one. */
export function refreshCall(selected: SelectedCall | null, calls: CallsTable): SelectedCall | null {
  const row = rowOf(calls, selected)
  if (!selected || row < 0) return selected
  const now = callAt(calls, row)
  const coarser = (now.flags & SEVERAL) > (selected.flags & SEVERAL)
  const same = now.end_ns === selected.end_ns && now.flags === selected.flags && Object.is(now.instructions, selected.instructions)
  return coarser || same ? selected : now
}

/** What the flags mean for the duration; '' when it is exact. */
export function openNote(flags: number): string {
  if (flags & SEVERAL) return 'several short calls drawn as one: zoom in to see each'
  if (flags & OPEN_START && flags & OPEN_END) return 'at least: began before and was still running after'
  if (flags & OPEN_START) return 'at least: it began before the trace or a gap'
  return flags & OPEN_END ? 'at least: it was still running at the end or at a gap' : ''
}

export function callFacts(calls: CallsTable, row: number): Fact[] {
  const call = callAt(calls, row)
  const note = openNote(call.flags)
  const facts: Fact[] = [
    { name: 'Start', value: timeText(call.start_ns) },
    { name: 'Duration', value: durationText(call.end_ns - call.start_ns) },
  ]
  if (Number.isFinite(call.instructions)) facts.push({ name: 'Instructions', value: countText(call.instructions) })
  if (note) facts.push({ name: 'Note', value: note })
  return facts
}

export function callSentence(call: SelectedCall, name: string, thread: string): string {
  const instructions = Number.isFinite(call.instructions) ? `, ${countText(call.instructions)} instructions` : ''
  return `${name} on ${thread}, level ${call.depth + 1}, starts at ${timeText(call.start_ns)}, lasts ${durationText(call.end_ns - call.start_ns)}${instructions}`
}
