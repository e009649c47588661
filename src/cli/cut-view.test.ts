// SPDX-License-Identifier: Apache-2.0
// What was selected when a bundle of a range was made is selected in it: the
// same instruction under another ordinal, the same packet at another offset.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { textAt } from '../lib/text-column'
import { openBundle } from '../share/container'
import { makeBundle, type Ask } from '../share/make-bundle'
import { parseLink } from '../share/permalink'
import { bytesOfAll, MemorySource } from '../share/pieces'
import { noRedaction } from '../share/redaction'
import { decodeAll, infoOf, openTrace } from './trace'

const samples = resolve(import.meta.dirname, '../../public/samples')
const OFFSET_NOT_ORDINAL = 1
const START_NS_NOT_FIRST = 1

async function opened(path: string, symfs?: string) {
  const trace = await openTrace(path, symfs, true)
  if (!trace.ok) throw new Error(trace.error)
  const decoded = decodeAll(trace.value.session)
  if (!decoded.ok) throw new Error(decoded.error)
  const info = infoOf(trace.value.session)
  return { ...trace.value, origin: BigInt((info.ok && info.value.get('start_time_ns')) || '0') }
}

it('the selection of a trace is found again in a part of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-cut-'))
  try {
    const whole = await opened(join(samples, 'example.perf.data'), samples)
    const ask: Ask = (name, request) => Promise.resolve(whole.session.query(name, request))
    const threads = whole.session.query('threads')
    if (!threads.ok) throw new Error(threads.error.sentence)
    const thread = threads.value.instructions.indexOf(Math.max(...threads.value.instructions))
    const name = { pid: threads.value.pid[thread] ?? 0, tid: threads.value.tid[thread] ?? 0 }
    const range = { start_ns: 500_000, end_ns: 600_000 }
    const inRange = whole.session.query('instructions', { thread, flags: START_NS_NOT_FIRST, start_ns: 550_000, count: 400 })
    if (!inRange.ok) throw new Error(inRange.error.sentence)
    for (const pick of [0, 7, 133, 399]) {
      const rows = inRange.value
      const selected = {
        instruction: { thread, ordinal: rows.ordinal[pick] ?? 0, name, origin_ns: whole.origin },
        packet: { queue: rows.queue[pick] ?? 0, offset: rows.offset[pick] ?? 0 },
      }
      const made = await makeBundle(whole.file, 'perf.data', ask, { range, threads: null, redaction: noRedaction, title: '', note: '', view: 'tab=instructions', selected })
      if (!made.ok) throw new Error(made.error)
      const bytes = await bytesOfAll(made.value.pieces)
      const path = join(folder, 'cut.ptarmigan')
      writeFileSync(path, bytes)
      const index = await openBundle(new MemorySource(bytes))
      const view = index.ok ? parseLink(index.value.index.about.view)?.view : undefined
      const { moment, packet } = view ?? {}
      if (!moment || !packet) throw new Error('nothing is selected in the bundle')
      const part = await opened(path)
      const time_ns = Number(moment.time - part.origin * 1000n) / 1000
      const names = part.session.query('threads')
      const own = names.ok ? names.value.tid.indexOf(moment.thread.tid) : 0
      const at = part.session.query('instructions', { thread: own, flags: START_NS_NOT_FIRST, start_ns: time_ns - 0.002, count: 256 })
      if (!at.ok) throw new Error(at.error.sentence)
      const first = at.value.time_ns.findIndex((time) => time >= time_ns - 0.002)
      const found = part.session.query('instructions', { thread: own, first: (at.value.ordinal[first] ?? 0) + moment.nth, count: 1 })
      if (!found.ok) throw new Error(found.error.sentence)
      const absolute = (time: number | undefined, origin: bigint) => origin * 1000n + BigInt(Math.round((time ?? 0) * 1000))
      expect([found.value.ip[0], absolute(found.value.time_ns[0], part.origin)]).toEqual([rows.ip[pick], absolute(rows.time_ns[pick], whole.origin)])
      const packets = [
        whole.session.query('packets', { queue: selected.packet.queue, first: selected.packet.offset, flags: OFFSET_NOT_ORDINAL, count: 20 }),
        part.session.query('packets', { queue: packet.queue, first: packet.offset, flags: OFFSET_NOT_ORDINAL, count: 20 }),
      ].map((answer) => (answer.ok ? Array.from({ length: answer.value.rows }, (_, row) => textAt(answer.value.bytes, row)) : [answer.error.sentence]))
      expect(packets[0]?.length).toBe(20)
      expect(packets[1]).toEqual(packets[0])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 300_000)
