// SPDX-License-Identifier: Apache-2.0
// Mixed mode with the real decoder: samples that ptgen's truth places, pinned to
// the instructions that the trace was decoded to.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Session } from '../engine/session'
import { textAt } from '../lib/text-column'
import type { Tables } from '../model/tables.gen'
import { textLines } from './samples'
import { decodeAll, openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const PINNED = 1
const EXACT = 1

async function open(file: string): Promise<Session> {
  const trace = await openTrace(join(fixtures, file), join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const decoded = decodeAll(trace.value.session)
  if (!decoded.ok) throw new Error(decoded.error)
  return trace.value.session
}

function ask<Name extends 'samples' | 'marks' | 'instructions' | 'threads'>(session: Session, name: Name, request: object): Tables[Name] {
  const answer = session.query(name, request)
  if (!answer.ok) throw new Error(answer.error.sentence)
  return answer.value
}

/** Of each sample: its pin's state, and how far its instruction is from the truth's. */
function pins(session: Session, name: string, skipped: number): { states: Set<number>; away: number[] } {
  const truth = readFileSync(join(fixtures, `other/${name}.txt`), 'utf8').trim().split('\n')
  const samples = ask(session, 'samples', { count: 1000, flags: PINNED })
  expect(samples.rows).toBe(truth.length)
  const states = new Set<number>()
  const away = truth.map((line, row) => {
    const [time, , ip, ordinal] = line.split(' ')
    const pinned = samples.pin_ordinal[row] ?? NaN
    expect([samples.ip[row]?.toString(16), time]).toEqual([ip, time])
    const at = ask(session, 'instructions', { thread: samples.thread[row] ?? 0, first: pinned, count: 1 })
    expect(at.ip[0]).toBe(samples.ip[row])
    states.add(samples.pin[row] ?? 0)
    return pinned - (Number(ordinal) - skipped)
  })
  return { states, away }
}

const exactOnes = (away: readonly number[]) => away.filter((distance) => distance === 0).length
const farthest = (away: readonly number[]) => Math.max(...away.map(Math.abs))

test('samples beside CYC packets are pinned to within a packet', async () => {
  const { states, away } = pins(await open('other/mixed-cyc.perf.data'), 'mixed-cyc', 0)
  expect([...states]).toEqual([EXACT])
  expect([away.length, exactOnes(away), farthest(away)]).toEqual([93, 82, 52])
})

test('samples beside MTC packets are pinned to within the MTC period', async () => {
  const { states, away } = pins(await open('other/mixed-mtc.perf.data'), 'mixed-mtc', 0)
  expect([...states]).toEqual([EXACT])
  expect([away.length, exactOnes(away), farthest(away)]).toEqual([93, 46, 186])
})

test('samples beside branch records are pinned to one of the places in the buffer, which is said', async () => {
  const session = await open('other/mixed-bts.perf.data')
  // BTS does not tell of the 4 instructions before its first record.
  const { states } = pins(session, 'mixed-bts', 4)
  expect([...states]).toEqual([EXACT])
  const samples = ask(session, 'samples', { first: 2, count: 1, flags: PINNED })
  expect(textAt(samples.pin_text, 0)).toMatch(
    /^The path reached the sample's address \d+ times among the records of its buffer, which carry no times: this is the one it would be at an even pace\.$/,
  )
})

test('marks count what falls together, and keep everything apart when asked', async () => {
  const session = await open('other/mixed-cyc.perf.data')
  const whole = { start_ns: 0, end_ns: 70_000 }
  const SAMPLES_ALONE = 1
  const each = ask(session, 'marks', { flags: SAMPLES_ALONE })
  expect(each.rows).toBe(93)
  const coarse = ask(session, 'marks', { ...whole, count: 7, flags: SAMPLES_ALONE })
  expect(Array.from(coarse.count)).toEqual([1, 92])
  expect([textAt(coarse.name, 1), coarse.sample[1], coarse.time_ns[1] === each.time_ns[1], coarse.last_ns[1] === each.time_ns[92]]).toEqual([
    'cycles:u',
    1,
    true,
    true,
  ])
  expect(ask(session, 'threads', {}).samples[coarse.thread[0] ?? 0]).toBe(93)
})

test('PT events are marks too, without the PSBs', async () => {
  const session = await open('ptwrite.perf.data')
  const marks = ask(session, 'marks', {})
  const names = new Map<string, number>()
  for (let row = 0; row < marks.rows; row++) names.set(textAt(marks.name, row), (names.get(textAt(marks.name, row)) ?? 0) + 1)
  // As many as perf script --itrace=wp prints.
  expect([...names]).toEqual([
    ['cbr', 1],
    ['ptwrite', 168],
  ])
  const first = Array.from({ length: marks.rows }, (_, row) => row).find((row) => textAt(marks.name, row) === 'ptwrite') ?? -1
  expect([textAt(marks.text, first), marks.kind[first], textAt(marks.symbol, first)]).toEqual(['0x0', 1, 'main+0x10'])
})

test('samples print as lines', async () => {
  const session = await open('other/mixed-cyc.perf.data')
  const samples = ask(session, 'samples', { first: 1, count: 1, flags: PINNED })
  expect(textLines(samples, ask(session, 'threads', {}), 0n, true)).toBe(
    `thread                    time  CPU  event     address  code              row  path
calls 28513/28513  0.000050642    0  cycles:u   402502  __init_ssp+0x32  #727  The path reached the sample's address once between times of the trace that are 10 ns apart: this is it.
`,
  )
})

test('PT events of a window are those of the whole trace in it, decoded for it or taken from the whole', async () => {
  const times = ({ time_ns, rows }: Tables['marks']) => Array.from({ length: rows }, (_, row) => time_ns[row] ?? NaN)
  const everything = { start_ns: 0, end_ns: 0, count: 0 }
  const session = await open('ptwrite.perf.data')
  const all = times(ask(session, 'marks', everything))
  expect(all.length).toBeGreaterThan(100)
  const middle = { start_ns: all[30] ?? 0, end_ns: all[120] ?? 0, count: 0 }
  const inside = all.filter((time) => time >= middle.start_ns && time < middle.end_ns)
  expect(inside.length).toBeGreaterThan(50)
  // The whole was asked for last: its answer is taken.
  expect(times(ask(session, 'marks', middle))).toEqual(times(ask(await open('ptwrite.perf.data'), 'marks', middle)))
  expect(new Set(times(ask(session, 'marks', middle)))).toEqual(new Set(inside))
})

test('a sample before the first traced moment is on the timeline', async () => {
  const bytes = readFileSync(join(fixtures, 'other/mixed-cyc.perf.data'))
  const word = Buffer.alloc(8)
  word.writeBigUInt64LE(86_409_526_767_039n) // the first sample's time
  const at = bytes.indexOf(word)
  bytes.writeBigUInt64LE(86_409_526_700_000n, at)
  const file = join(mkdtempSync(join(tmpdir(), 'ptarmigan-early-')), 'early.perf.data')
  writeFileSync(file, bytes)
  const trace = await openTrace(file, join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const { session } = trace.value
  expect(decodeAll(session).ok).toBe(true)
  const marks = ask(session, 'marks', { start_ns: 0, end_ns: 1e9, count: 1_000_000, flags: 1 })
  expect([marks.time_ns[0], textAt(marks.name, 0), marks.count.reduce((sum, count) => sum + count, 0)]).toEqual([0, 'cycles:u', 93])
})
