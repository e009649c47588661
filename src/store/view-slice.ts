// SPDX-License-Identifier: Apache-2.0
// The store's view slice: what the reader is looking at, and the verbs that
// move between views.
import type { StateCreator } from 'zustand'
import { initialViewState, type ViewState } from '../model/view-state'
import { engine } from './engine-access'
import type { Store, ViewActions } from './types'

type ViewSlice = { view: ViewState } & ViewActions

const START_NS_NOT_FIRST = 1

/** Instructions share times, and the answer may begin a little before the time asked for. */
const LOOK_AT = 256

/** Ordinal of the first instruction of `thread` at or after `time_ns`, or else the one the engine found nearest; null when there is none. */
async function ordinalAt(thread: number, time_ns: number): Promise<number | null> {
  const answer = await (await engine()).query('instructions', { thread, flags: START_NS_NOT_FIRST, start_ns: time_ns, count: LOOK_AT })
  if (!answer.ok) return null
  const { rows, ordinal, time_ns: times } = answer.value
  for (let row = 0; row < rows; row++) if ((times[row] ?? 0) >= time_ns) return ordinal[row] ?? null
  return ordinal[0] ?? null
}

export const createViewSlice: StateCreator<Store, [], [], ViewSlice> = (set, get) => {
  const change = (view: Partial<ViewState>) => set((store) => ({ view: { ...store.view, ...view } }))
  // A jump to a thread that the picker hides would show nothing.
  const threadFor = (thread: number) => (get().view.thread === null ? null : thread)
  let jump = 0

  return {
    view: initialViewState,
    setTab: (tab) => change({ tab }),
    setThread: (thread) => change({ thread }),
    // The timeline shows a new range; when one is taken back it stays where it is.
    setRange: (range) => change(range && range.end_ns > range.start_ns ? { range, timeline: null } : { range: null }),
    setWeight: (weight) => change({ weight }),
    setSearch: (search) => change({ search }),
    setFlamePath: (flamePath) => change({ flamePath }),
    keepView: change,
    setDetail: (key, text) => change({ details: { ...get().view.details, [key]: text } }),
    showView: (view) => {
      jump++
      change(view)
    },
    showInstruction: (thread, ordinal) => {
      jump++
      change({ tab: 'instructions', thread: threadFor(thread), instruction: { thread, ordinal }, top: null })
    },
    showTime: async (thread, time_ns) => {
      const mine = ++jump
      const ordinal = await ordinalAt(thread, time_ns)
      if (mine !== jump) return
      change({ tab: 'instructions', thread: threadFor(thread) })
      if (ordinal !== null) change({ instruction: { thread, ordinal }, top: null })
    },
    showPacket: (queue, offset) => change({ tab: 'packets', packet: { queue, offset }, packetTop: null }),
    showBlock: (ip) => change({ tab: 'blocks', block: ip, details: { ...get().view.details, 'blocks.list': '' } }),
  }
}
