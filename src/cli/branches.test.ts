// SPDX-License-Identifier: Apache-2.0
// The branches table of a PT trace against the stream that `script` prints:
// every branch as often, taken and not taken, with the real decoder.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeAll, openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const BRANCHES = 1
const INSTRUCTIONS = 2

test('branches are counted as script prints them', async () => {
  const trace = await openTrace(join(fixtures, 'calls-cyc.perf.data'), join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const { session } = trace.value
  const decoded = decodeAll(session)
  if (!decoded.ok) throw new Error(decoded.error)
  const executed = new Map<bigint, number>()
  const taken = new Map<bigint, number>()
  for (let first = 0; ;) {
    const samples = session.query('samples', { flags: BRANCHES | INSTRUCTIONS, first, count: 65_536 })
    if (!samples.ok) throw new Error(samples.error.sentence)
    const { rows, kind, ip } = samples.value
    if (rows === 0) break
    for (let row = 0; row < rows; row++) {
      const counts = kind[row] === BRANCHES ? taken : executed
      const at = ip[row] ?? 0n
      counts.set(at, (counts.get(at) ?? 0) + 1)
    }
    first += rows
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
})
