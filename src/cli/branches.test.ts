// SPDX-License-Identifier: Apache-2.0
// The branches table of a PT trace against the stream that `script` prints:
// every branch as often, taken and not taken, with the real decoder.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Session } from '../engine/session'
import { scriptText } from './script-for-tests'
import { decodeAll, openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const trace_file = join(fixtures, 'calls-cyc.perf.data')

/** How often each address stands in the lines of `script -F ip`. */
function countsOf(session: Session, itrace: string): Map<bigint, number> {
  const counts = new Map<bigint, number>()
  for (const line of scriptText(session, [`--itrace=${itrace}`, '-F', 'ip']).split('\n')) {
    if (line.trim() === '') continue
    const ip = BigInt(`0x${line.trim()}`)
    counts.set(ip, (counts.get(ip) ?? 0) + 1)
  }
  return counts
}

test('branches are counted as script prints them', async () => {
  const trace = await openTrace(trace_file, join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const { session } = trace.value
  const decoded = decodeAll(session)
  if (!decoded.ok) throw new Error(decoded.error)
  const executed = countsOf(session, 'i0ns')
  const taken = countsOf(session, 'b')
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
  // A branch that was never taken leads to a place in its own function, which has a name.
  let named = 0
  for (let row = 0; row < table.rows; row++) {
    if (table.taken[row] !== 0 || table.to_function[row] !== table.from_function[row]) continue
    const distance = Number((table.to[row] ?? 0n) - (table.from[row] ?? 0n))
    expect((table.to_offset[row] ?? 0) - (table.from_offset[row] ?? 0)).toBe(distance)
    named++
  }
  expect(named).toBe(32)
  // Nor does one to a place elsewhere stay a bare address.
  expect(Array.from(table.to, (to, row) => [to, table.to_function[row]] as const).filter(([to, id]) => to !== 0n && id === 0)).toEqual([])
  expect(table.mispredicted.every(Number.isNaN)).toBe(true)
}, 60_000)
