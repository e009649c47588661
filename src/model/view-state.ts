// SPDX-License-Identifier: Apache-2.0
// What the reader is looking at: one selection and one time range for all
// views. Plain data, so that a link can hold it.

export type Tab = 'flame' | 'timeline' | 'instructions' | 'blocks' | 'packets' | 'files'
export type Weight = 'time' | 'cycles' | 'instructions'
export type Theme = 'system' | 'light' | 'dark'

/** A stretch of the trace in ns since its start; end exclusive. */
export type TimeRange = { start_ns: number; end_ns: number }

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
}
