// SPDX-License-Identifier: Apache-2.0
// Damaged files of branch stacks and of BTS: what is wrong is said and counted,
// and all the rest is there.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Session } from '../engine/session'
import { textAt } from '../lib/text-column'
import { ALL } from '../model/tables.gen'
import { decodeAll, openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const stacks = readFileSync(join(fixtures, 'other/lbr-calls.perf.data'))
const bts = readFileSync(join(fixtures, 'other/bts-calls.perf.data'))
let folder = ''
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'ptm-damaged-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Where things lie in a perf.data: its header, an attr, the records of the data section. */
const word = (bytes: Buffer, at: number) => Number(bytes.readBigUInt64LE(at))
const firstAttr = (bytes: Buffer) => word(bytes, 24)
const SAMPLE = 9
const AUXTRACE = 71

function recordsOf(bytes: Buffer, type: number): { at: number; size: number }[] {
  const found = []
  const end = word(bytes, 40) + word(bytes, 48)
  for (let at = word(bytes, 40); at < end;) {
    const size = bytes.readUInt16LE(at + 6)
    if (bytes.readUInt32LE(at) === type) found.push({ at, size })
    at += size + (bytes.readUInt32LE(at) === AUXTRACE ? word(bytes, at + 8) : 0)
  }
  return found
}

/** The sixth sample: its record, and the count of its branch stack behind the eight fixed words. */
const sixth = recordsOf(stacks, SAMPLE)[5] ?? { at: 0, size: 0 }
const stackAt = sixth.at + 56

type Facts = { warnings: string[]; gaps: string[]; samples: number; instructions: number }

async function open(bytes: Buffer): Promise<{ session: Session; facts: Facts }> {
  const file = join(folder, 'perf.data')
  writeFileSync(file, bytes)
  const trace = await openTrace(file, join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const { session } = trace.value
  const decoded = decodeAll(session)
  if (!decoded.ok) throw new Error(decoded.error)
  const info = session.query('info')
  const gaps = session.query('gaps', { count: ALL })
  const samples = session.query('samples', { count: ALL })
  const threads = session.query('threads')
  if (!info.ok || !gaps.ok || !samples.ok || !threads.ok) throw new Error('a query failed')
  const usual = /^(A branch stack holds|Times inside a branch stack|BTS records carry no time)/
  const warnings = Array.from({ length: info.value.rows }, (_, row) => row)
    .filter((row) => textAt(info.value.key, row) === 'warning' && !usual.test(textAt(info.value.value, row)))
    .map((row) => textAt(info.value.value, row))
  const lost = Array.from({ length: gaps.value.rows }, (_, row) => row)
    .filter((row) => gaps.value.lost[row] === 1)
    .map((row) => textAt(gaps.value.text, row))
  const instructions = threads.value.instructions.reduce((sum, one) => sum + one, 0)
  return { session, facts: { warnings, gaps: lost, samples: samples.value.rows, instructions } }
}

/** A copy of `bytes` after `damage`. */
function damaged(bytes: Buffer, damage: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes)
  damage(copy)
  return copy
}

const whole = { warnings: [], gaps: [], samples: 82, instructions: 8891 }

test('the file as recorded', async () => {
  expect(sixth.size).toBe(456)
  expect(stacks.readBigUInt64LE(stackAt)).toBe(16n)
  expect((await open(stacks)).facts).toEqual(whole)
})

test('bits of sample_type that nobody knows', async () => {
  const at = firstAttr(stacks) + 24
  const bytes = damaged(stacks, (copy) => copy.writeBigUInt64LE(copy.readBigUInt64LE(at) | (1n << 40n), at))
  expect((await open(bytes)).facts).toEqual({
    ...whole,
    warnings: [
      'The samples of event 0 hold fields that this version does not know (bits 0x10000000000 of its sample_type): those are not read.',
    ],
  })
})

test.each([17n, 1000n, 0xffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn])('a branch stack of %d entries', async (count) => {
  const bytes = damaged(stacks, (copy) => copy.writeBigUInt64LE(count, stackAt))
  expect((await open(bytes)).facts).toEqual({
    warnings: [`1 sample does not add up and is skipped (at byte 3608: its branch stack goes beyond the record's end).`],
    gaps: [],
    samples: 81,
    instructions: 8807,
  })
})

test.each([
  [0, 'The record at byte 3608 (SAMPLE) says it is 0 bytes long, less than its own header: the 35280 bytes from there on cannot be read.'],
  [7, 'The record at byte 3608 (SAMPLE) says it is 7 bytes long, less than its own header: the 35280 bytes from there on cannot be read.'],
])('a record of %d bytes', async (size, sentence) => {
  const bytes = damaged(stacks, (copy) => void copy.writeUInt16LE(size, sixth.at + 6))
  expect((await open(bytes)).facts).toEqual({ warnings: [sentence], gaps: [], samples: 5, instructions: 391 })
})

test('a record that ends in the middle of its branch stack', async () => {
  // The rest of it is made a record of a kind that nobody knows.
  const bytes = damaged(stacks, (copy) => {
    copy.writeUInt16LE(sixth.size - 48, sixth.at + 6)
    copy.writeUInt32LE(0x7777, sixth.at + sixth.size - 48)
    copy.writeUInt32LE(48 << 16, sixth.at + sixth.size - 44)
  })
  const { facts } = await open(bytes)
  expect(facts.warnings).toContain(`1 sample does not add up and is skipped (at byte 3608: its branch stack goes beyond the record's end).`)
  expect({ ...facts, warnings: [] }).toEqual({ warnings: [], gaps: [], samples: 81, instructions: 8807 })
})

test('a branch outside every map', async () => {
  const entry = stackAt + 16 + 24 * 4 // behind the count and hw_idx
  const bytes = damaged(stacks, (copy) => {
    copy.writeBigUInt64LE(0x12_3456_7000n, entry)
    copy.writeBigUInt64LE(0x12_3456_8000n, entry + 8)
  })
  const { session, facts } = await open(bytes)
  expect(facts).toEqual({
    warnings: [],
    gaps: [
      'Nothing is known to be mapped at 0x1234567000: generated code, or a map that was not recorded.',
      'A branch stack does not follow the code of /opt/ptarmigan/calls at 0x401300: the file is not what ran, code was changed at run time, or a branch was not recorded.',
    ],
    samples: 82,
    instructions: 8881,
  })
  const branches = session.query('branches')
  expect(branches.ok && Array.from(branches.value.to)).toContain(0x12_3456_8000n)
})

test('BTS records cut short', async () => {
  const aux = recordsOf(bts, AUXTRACE)[0] ?? { at: 0, size: 0 }
  const start = aux.at + aux.size
  // 100 records and half of one.
  const { facts } = await open(bts.subarray(0, start + 2412))
  expect(facts).toEqual({
    warnings: [
      'The file ends 46412 bytes early (3148 of 49560 bytes of data are there), so its end, and with it hostname, command line and build-ids, is missing; what is there is shown.',
      'The AUX data at byte 1144 ends 46404 bytes early (2412 of 48816 bytes are there); what is there is shown.',
    ],
    gaps: ['The last 12 bytes of a piece of trace at 0x960 are no whole branch record (24 bytes): they are skipped.'],
    samples: 0,
    instructions: 506,
  })
})
