// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { textAt, textColumn } from '../lib/text-column'
import { tableBuffers, emptyTable } from './columns'
import { fakeDecoder, type FakeDecoder } from './fake'
import { Session } from './session'

const sources = { failure: '', read: () => -1 }
const sessionOver = (fake: FakeDecoder, log: string[] = []) => new Session({ exports: fake, log }, sources)

function withThreads(fake: FakeDecoder) {
  const threads = {
    ...emptyTable('threads', 2),
    pid: new Int32Array([-1, 20038]),
    tid: new Int32Array([-1, 20039]),
    comm: textColumn(['', 'Größe']),
  }
  threads.instructions.set([0, 31578])
  fake.tables.set('threads', threads)
  return fake
}

describe('query', () => {
  it('copies every column and text out of the decoder', () => {
    const answer = sessionOver(withThreads(fakeDecoder())).query('threads')
    expect(answer.ok && [answer.value.rows, ...answer.value.tid, ...answer.value.instructions]).toEqual([2, -1, 20039, 0, 31578])
    expect(answer.ok && textAt(answer.value.comm, 1)).toBe('Größe')
  })

  it('asks again with the same request until the answer is ready', () => {
    const fake = withThreads(fakeDecoder())
    fake.more = 3
    expect(sessionOver(fake).query('threads').ok).toBe(true)
    expect(fake.more).toBe(-1)
  })

  it('stops asking when cancelled', () => {
    const fake = withThreads(fakeDecoder())
    fake.more = 1000
    expect(sessionOver(fake).query('threads', {}, () => true)).toEqual({ ok: false, error: { sentence: 'Reading threads was cancelled.' } })
  })

  it('lays the request out as the C struct', () => {
    const fake = withThreads(fakeDecoder())
    sessionOver(fake).query('threads', { thread: 3, flags: 5, start_ns: 1.5, end_ns: 2.5, first: 2 ** 40, count: 77, extra: 9 })
    const at = fake.request
    expect([at.getUint32(0, true), at.getUint32(4, true), at.getUint32(8, true), at.getUint32(12, true)]).toEqual([3, 3, 0xffffffff, 5])
    expect([at.getFloat64(16, true), at.getFloat64(24, true), at.getFloat64(32, true)]).toEqual([1.5, 2.5, 2 ** 40])
    expect([at.getUint32(40, true), at.getUint32(44, true)]).toEqual([77, 9])
  })

  it('refuses a table whose columns are not those of this build', () => {
    const fake = withThreads(fakeDecoder({ ptm_table_columns: () => 3 }))
    const answer = sessionOver(fake).query('threads')
    expect(answer.ok ? '' : answer.error.sentence).toContain('make -C wasm wasm')
  })

  it('lists each buffer of a table once, to hand over', () => {
    const table = emptyTable('info', 1)
    expect(tableBuffers('info', table)).toHaveLength(6)
    expect(tableBuffers('queues', emptyTable('queues', 1))).toHaveLength(5)
  })

  it('copies a table into one buffer', () => {
    const answer = sessionOver(withThreads(fakeDecoder())).query('threads')
    expect(answer.ok && tableBuffers('threads', answer.value)).toHaveLength(1)
  })
})

describe('failures', () => {
  it("passes the decoder's sentence on", () => {
    const fake = fakeDecoder({ ptm_session_open: () => 6 })
    fake.message = 'This is not a perf.data file: it begins with 7f 45 4c 46.'
    expect(sessionOver(fake).open(0, 4)).toEqual({ ok: false, error: { sentence: fake.message } })
  })

  it('has a sentence where the decoder has none', () => {
    const opened = sessionOver(fakeDecoder({ ptm_session_open: () => 3 })).open(0, 4)
    expect(opened.ok ? '' : opened.error.sentence).toContain('ran out of memory')
  })

  it('ends the session at a trap and keeps the last log lines', () => {
    const trap = () => {
      throw new WebAssembly.RuntimeError('unreachable')
    }
    const session = sessionOver(fakeDecoder({ ptm_decode_step: trap }), ['assertion failed: x'])
    const step = session.decodeStep(1)
    expect(step.ok ? null : step.error).toEqual({
      sentence: 'The decoder stopped while decoding (unreachable): this is a bug in Ptarmigan; open the trace again.',
      detail: 'assertion failed: x',
    })
    expect(session.query('info')).toEqual({ ok: false, error: { sentence: session.ended } })
    expect(session.segments()).toBe(0)
  })

  it('tells what became of an offered binary', () => {
    const states = [0, 8, 9, 6].map((status) => {
      const outcome = sessionOver(fakeDecoder({ ptm_session_add_image: () => status })).addImage(1, 10, '/bin/x')
      return outcome.ok && outcome.value.state
    })
    expect(states).toEqual(['used', 'unwanted', 'refused', 'unreadable'])
  })

  it('frees what it copied in', () => {
    const fake = fakeDecoder()
    const session = sessionOver(fake)
    const before = fake.allocated.size
    session.addImage(1, 10, '/bin/x')
    session.merge(new Uint8Array(100_000))
    expect(fake.allocated.size).toBe(before)
  })
})
