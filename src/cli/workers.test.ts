// SPDX-License-Identifier: Apache-2.0
// What several workers make of a trace, with the real decoder: whatever the cut, the
// number of workers and the order in which they are done, every table is the same.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Session } from '../engine/session'
import { decoderUrl } from '../engine/wasm'
import type { Result } from '../lib/result'
import { ALL } from '../model/tables.gen'
import { FileSources } from './file-sources'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const module = new WebAssembly.Module(readFileSync(decoderUrl))
const tables = ['queues', 'threads', 'call_tree', 'calls', 'gaps', 'blocks'] as const

function value<Value>(result: Result<Value, unknown>): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

async function open(name: string, binary: string, segmentBytes: number): Promise<{ session: Session; sources: FileSources }> {
  const sources = new FileSources()
  const session = await Session.create(module, sources)
  const trace = value(sources.open(join(fixtures, `${name}.perf.data`)))
  session.segmentBytes(segmentBytes)
  value(session.open(trace.source, trace.size))
  const image = value(sources.open(join(fixtures, 'symfs/opt/ptarmigan', binary)))
  expect(value(session.addImage(image.source, image.size, `/opt/ptarmigan/${binary}`)).state).toBe('used')
  return { session, sources }
}

function decode(session: Session, segment: number): Uint8Array {
  value(session.decodeStart(segment))
  while (value(session.decodeStep(4096)) === 'more');
  return value(session.part())
}

/** All tables; rows of functions are in order of who met them first, so a function is told by its address. */
function answers(session: Session) {
  const { address } = value(session.query('functions', { count: ALL }))
  return tables.map((name) => {
    const table = value(session.query(name, { count: ALL }))
    const known = 'function' in table ? { ...table, function: BigUint64Array.from(table.function, (row) => address[row] ?? 0n) } : table
    // Compared as text: an array is compared element by element, which takes a minute.
    const text = JSON.stringify(known, (_, column: unknown) => (ArrayBuffer.isView(column) ? Buffer.from(column.buffer, column.byteOffset, column.byteLength).toString('hex') : column))
    return `${name}: ${table.rows} rows, ${createHash('sha256').update(text).digest('hex')}`
  })
}

/** All tables of the trace, decoded in segments of about `segmentBytes` by `workers` that go on from a copy of the one that merges. */
async function decoded(name: string, binary: string, segmentBytes: number, workers: number, reversed = false) {
  const { session, sources } = await open(name, binary, segmentBytes)
  const image = value(session.image())
  const decoders = await Promise.all(Array.from({ length: workers }, () => Session.resume(module, sources, image)))
  const count = session.segments()
  const order = Array.from({ length: count }, (_, at) => (reversed ? count - 1 - at : at))
  for (const segment of order) value(session.merge(decode(decoders[segment % workers] ?? session, segment)))
  return { count, breaks: value(session.clockBreaks()), tables: answers(session) }
}

const traces = [
  ['calls-mtc9', 'calls', 3],
  ['calls-psb0', 'calls', 5],
  ['odd-noretcomp', 'odd', 6],
] as const

test.each(traces)('%s is the same for any cut, number of workers and order', async (name, binary, segments) => {
  const whole = await decoded(name, binary, 0, 0)
  expect(whole.count).toBe(1)
  const one = await decoded(name, binary, 1024, 1)
  expect([one.count, one.breaks]).toEqual([segments, 0])
  expect(one.tables).toEqual(whole.tables)
  expect((await decoded(name, binary, 1024, 2)).tables).toEqual(whole.tables)
  expect((await decoded(name, binary, 1024, 3, true)).tables).toEqual(whole.tables)
}, 60_000)
