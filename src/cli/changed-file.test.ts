// SPDX-License-Identifier: Apache-2.0
// A trace that becomes shorter while the command line reads it, and large files that
// are nothing but their length: sentences, without memory for what is not there.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Session } from '../engine/session'
import { decoderUrl, instantiateDecoder } from '../engine/wasm'
import type { Result } from '../lib/result'
import { limitedMemory } from '../test-support/limited-memory'
import { goingOn, idleStretches } from '../test-support/longer-trace'
import { FileSources } from './file-sources'
import { decodePart } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const small = new Uint8Array(readFileSync(join(fixtures, 'odd-noretcomp.perf.data')))
const TEN_GB = 10 * 2 ** 30
/** 16 MB. */
const module = new WebAssembly.Module(limitedMemory(readFileSync(decoderUrl), 256))

let path = ''
beforeEach(() => (path = join(mkdtempSync(join(tmpdir(), 'ptarmigan-changed-')), 'perf.data')))
afterEach(() => rmSync(join(path, '..'), { recursive: true }))

function value<Value>(result: Result<Value, unknown>): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

async function open(bytes: Uint8Array, size = bytes.length) {
  writeFileSync(path, bytes)
  truncateSync(path, size)
  const sources = new FileSources()
  const session = new Session(await instantiateDecoder(module, sources), sources)
  const trace = value(sources.open(path))
  const opened = session.open(trace.source, trace.size)
  const image = value(sources.open(join(fixtures, 'symfs/opt/ptarmigan/odd')))
  if (opened.ok) value(session.addImage(image.source, image.size, '/opt/ptarmigan/odd'))
  return { session, opened }
}

function decodeOne(session: Session, segment: number): string {
  const part = decodePart(session, segment)
  if (!part.ok) return part.error
  value(session.merge(part.value))
  return 'decoded'
}

test('a trace that becomes shorter while it is decoded keeps what was decoded, and says why the rest is missing', async () => {
  const { session } = await open(goingOn(small, idleStretches(90, 64 << 10)))
  expect(session.segments()).toBe(6)
  expect(decodeOne(session, 0)).toBe('decoded')
  truncateSync(path, 3 << 20)
  const said = [1, 2, 3, 4, 5].map((segment) => decodeOne(session, segment))
  const sentence = (byte: number) => `${path} could not be read at byte ${byte}: it has become shorter since it was opened.`
  expect(said).toEqual(['decoded', sentence(3 << 20), sentence(3 << 20), sentence(4142560), sentence(5191136)])
  expect(session.instructions()).toBe(7594)
  expect(value(session.query('call_tree', {})).rows).toBeGreaterThan(10)
})

test('ten gigabytes of nothing are no trace', async () => {
  const { opened } = await open(new Uint8Array(0), TEN_GB)
  expect(opened).toEqual({
    ok: false,
    error: {
      sentence: 'This is not a perf.data: it starts with the bytes 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00; a perf.data starts with PERFILE2.',
    },
  })
})

test('ten gigabytes behind a trace are passed over, and so are those that its header claims', async () => {
  const lying = small.slice()
  const view = new DataView(lying.buffer)
  view.setBigUint64(48, BigInt(TEN_GB) - view.getBigUint64(40, true), true)
  for (const bytes of [small, lying]) {
    const { session, opened } = await open(bytes, TEN_GB)
    expect(opened.ok).toBe(true)
    for (let segment = 0; segment < session.segments(); segment++) expect(decodeOne(session, segment)).toBe('decoded')
    expect(session.instructions()).toBe(7594)
  }
})
