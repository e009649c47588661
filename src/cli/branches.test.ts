// SPDX-License-Identifier: Apache-2.0
// The branches table of a PT trace against the stream that `script` prints:
// every branch as often, taken and not taken, with the real decoder.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCommand } from './args'
import { optionsText } from './script'
import { decodeAll, openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')

test('branches are counted as script prints them', async () => {
  const trace = await openTrace(join(fixtures, 'calls-cyc.perf.data'), join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const { session } = trace.value
  const decoded = decodeAll(session)
  if (!decoded.ok) throw new Error(decoded.error)
  const executed = new Map<bigint, number>()
  const taken = new Map<bigint, number>()
  const command = parseCommand(['script', 'calls-cyc.perf.data', '--itrace=bi0ns', '-F', 'event,ip'])
  if (!command.ok || command.value.name !== 'script') throw new Error('no script command')
  const text = optionsText(command.value.options, [], 0)
  for (let first = 0; ; first = 1) {
    const answer = session.query('script', { first, text })
    if (!answer.ok) throw new Error(answer.error.sentence)
    if (answer.value.rows === 0) break
    for (const line of new TextDecoder().decode(answer.value.text.pool).split('\n')) {
      const [, event, ip] = /^\s*(\w+)[:\w]*:\s+([0-9a-f]+)$/.exec(line) ?? []
      if (event === undefined) continue
      const counts = event === 'branches' ? taken : executed
      const at = BigInt(`0x${ip}`)
      counts.set(at, (counts.get(at) ?? 0) + 1)
    }
  }
  taken.delete(0n) // where tracing starts
  const branches = session.query('branches')
  if (!branches.ok) throw new Error(branches.error.sentence)
  const table = branches.value
  expect(new Map(Array.from(table.from, (from, row) => [from, table.taken[row]] as const).filter(([, count]) => count !== 0))).toEqual(
    taken,
  )
  let loops = 0
  for (let row = 0; row < table.rows; row++) {
    const notTaken = table.not_taken[row] ?? NaN
    if (Number.isNaN(notTaken)) continue
    const times = executed.get(table.from[row] ?? 0n) ?? 0
    expect((table.taken[row] ?? 0) + notTaken).toBe(times)
    if (Number.isNaN(table.trips[row] ?? NaN)) continue
    loops++
    expect(table.trips[row]).toBeCloseTo(times / notTaken, 12)
  }
  expect(loops).toBe(23)
  expect(table.mispredicted.every(Number.isNaN)).toBe(true)
}, 60_000)
