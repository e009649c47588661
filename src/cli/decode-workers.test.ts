// SPDX-License-Identifier: Apache-2.0
// Threads of the program that decode together: the answers are those of one, and what stops a thread is told.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { Session } from '../engine/session'
import { decoderUrl } from '../engine/wasm'
import { fail, ok, type Result } from '../lib/result'
import { Writer } from '../share/little-endian'
import { decodeTrace } from './decode-workers'
import { FileSources } from './file-sources'

const root = join(import.meta.dirname, '../..')
const fixtures = join(root, 'wasm/test/fixtures')
const program = pathToFileURL(join(root, 'dist/cli/main.mjs'))
const module = new WebAssembly.Module(readFileSync(decoderUrl))

// Builds it where it is missing or old.
beforeAll(() => void spawnSync(process.execPath, [join(root, 'src/cli/ptarmigan.mjs'), '--help']), 120_000)

function value<Value>(result: Result<Value, unknown>): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

const recorded = new Uint8Array(readFileSync(join(fixtures, 'odd-noretcomp.perf.data')))

async function opened(bytes = recorded, segmentBytes = 1024) {
  const sources = new FileSources()
  const session = await Session.create(module, sources)
  const trace = sources.add('perf.data', [bytes])
  session.segmentBytes(segmentBytes)
  value(session.open(trace.source, trace.size))
  const image = value(sources.open(join(fixtures, 'symfs/opt/ptarmigan/odd')))
  value(session.addImage(image.source, image.size, '/opt/ptarmigan/odd'))
  return { session, module, sources }
}

const unneeded = () => Promise.resolve(fail('opened again'))

async function answers(workers: number) {
  const { session } = value(await decodeTrace(await opened(), workers, unneeded, program))
  expect(session.segments()).toBe(6)
  return (['functions', 'call_tree', 'blocks', 'gaps'] as const).map((name) => value(session.query(name, { count: 10_000 })))
}

it('gives the answers of one thread, row for row', async () => {
  const [functions, tree, ...rest] = await answers(2)
  expect(tree?.rows).toBeGreaterThan(10)
  expect([functions, tree, ...rest]).toEqual(await answers(1))
}, 60_000)

it('says that a thread stopped', async () => {
  const broken = new URL('data:text/javascript,throw new Error("no room")')
  expect(await decodeTrace(await opened(), 2, unneeded, broken)).toEqual({
    ok: false,
    error: 'a decoding thread stopped (no room); --workers 1 does without.',
  })
}, 60_000)

const PSB = new Uint8Array(16).map((_, at) => (at % 2 === 0 ? 0x02 : 0x82))
const PSBEND = Uint8Array.of(0x02, 0x23)
const tsc = (ticks: bigint) => new Writer().u64((ticks << 8n) | 0x19n).take()
const AUXTRACE = 71

/** What the recording's last AUX data went on with. All that lies behind it in the file moves. */
function goingOn(trace: Uint8Array<ArrayBuffer>, more: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(trace.buffer, trace.byteOffset, trace.length)
  const start = Number(view.getBigUint64(40, true))
  const end = start + Number(view.getBigUint64(48, true))
  let last = 0
  for (let at = start; at < end; ) {
    const isAux = view.getUint32(at, true) === AUXTRACE
    if (isAux) last = at
    at += view.getUint16(at + 6, true) + (isAux ? Number(view.getBigUint64(at + 8, true)) : 0)
  }
  const size = Number(view.getBigUint64(last + 8, true))
  const behind = last + view.getUint16(last + 6, true) + size
  const made = new Writer().put(trace.subarray(0, behind)).put(more).put(trace.subarray(behind)).take()
  const changed = new DataView(made.buffer, made.byteOffset, made.length)
  changed.setBigUint64(last + 8, BigInt(size + more.length), true)
  changed.setBigUint64(48, BigInt(end - start + more.length), true)
  const features = Array.from({ length: 256 }, (_, bit) => (view.getUint8(72 + (bit >> 3)) >> (bit % 8)) % 2).filter((bit) => bit === 1).length
  for (let row = 0; row < features; row++) {
    const at = end + more.length + row * 16
    changed.setBigUint64(at, changed.getBigUint64(at, true) + BigInt(more.length), true)
  }
  return made
}

/** Times without the ratio of the bus, which the recording told once: who begins to look here takes it for unknown. */
function withoutRatio(): Uint8Array {
  const stretches = new Writer()
  for (let row = 0; row < 80; row++)
    stretches
      .put(PSB)
      .put(tsc(BigInt(row + 1) << 40n))
      .put(PSBEND)
      .zeros(4096 - 26)
  return stretches.take()
}

it('decodes all again, in one thread, where a clock was guessed wrong', async () => {
  const trace = goingOn(recorded, withoutRatio())
  let again = 0
  const open = () => opened(trace, 16384)
  const reopen = async () => (again++, ok(await open()))
  const { session } = value(await decodeTrace(await open(), 2, reopen, program))
  expect(again).toBe(1)
  const one = value(await decodeTrace(await open(), 1, unneeded, program)).session
  expect(session.segments()).toBe(21)
  expect([session.clockBreaks(), one.clockBreaks()]).toEqual([ok(0), ok(0)])
  for (const name of ['segments', 'functions', 'call_tree', 'gaps', 'threads'] as const)
    expect(value(session.query(name, { count: 10_000 }))).toEqual(value(one.query(name, { count: 10_000 })))
}, 60_000)
