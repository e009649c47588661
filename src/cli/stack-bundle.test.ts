// SPDX-License-Identifier: Apache-2.0
// Samples that hold a copy of the stack (perf record --call-graph dwarf): their
// chains are unwound in a bundle as in the trace it is of, by tables that came along.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Writer } from '../share/little-endian'
import { noRedaction } from '../share/redaction'
import { bundled, opened, projectFixtures } from './bundles-for-tests'
import { scriptText } from './script-for-tests'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const PID = 4321
/** Where calls-pie is, and its first page of code. */
const BASE = 0x7f3a_9c21_d000n
const STACK = 0x7ffd_0000_1000n
/** IP, TID, TIME, CALLCHAIN, REGS_USER, STACK_USER. */
const SAMPLE_TYPE = 0x3027n
/** BP, SP, IP. */
const REGISTERS = 0x1c0n

function record(type: number, misc: number, body: Writer): Uint8Array<ArrayBuffer> {
  const bytes = body.take()
  return new Writer().u32(type).u16(misc).u16(bytes.length + 8).put(bytes).take()
}

const trailer = (body: Writer, time: number): Writer => body.u32(PID).u32(PID).u64(time)

/** At fibonacci's entry, called by fibonacci, called by main: as it is after each one's pushes. */
function sample(): Uint8Array<ArrayBuffer> {
  const words = [BASE + 0x13ebn, 1n, 2n, 3n, BASE + 0x1040n, 0n, 0n, 0n]
  const body = new Writer().u64(BASE + 0x13d0n).u32(PID).u32(PID).u64(3000).u64(0)
  body.u64(2).u64(0n).u64(STACK).u64(BASE + 0x13d0n).u64(words.length * 8)
  for (const word of words) body.u64(word)
  return record(9, 2, body.u64(words.length * 8))
}

function traceWithStacks(): Uint8Array<ArrayBuffer> {
  const comm = record(3, 2, trailer(new Writer().u32(PID).u32(PID).text('calls-pie').align(8), 1000))
  const mapped = new Writer().u32(PID).u32(PID).u64(BASE + 0x1000n).u64(0x2000).u64(0x1000).u32(0).u32(0).u64(0).u64(0).u32(5).u32(2)
  const map = record(10, 2, trailer(mapped.text('/opt/ptarmigan/calls-pie').align(8), 2000))
  const records = new Writer().put(comm).put(map).put(sample()).take()
  const attr = new Writer().u32(1).u32(128).u64(1).u64(1).u64(SAMPLE_TYPE).u64(0).u64(1n << 18n).zeros(80 - 48).u64(REGISTERS).u32(64).zeros(128 - 92)
  const made = new Writer().put(new TextEncoder().encode('PERFILE2')).u64(104).u64(144)
  made.u64(104).u64(144).u64(248).u64(records.length).u64(0).u64(0).zeros(32)
  return made.put(attr.take()).u64(0).u64(0).put(records).take()
}

const rowsOf = (session: Parameters<typeof scriptText>[0]): string => scriptText(session, ['-F', 'comm,tid,ip,sym,symoff,dso']).trim()

it('chains of copied stacks are the same in a bundle', async () => {
  const trace = join(folder, 'stacks.data')
  writeFileSync(trace, traceWithStacks())
  const symfs = join(projectFixtures, 'symfs')
  // As perf prints unwound frames: in the binary's addresses, at the call itself.
  const wanted = `calls-pie  4321 
\t            13d0 fibonacci+0x0 (/opt/ptarmigan/calls-pie)
\t            13ea fibonacci+0x1a (/opt/ptarmigan/calls-pie)
\t            103f main+0xf (/opt/ptarmigan/calls-pie)`
  expect(rowsOf(await opened(trace, symfs))).toBe(wanted)
  const out = await bundled(folder, { name: 'stacks', trace, symfs }, {})
  expect(rowsOf(await opened(out))).toBe(wanted)
  const redaction = { ...noRedaction, addresses: true }
  await expect(bundled(folder, { name: 'stacks', trace, symfs }, { redaction })).rejects.toThrow('The samples of this trace hold registers, copies of stacks')
})
