// SPDX-License-Identifier: Apache-2.0
// The verb that leads to an execution of an address: looks in the given
// threads, one after the other, and shows what it finds.
import { engine } from './engine-access'
import { findVisit } from './find-visit'
import { useStore } from './store'

let latest = 0

/** Shows an execution of `ip` in the first of `threads` that ran it; '' then, else the sentence why not. A later call takes over. */
export async function showVisit(threads: readonly number[], ip: bigint): Promise<string> {
  const mine = ++latest
  const isWanted = () => mine === latest
  const from = await engine()
  for (const thread of threads) {
    const table = useStore.getState().session.threads
    const span = { start_ns: table?.start_ns[thread] ?? 0, end_ns: table?.end_ns[thread] ?? 0 }
    const found = await findVisit((name, request) => from.query(name, request), { thread, ip, ...span }, isWanted)
    if (!isWanted()) return ''
    if (!found.ok) return found.error.sentence
    if (found.value === null) continue
    useStore.getState().showInstruction(thread, found.value)
    return ''
  }
  return `No instruction at 0x${ip.toString(16)} was executed ${threads.length === 1 ? 'by this thread' : 'by any thread'}, as far as the trace is decoded.`
}
