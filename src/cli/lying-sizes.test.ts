// SPDX-License-Identifier: Apache-2.0
// Files that lie about their sizes. The decoder has as much memory as the honest file
// needs and a little more: a lie that made it allocate for itself would be told as
// being out of memory, whatever else is found wrong with the file.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Session } from '../engine/session'
import { decoderUrl, instantiateDecoder } from '../engine/wasm'
import { ALL } from '../model/tables.gen'
import { limitedMemory } from '../test-support/limited-memory'
import { FileSources } from './file-sources'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const PAGES = 96
const AUXTRACE = 71
const module = new WebAssembly.Module(limitedMemory(readFileSync(decoderUrl), PAGES))

/** What a number may claim instead: the most a signed word holds, a terabyte, exabytes. */
const lies32 = [0x7fffffff]
const lies64 = [1n << 40n, (1n << 63n) - 4096n]

type Lie = { at: number; bits: 16 | 32 | 64; value: number | bigint }

/** Everything said of opening and decoding that is about memory. */
async function memorySentences(trace: Uint8Array, code: Uint8Array, path: string): Promise<string[]> {
  const sources = new FileSources()
  const session = new Session(await instantiateDecoder(module, sources), sources)
  const said: string[] = []
  const note = (result: { ok: true } | { ok: false; error: { sentence: string } }) => {
    if (!result.ok && /memory|bug/.test(result.error.sentence)) said.push(result.error.sentence)
    return result.ok
  }
  const input = sources.add('lie.perf.data', [trace])
  const image = sources.add(path, [code])
  const opened = note(session.open(input.source, input.size)) && note(session.addImage(image.source, image.size, path))
  for (let segment = 0; opened && segment < session.segments(); segment++) {
    if (!note(session.decodeStart(segment))) continue
    for (;;) {
      const step = session.decodeStep(1 << 20)
      if (!note(step) || (step.ok && step.value === 'done')) break
    }
    const part = session.part()
    if (part.ok) note(session.merge(part.value))
  }
  if (opened) for (const table of ['info', 'images', 'threads', 'gaps', 'call_tree'] as const) note(session.query(table, { count: ALL }))
  return said
}

function lied(bytes: Uint8Array, { at, bits, value }: Lie): Uint8Array {
  const copy = bytes.slice()
  const view = new DataView(copy.buffer)
  if (bits === 64) view.setBigUint64(at, BigInt(value), true)
  else if (bits === 32) view.setUint32(at, Number(value), true)
  else view.setUint16(at, Number(value), true)
  return copy
}

/** Places of a perf.data's numbers, but for those in its AUX data. */
function metadata(trace: Uint8Array): [number, number][] {
  const view = new DataView(trace.buffer, trace.byteOffset, trace.length)
  const start = Number(view.getBigUint64(40, true))
  const end = start + Number(view.getBigUint64(48, true))
  const stretches: [number, number][] = [[0, start]]
  for (let at = start; at + 8 <= end; ) {
    const size = view.getUint16(at + 6, true)
    stretches.push([at, at + size])
    at += size + (view.getUint32(at, true) === AUXTRACE ? Number(view.getBigUint64(at + 8, true)) : 0)
  }
  return [...stretches, [end, trace.length]]
}

function liesIn(stretches: readonly [number, number][], every: number): Lie[] {
  const lies: Lie[] = []
  for (const [start, end] of stretches) {
    for (let at = start; at + 4 <= end; at += 4) for (const value of lies32) lies.push({ at, bits: 32, value })
    for (let at = start; at + 8 <= end; at += 8) for (const value of lies64) lies.push({ at, bits: 64, value })
    if (end - start >= 8) lies.push({ at: start + 6, bits: 16, value: 0xffff })
  }
  return lies.filter((_, index) => index % every === 0)
}

const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(fixtures, name)))

for (const [name, program, every] of [
  ['calls-psb0.perf.data', 'calls', 5],
  ['calls-zstd.perf.data', 'calls', 5],
  ['other/bts-calls.perf.data', 'calls', 8],
  ['other/lbr-calls.perf.data', 'calls', 50],
] as const)
  test(`${name} allocates nothing for sizes that are lies`, async () => {
    const trace = bytesOf(name)
    const code = bytesOf(`symfs/opt/ptarmigan/${program}`)
    const path = `/opt/ptarmigan/${program}`
    expect(await memorySentences(trace, code, path)).toEqual([])
    const lies = liesIn(metadata(trace), every)
    expect(lies.length).toBeGreaterThan(100)
    for (const lie of lies) expect(await memorySentences(lied(trace, lie), code, path), JSON.stringify({ ...lie, value: String(lie.value) })).toEqual([])
  }, 300_000)

test('an ELF file allocates nothing for sections, symbols and lines whose sizes are lies', async () => {
  const trace = bytesOf('calls-psb0.perf.data')
  const code = bytesOf('symfs/opt/ptarmigan/calls')
  const view = new DataView(code.buffer)
  const sections = Number(view.getBigUint64(40, true))
  const programs: [number, number] = [64, 64 + 56 * view.getUint16(56, true)]
  const lies = liesIn([[0, 64], programs, [sections, sections + 64 * view.getUint16(60, true)]], 3)
  // And of what lies in the sections a part.
  lies.push(...liesIn([[programs[1], sections]], 97))
  for (const lie of lies)
    expect(await memorySentences(trace, lied(code, lie), '/opt/ptarmigan/calls'), JSON.stringify({ ...lie, value: String(lie.value) })).toEqual([])
}, 300_000)

test('a file that ends before any of its trace says where it ends', async () => {
  const sources = new FileSources()
  const session = new Session(await instantiateDecoder(module, sources), sources)
  const trace = readFileSync(join(fixtures, 'calls-default.perf.data')).subarray(0, 700)
  const { source, size } = sources.add('cut.perf.data', [trace])
  const opened = session.open(source, size)
  expect(opened.ok ? '' : opened.error.sentence).toMatch(/^This perf\.data holds neither trace \(no AUX data\) nor samples\. The file ends \d+ bytes early/)
})
