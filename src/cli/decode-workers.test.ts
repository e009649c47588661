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
import { goingOn, idleStretches } from '../test-support/longer-trace'
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

it('decodes all again, in one thread, where a clock was guessed wrong', async () => {
  // The recording told the ratio of the bus once: who looks back as far as is usual takes it for unknown. So does
  // the second thread, which begins at the third segment.
  const trace = goingOn(recorded, idleStretches(80, 4096))
  let again = 0
  const open = () => opened(trace, 48 << 10)
  const reopen = async () => (again++, ok(await open()))
  const { session } = value(await decodeTrace(await open(), 2, reopen, program))
  expect(again).toBe(1)
  const one = value(await decodeTrace(await open(), 1, unneeded, program)).session
  expect(session.segments()).toBe(7)
  expect([session.clockBreaks(), one.clockBreaks()]).toEqual([ok(0), ok(0)])
  for (const name of ['segments', 'functions', 'call_tree', 'gaps', 'threads'] as const)
    expect(value(session.query(name, { count: 10_000 }))).toEqual(value(one.query(name, { count: 10_000 })))
}, 60_000)
