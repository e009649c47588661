// SPDX-License-Identifier: Apache-2.0
// The real decoder with hardly any memory: at whatever point it runs out, that is a
// sentence, what was decoded stays, and with memory again it goes on to the same end.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Session } from '../engine/session'
import { decoderUrl, instantiateDecoder, type Decoder } from '../engine/wasm'
import type { Result } from '../lib/result'
import { ALL } from '../model/tables.gen'
import { limitedMemory } from '../test-support/limited-memory'
import { FileSources } from './file-sources'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const sentence = 'The decoder ran out of memory (4 GB at most): close other tabs, or record a shorter trace.'
const CRUMB = 4096

const limited = (pages: number) => new WebAssembly.Module(limitedMemory(readFileSync(decoderUrl), pages))

function value<Value>(result: Result<Value, unknown>): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

function decode(session: Session, segment: number): Result<void, { sentence: string }> {
  const started = session.decodeStart(segment)
  if (!started.ok) return started
  for (;;) {
    const step = session.decodeStep(4096)
    if (!step.ok) return step
    if (step.value === 'done') break
  }
  const part = session.part()
  return part.ok ? session.merge(part.value) : part
}

async function open(module: WebAssembly.Module): Promise<{ session: Session; decoder: Decoder }> {
  const sources = new FileSources()
  const decoder = await instantiateDecoder(module, sources)
  const session = new Session(decoder, sources)
  const trace = value(sources.open(join(fixtures, 'calls-psb0.perf.data')))
  session.segmentBytes(1024)
  value(session.open(trace.source, trace.size))
  const image = value(sources.open(join(fixtures, 'symfs/opt/ptarmigan/calls')))
  value(session.addImage(image.source, image.size, '/opt/ptarmigan/calls'))
  return { session, decoder }
}

/** Functions are told by their addresses: their rows are in order of who met them first. */
function treeOf(session: Session) {
  const { address } = value(session.query('functions', { count: ALL }))
  const tree = value(session.query('call_tree', { count: ALL }))
  return { ...tree, function: Array.from(tree.function, (row) => address[row]) }
}

test('a trace that does not fit is not opened, and says so', async () => {
  await expect(open(limited(24))).rejects.toThrow('Out of memory while indexing the trace')
})

test('where memory is out, what was joined before is still answered, all of it', async () => {
  const seen = new Set<string>()
  for (let pages = 34; pages < 64; pages++) {
    const opened = await open(limited(pages)).catch(() => null)
    if (!opened) continue
    const { session } = opened
    const results = Array.from({ length: session.segments() }, (_, segment) => decode(session, segment))
    const joined = results.filter(({ ok }) => ok).length
    seen.add(joined === 0 ? 'none' : joined < results.length ? 'some' : 'all')
    const { instructions } = value(session.query('threads', { count: ALL }))
    expect(instructions.reduce((sum, count) => sum + count, 0)).toBe(session.instructions())
    expect(treeOf(session).rows > 0).toBe(joined > 0)
  }
  expect([...seen].toSorted()).toEqual(['all', 'some'])
}, 60_000)

test('memory may run out at any point of decoding', async () => {
  const module = limited(64)
  const whole = await open(module)
  const segments = whole.session.segments()
  for (let segment = 0; segment < segments; segment++) value(decode(whole.session, segment))
  const expected = treeOf(whole.session)

  const said = new Set<string>()
  let failures = 0
  for (let crumbs = 0; crumbs < 120; crumbs += 5) {
    const { session, decoder } = await open(module)
    value(decode(session, 0))
    const ballast: number[] = []
    for (let at = decoder.exports.malloc(CRUMB); at; at = decoder.exports.malloc(CRUMB)) ballast.push(at)
    for (const at of ballast.splice(0, crumbs)) decoder.exports.free(at)
    for (let segment = 1; segment < segments; segment++) {
      const result = decode(session, segment)
      if (result.ok) continue
      failures++
      said.add(result.error.sentence)
    }
    for (const at of ballast) decoder.exports.free(at)
    expect(session.ended).toBe('')
    expect(treeOf(session).rows).toBeGreaterThan(0)
    for (let segment = 1; segment < segments; segment++) value(decode(session, segment))
    expect(treeOf(session)).toEqual(expected)
  }
  expect([...said]).toEqual([sentence])
  expect(failures).toBeGreaterThan(0)
}, 60_000)
