// SPDX-License-Identifier: Apache-2.0
// Where the jump box leads: a time, the number of an instruction, or an
// address. Answers with a sentence when it leads nowhere.
import { useEffect, useState } from 'react'
import { hexText, secondsText, wholeNs } from '../../lib/exact-text'
import { threadLabel } from '../../model/names'
import { ALL, type BlocksTable, type ThreadsTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { countText, durationText } from '../../widgets/number-text'
import { parseJump } from './layout'

type AddressSearch = { ip: bigint; answer(sentence: string): void }

/** Row of the block that holds `ip` and was visited by `thread`; -1 when there is none. */
export function blockWith(blocks: BlocksTable, thread: number, ip: bigint): number {
  for (let row = 0; row < blocks.rows; row++) {
    const start = blocks.ip[row] ?? 0n
    if (ip < start || ip >= start + BigInt(blocks.size[row] ?? 0)) continue
    const seenBy = blocks.thread[row]
    if ((seenBy === thread || seenBy === ALL) && !Number.isNaN(blocks.first_ordinal[row])) return row
  }
  return -1
}

export function useJump(threads: ThreadsTable, thread: number, start_ns: bigint) {
  const showInstruction = useStore((store) => store.showInstruction)
  const showTime = useStore((store) => store.showTime)
  const [search, setSearch] = useState<AddressSearch | null>(null)
  useAddressSearch(thread, search, () => setSearch(null))

  return async (text: string): Promise<string> => {
    const jump = parseJump(text, start_ns)
    const rows = threads.instructions[thread] ?? 0
    switch (jump.kind) {
      case 'unclear':
        return jump.sentence
      case 'ordinal':
        if (jump.ordinal >= rows)
          return `${threadLabel(threads, thread)} has ${countText(rows)} instructions: the last one is #${countText(rows - 1)}.`
        showInstruction(thread, jump.ordinal)
        return ''
      case 'time': {
        const end = threads.end_ns[thread] ?? NaN
        if (jump.time_ns > end)
          return `The trace of ${threadLabel(threads, thread)} ends at ${durationText(end)} (${secondsText((wholeNs(end) ?? 0n) + start_ns)} s on perf’s clock).`
        await showTime(thread, jump.time_ns)
        return ''
      }
      case 'address':
        return new Promise((answer) => setSearch({ ip: jump.ip, answer }))
    }
  }
}

/** Finds a visit of an address: its block first, then the instruction in the block. */
function useAddressSearch(thread: number, search: AddressSearch | null, done: () => void) {
  const showInstruction = useStore((store) => store.showInstruction)
  const blocks = useTable('blocks', search === null ? null : { thread })
  const row = search !== null && blocks.state === 'ready' ? blockWith(blocks.table, thread, search.ip) : -1
  const first = row < 0 || blocks.state !== 'ready' ? NaN : (blocks.table.first_ordinal[row] ?? NaN)
  const count = row < 0 || blocks.state !== 'ready' ? 0 : (blocks.table.block_instructions[row] ?? 0)
  const visit = useTable('instructions', Number.isNaN(first) ? null : { thread, first, count })

  useEffect(() => {
    if (search === null) return
    const end = (sentence: string) => {
      search.answer(sentence)
      done()
    }
    if (blocks.state === 'failed') end(blocks.sentence)
    else if (visit.state === 'failed') end(visit.sentence)
    else if (blocks.state === 'ready' && row < 0)
      end(`No instruction at ${hexText(search.ip)} was executed by this thread, as far as the trace is decoded.`)
    else if (visit.state === 'ready') {
      const index = visit.table.ip.indexOf(search.ip)
      if (index < 0) end(`${hexText(search.ip)} lies inside an instruction, or the visits seen first left its block before it.`)
      else {
        showInstruction(thread, visit.table.ordinal[index] ?? first)
        end('')
      }
    }
  }, [search, blocks, visit, row, first, thread, showInstruction, done])
}
