// SPDX-License-Identifier: Apache-2.0
// Threads of the program that decode together: the answers are those of one, and what stops a thread is told.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { Session } from '../engine/session'
import { decoderUrl } from '../engine/wasm'
import { fail, type Result } from '../lib/result'
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

async function opened() {
  const sources = new FileSources()
  const session = await Session.create(module, sources)
  const trace = value(sources.open(join(fixtures, 'odd-noretcomp.perf.data')))
  session.segmentBytes(1024)
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
