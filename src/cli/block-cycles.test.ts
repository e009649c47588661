// SPDX-License-Identifier: Apache-2.0
// The distribution of cycles per block: its sums are those of table `blocks`,
// and for branch stacks its values are those that `script -F brstack` prints.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Session } from '../engine/session'
import { blockKey, spreadOf, spreadsByBlock } from '../model/block-cycles'
import { ALL } from '../model/tables.gen'
import { decodeAll, openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')

async function open(name: string): Promise<Session> {
  const trace = await openTrace(join(fixtures, `${name}.perf.data`), join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const decoded = decodeAll(trace.value.session)
  if (!decoded.ok) throw new Error(decoded.error)
  return trace.value.session
}

type Range = { start_ns?: number; end_ns?: number; thread?: number }

/** Measurements and cycles of each block, as the one and as the other table has them. */
function bothSums(session: Session, range: Range): [Map<string, [number, number]>, Map<string, [number, number]>] {
  const blocks = session.query('blocks', { ...range, count: ALL })
  const cycles = session.query('block_cycles', { ...range, count: ALL })
  if (!blocks.ok || !cycles.ok) throw new Error('a query failed')
  const add = (sums: Map<string, [number, number]>, key: string, count: number, sum: number) => {
    const [counted, summed] = sums.get(key) ?? [0, 0]
    sums.set(key, [counted + count, summed + sum])
  }
  const expected = new Map<string, [number, number]>()
  for (let row = 0; row < blocks.value.rows; row++) {
    const measured = blocks.value.cycle_visits[row] ?? 0
    if (measured > 0)
      add(expected, blockKey(blocks.value.ip[row] ?? 0n, blocks.value.function[row] ?? 0), measured, blocks.value.cycles[row] ?? NaN)
  }
  const found = new Map<string, [number, number]>()
  for (let row = 0; row < cycles.value.rows; row++) {
    const count = cycles.value.count[row] ?? 0
    add(found, blockKey(cycles.value.ip[row] ?? 0n, cycles.value.function[row] ?? 0), count, count * (cycles.value.cycles[row] ?? NaN))
  }
  return [found, expected]
}

test.each(['other/lbr-calls', 'calls-cyc', 'calls-cyc-thresh', 'signals-cyc', 'other/mixed-cyc'])(
  'the distributions of %s add up to what the blocks have',
  async (name) => {
    const session = await open(name)
    const [found, expected] = bothSums(session, {})
    expect(expected.size).toBeGreaterThan(20)
    expect(found).toEqual(expected)
    const info = session.query('threads')
    if (!info.ok) throw new Error(info.error.sentence)
    const end = Math.max(...info.value.end_ns.filter(Number.isFinite))
    const [foundInside, expectedInside] = bothSums(session, { start_ns: Math.round(end * 0.3), end_ns: Math.round(end * 0.7), thread: 1 })
    expect(foundInside).toEqual(expectedInside)
  },
  60_000,
)

test('a source that measures no cycles has no distribution', async () => {
  for (const name of ['other/bts-calls', 'calls-default']) {
    const answer = (await open(name)).query('block_cycles', { count: ALL })
    expect(answer.ok && answer.value.rows).toBe(0)
  }
})

test('one block alone, and no more of the trace than asked for', async () => {
  const session = await open('calls-cyc')
  const all = session.query('block_cycles', { count: ALL })
  if (!all.ok) throw new Error(all.error.sentence)
  const [key, spread] = [...spreadsByBlock(all.value)].sort(([, a], [, b]) => b.count - a.count)[0] ?? ['', null]
  const [ip = '', fn = ''] = key.split('/')
  const ask = (count: number) => {
    const one = session.query('block_cycles', { text: BigInt(ip).toString(16), extra: Number(fn), count })
    if (!one.ok) throw new Error(one.error.sentence)
    return spreadOf(one.value)
  }
  expect(ask(ALL)).toEqual(spread)
  const queues = session.query('queues')
  const some = ask(queues.ok ? (queues.value.aux_bytes[0] ?? 0) * 0.6 : 0)
  expect(some?.count).toBeGreaterThan(0)
  expect(some?.count).toBeLessThan(spread?.count ?? 0)
  expect(session.query('block_cycles', { text: 'main' })).toEqual({ ok: false, error: { sentence: '"main" is no address in hex.' } })
})
