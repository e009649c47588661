// SPDX-License-Identifier: Apache-2.0
// What is selected in a trace, said so that it means the same in a bundle of a
// part of it: there ordinals and offsets count from another start. An instruction
// is the n-th of its thread at its time; a packet is so far behind the part's begin.
import type { Tables } from '../model/tables.gen'
import type { Ask } from './make-bundle'
import type { LinkedView, ThreadName } from './permalink'

export type Selected = {
  /** `thread`: row of threads. */
  instruction: { thread: number; ordinal: number; name: ThreadName; origin_ns: bigint } | null
  packet: { queue: number; offset: number } | null
}

const WINDOW = 16_384
/** So many instructions at one time are not looked through. */
const MOST_WINDOWS = 64

/** The n-th instruction at its time; null: it is not there, or too many share the time. */
export async function momentOf(ask: Ask, { thread, ordinal, name, origin_ns }: NonNullable<Selected['instruction']>): Promise<LinkedView['moment']> {
  let time: number | null = null
  for (let end = ordinal + 1, windows = 0; end > 0 && windows < MOST_WINDOWS; windows++) {
    const first = Math.max(0, end - WINDOW)
    const answer = await ask('instructions', { thread, first, count: end - first })
    if (!answer.ok || answer.value.rows === 0) return null
    const { rows, ordinal: ordinals, time_ns } = answer.value
    time ??= time_ns[rows - 1] ?? Number.NaN
    if (Number.isNaN(time)) return null
    for (let row = rows - 1; row >= 0; row--)
      if (time_ns[row] !== time) return { thread: name, time: origin_ns * 1000n + BigInt(Math.round(time * 1000)), nth: ordinal - (ordinals[row] ?? 0) - 1 }
    if (first === 0) return { thread: name, time: origin_ns * 1000n + BigInt(Math.round(time * 1000)), nth: ordinal }
    end = first
  }
  return null
}

/** Where a packet is in the part; null: it is not in it. Queues without data in it do not count there. */
export function packetIn(aux: Tables['cut_aux'], { queue, offset }: NonNullable<Selected['packet']>): { queue: number; offset: number } | null {
  const queues = [...new Set(aux.queue)].toSorted((a, b) => a - b)
  let start: number | null = null
  for (let row = 0; row < aux.rows; row++) {
    if (aux.queue[row] !== queue) continue
    const at = aux.offset[row] ?? 0
    start ??= at
    if (offset >= at && offset < at + (aux.size[row] ?? 0)) return { queue: queues.indexOf(queue), offset: offset - start }
  }
  return null
}
