// SPDX-License-Identifier: Apache-2.0
// Where the jump box leads: a time, the number of an instruction, or an
// address. Answers with a sentence when it leads nowhere.
import { secondsText, wholeNs } from '../../lib/exact-text'
import { threadLabel } from '../../model/names'
import type { ThreadsTable } from '../../model/tables.gen'
import { showVisit, useStore } from '../../store'
import { countText, durationText } from '../../widgets/number-text'
import { parseJump } from './layout'

export async function jumpTo(text: string, threads: ThreadsTable, thread: number, start_ns: bigint): Promise<string> {
  const { showInstruction, showTime } = useStore.getState()
  const jump = parseJump(text, start_ns)
  const rows = threads.instructions[thread] ?? 0
  const end = threads.end_ns[thread] ?? NaN
  switch (jump.kind) {
    case 'unclear':
      return jump.sentence
    case 'ordinal':
      if (jump.ordinal >= rows)
        return `${threadLabel(threads, thread)} has ${countText(rows)} instructions: the last one is #${countText(rows - 1)}.`
      showInstruction(thread, jump.ordinal)
      return ''
    case 'time':
      if (jump.time_ns > end) {
        const absolute = secondsText((wholeNs(end) ?? 0n) + start_ns)
        return `The trace of ${threadLabel(threads, thread)} ends at ${durationText(end)} (${absolute} s on perf’s clock).`
      }
      await showTime(thread, jump.time_ns)
      return ''
    case 'address':
      return showVisit([thread], jump.ip)
  }
}
