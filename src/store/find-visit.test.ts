// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { ok } from '../lib/result'
import { ALL } from '../model/tables.gen'
import { makeTable } from '../test-support/make-table'
import { findVisit, type AskTable } from './find-visit'

/** A thread that runs a block of one instruction each ns: 0x10 always, but 0x20 at the given times. */
function runs(rare: readonly number[], first_ordinal = NaN): { ask: AskTable; questions: number[] } {
  const questions: number[] = []
  const at = (time: number) => (rare.includes(time) ? 0x20n : 0x10n)
  const ask = async (table: string, { start_ns = 0, end_ns = 0, first = 0, count = 0, flags = 0 }: Record<string, number>) => {
    questions.push(end_ns - start_ns)
    if (table === 'instructions') {
      const from = flags === 1 ? Math.ceil(start_ns) : first
      return ok(
        makeTable(
          'instructions',
          Array.from({ length: Math.min(count, 100_000 - from) }, (_, index) => ({ ordinal: from + index, ip: at(from + index) })),
        ),
      )
    }
    const end = end_ns === 0 ? 100_000 : end_ns
    const has = rare.some((time) => time >= start_ns && time < end)
    const common = { ip: 0x10n, size: 4, instructions: end - start_ns, thread: ALL, first_ordinal: NaN, block_instructions: 1 }
    return ok(makeTable('blocks', has ? [common, { ...common, ip: 0x20n, instructions: 1, first_ordinal }] : [common]))
  }
  return { ask: ask as unknown as AskTable, questions }
}

const question = (ip: bigint) => ({ thread: 1, ip, start_ns: 0, end_ns: 100_000 })
const always = () => true

it('takes the visit that the blocks table knows', async () => {
  const { ask, questions } = runs([777], 777)
  expect(await findVisit(ask, question(0x20n), always)).toEqual(ok(777))
  expect(questions.length).toBe(2)
})
it('finds hot code with the first window', async () => {
  const { ask, questions } = runs([])
  expect(await findVisit(ask, question(0x10n), always)).toEqual(ok(0))
  expect(questions.length).toBe(3)
})
it.each([[0], [98_765], [50_000, 99_999], [99_999]])('finds the first visit among few: %s', async (...times) => {
  const { ask, questions } = runs(times)
  expect(await findVisit(ask, question(0x20n), always)).toEqual(ok(times[0]))
  expect(questions.length).toBeLessThan(25)
})
it('knows what never ran', async () => expect(await findVisit(runs([5]).ask, question(0x30n), always)).toEqual(ok(null)))
it('stops when nobody waits any more', async () => expect(await findVisit(runs([5]).ask, question(0x20n), () => false)).toEqual(ok(null)))
it('says that an address is in the middle', async () =>
  expect(await findVisit(runs([]).ask, question(0x12n), always)).toEqual({
    ok: false,
    error: { sentence: '0x12 lies inside an instruction, or its block was left before it.' },
  }))
