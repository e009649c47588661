// SPDX-License-Identifier: Apache-2.0
// What the reader is looking at: one selection and one time range for all
// views. Plain data, so that a link can hold it.

export type Tab = 'flame' | 'timeline' | 'instructions' | 'blocks' | 'packets' | 'files'
export type Weight = 'time' | 'cycles' | 'instructions'
export type Theme = 'system' | 'light' | 'dark'

/** A stretch of the trace in ns since its start; end exclusive. */
export type TimeRange = { start_ns: number; end_ns: number }

/** A row of a list by its number in a thread or queue. */
export type Place = { of: number; ordinal: number }

/** Settings of single views as short texts, each by a name of its own: '' is how the view begins. */
export const detailKeys = [
  'flame.threads',
  'flame.top',
  'flame.event',
  'flame.samples',
  'timeline.top',
  'instructions.clock',
  'instructions.syntax',
  'instructions.columns',
  'instructions.source',
  'blocks.list',
  'blocks.order',
  'blocks.columns',
  'branches.order',
  'branches.columns',
  'branches.at',
  'packets.marked',
  'files.all',
] as const
export type DetailKey = (typeof detailKeys)[number]

export type ViewState = {
  tab: Tab
  /** Row of `threads`; null: all. */
  thread: number | null
  /** null: the whole trace. */
  range: TimeRange | null
  weight: Weight
  search: string
  /** Instruction in view: a thread's row and an ordinal in it. */
  instruction: { thread: number; ordinal: number } | null
  /** Packet in view: a queue's row and an AUX offset. */
  packet: { queue: number; offset: number } | null
  /** Address of the block in view. */
  block: bigint | null
  /** Functions from the root to the zoomed flame; empty: not zoomed. */
  flamePath: number[]
  /** The same to the selected flame; null: none is. */
  flameAt: readonly number[] | null
  /** What the timeline shows, in fractions of ns too; null: the range, or the whole trace. */
  timeline: TimeRange | null
  /** Threads whose lanes are folded. */
  folded: readonly number[]
  /** The call that is selected in the timeline. */
  call: { thread: number; depth: number; start_ns: number } | null
  /** First instruction on screen; `of`: the thread that is listed. */
  top: Place | null
  /** First packet on screen; `of`: the queue that is listed. */
  packetTop: Place | null
  details: Readonly<Partial<Record<DetailKey, string>>>
}

export const initialViewState: ViewState = {
  tab: 'flame',
  thread: null,
  range: null,
  weight: 'time',
  search: '',
  instruction: null,
  packet: null,
  block: null,
  flamePath: [],
  flameAt: null,
  timeline: null,
  folded: [],
  call: null,
  top: null,
  packetTop: null,
  details: {},
}
