// SPDX-License-Identifier: Apache-2.0
// Everything that the branches table says of branch stacks, worked out again
// from the text that `perf script -F brstack` prints: how often each branch was
// seen, how it was predicted, its cycles, how often a loop turned.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Session } from '../engine/session'
import { spreadsByBlock } from '../model/block-cycles'
import { ALL } from '../model/tables.gen'
import { scriptText } from './script-for-tests'
import { decodeAll, openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const shared = join(import.meta.dirname, '../../../shared/fixtures')

type Entry = { from: bigint; to: bigint; flag: string; cycles: number }
type Stack = { ip: bigint; entries: Entry[] }

/** Lines of "IP FROM/TO/M/-/-/CYCLES/TYPE …", the newest branch first; with a type or without. */
function parseStacks(text: string): Stack[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [ip = '', ...words] = line.trim().split(/\s+/)
      const entries = words.flatMap((word) => {
        const [from = '', to = '', flag = '', , , cycles = '0'] = word.split('/')
        return from.startsWith('0x') ? [{ from: BigInt(from), to: BigInt(to), flag, cycles: Number(cycles) }] : []
      })
      return { ip: BigInt(`0x${ip}`), entries: entries.filter(({ from, to }) => from !== 0n || to !== 0n) }
    })
}

type Seen = { from: bigint; to: bigint; taken: number; mispredicted: number; predicted: number; cycles: number; measured: number }

function countEntries(stacks: readonly Stack[]): Map<string, Seen> {
  const seen = new Map<string, Seen>()
  for (const { from, to, flag, cycles } of stacks.flatMap(({ entries }) => entries)) {
    const key = `${from}>${to}`
    const one = seen.get(key) ?? { from, to, taken: 0, mispredicted: 0, predicted: 0, cycles: 0, measured: 0 }
    seen.set(key, one)
    one.taken++
    if (flag === 'M') one.mispredicted++
    if (flag === 'P') one.predicted++
    if (cycles > 0) {
      one.cycles += cycles
      one.measured++
    }
  }
  return seen
}

/** How often straight code between two entries, or from the newest to the sample, ran past `address`. */
function timesPassed(stacks: readonly Stack[], address: bigint): number {
  let times = 0
  for (const { ip, entries } of stacks)
    for (const [row, { to }] of entries.entries()) {
      const end = row === 0 ? ip : (entries[row - 1]?.from ?? 0n)
      if (to <= address && address < end) times++
    }
  return times
}

function checkBranches(session: Session, stacks: readonly Stack[]): { loops: number; mispredicted: number } {
  const answer = session.query('branches')
  if (!answer.ok) throw new Error(answer.error.sentence)
  const table = answer.value
  const seen = countEntries(stacks)
  const found = new Map<string, Seen>()
  let loops = 0
  for (let row = 0; row < table.rows; row++) {
    const [from = 0n, to = 0n, taken = NaN, measured = NaN] = [table.from[row], table.to[row], table.taken[row], table.cycle_count[row]]
    const [mispredicted = NaN, predicted = NaN, cycles = NaN] = [table.mispredicted[row], table.predicted[row], table.cycles[row]]
    found.set(`${from}>${to}`, {
      from,
      to,
      taken,
      mispredicted,
      predicted,
      cycles: measured > 0 ? Math.round(cycles * measured) : 0,
      measured,
    })
    const notTaken = table.not_taken[row] ?? NaN
    if (Number.isNaN(notTaken)) continue
    const passed = timesPassed(stacks, from)
    expect([from.toString(16), notTaken]).toEqual([from.toString(16), passed])
    if (to > from || passed === 0) continue
    loops++
    expect(table.trips[row]).toBeCloseTo((taken + passed) / passed, 12)
  }
  expect(found).toEqual(seen)
  return { loops, mispredicted: [...seen.values()].reduce((sum, one) => sum + one.mispredicted, 0) }
}

/** Least and most cycles by the address of the branch: of the entries that another entry precedes. */
function checkSpreads(session: Session, stacks: readonly Stack[]): void {
  const counts = new Map<bigint, number[]>()
  for (const { entries } of stacks)
    for (const { from, cycles } of entries.slice(0, -1)) if (cycles > 0) counts.set(from, [...(counts.get(from) ?? []), cycles])
  const blocks = session.query('blocks', { count: ALL })
  const cycles = session.query('block_cycles', { count: ALL })
  if (!blocks.ok || !cycles.ok) throw new Error('a query failed')
  const measurements = [...spreadsByBlock(cycles.value).values()].reduce((sum, { count }) => sum + count, 0)
  expect(measurements).toBe([...counts.values()].reduce((sum, list) => sum + list.length, 0))
  const most = Math.max(...[...counts.values()].flat())
  expect(Math.max(...cycles.value.cycles)).toBe(most)
}

test('branches of a branch stack are what its text says', async () => {
  const file = join(fixtures, 'other/lbr-calls.perf.data')
  const trace = await openTrace(file, join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const { session } = trace.value
  expect(decodeAll(session).ok).toBe(true)
  // These lines are perf's, byte for byte: script.test.ts.
  const stacks = parseStacks(scriptText(session, ['-F', 'ip,brstack']))
  expect(stacks.length).toBe(82)
  expect(checkBranches(session, stacks)).toEqual({ loops: 9, mispredicted: 62 })
  checkSpreads(session, stacks)
}, 60_000)

test.skipIf(!existsSync(shared) || !existsSync('/usr/bin/perf')).each(['lbr-algo', 'lbr-cxx', 'lbr-depth16', 'lbr-pebs', 'lbr-pthr'])(
  'branches of %s are what perf prints',
  async (name) => {
    const file = join(shared, `${name}.perf.data`)
    const symfs = join(shared, 'symfs')
    const trace = await openTrace(file, symfs, true)
    if (!trace.ok) throw new Error(trace.error)
    const { session } = trace.value
    expect(decodeAll(session).ok).toBe(true)
    const perf = execFileSync('perf', ['script', '--symfs', symfs, '-i', file, '-F', 'ip,brstack'], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const stacks = parseStacks(perf)
    const { loops } = checkBranches(session, stacks)
    expect(loops).toBeGreaterThan(0)
    checkSpreads(session, stacks)
  },
  120_000,
)
