// SPDX-License-Identifier: Apache-2.0
// What the client does with a share server that answers anything at all: a value
// or a sentence, never an exception, never without end, and never a chunk sealed
// twice with different bytes. Seeded, as fuzz.test.ts is.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CHUNK_BYTES, sealedBytes, TAG_BYTES } from '../lib/sealed'
import { readConfig } from './api'
import { deriveKeys, sealLabel } from './crypto'
import { openShare, readAll } from './download'
import { below, LONGEST_MS, many } from './fuzz-for-tests'
import { beginUpload, deleteShare, upload } from './upload'

const server = 'https://share.example/'
const numbers: readonly unknown[] = [0, 1, -1, 0.5, 1.5, 2, 16, 16.5, 2 ** 31, 2 ** 53, 1e300, -1e300, null, '1', true, [], {}]
const urls: readonly unknown[] = ['', '/', '/api/shares/x/parts/1', '//evil.example/x', 'https://evil.example/x', 'http://[', 'data:,x', 'a b', null, 7, {}]

type Answer = Record<string, unknown>
type Sent = { url: string; token: boolean; body: Uint8Array<ArrayBuffer> | null }
let sent: Sent[]
let answerTo: (url: string, method: string) => { status: number; body: string; headers?: Record<string, string> }

beforeEach(() => {
  sent = []
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    const body = init.body instanceof Blob ? new Uint8Array(await init.body.arrayBuffer()) : null
    sent.push({ url, token: headers.has('Authorization'), body })
    if (sent.length > 2000) throw new Error('asked without end')
    const { status, body: text, headers: more } = answerTo(url, init.method ?? 'GET')
    return new Response(status === 204 || status === 304 ? null : text, { status, headers: more ?? {} })
  })
  // Waits between attempts take no time here.
  vi.stubGlobal('setTimeout', (done: () => void) => queueMicrotask(done))
})
afterEach(() => {
  vi.unstubAllGlobals()
})

/** An answer with some of its fields gone or replaced, or no JSON at all. */
function spoilt(random: () => number, whole: Answer): { status: number; body: string; headers?: Record<string, string> } {
  const status = random() < 0.7 ? 200 : ([201, 204, 301, 400, 401, 404, 409, 410, 413, 429, 500, 503][below(random, 12)] ?? 200)
  if (random() < 0.1) return { status, body: ['', 'null', '[]', '"x"', '{', '<html>', '{"error":7}', '{"error":"gone","sentence":"It is gone."}', '1e999'][below(random, 9)] ?? '' }
  const made: Answer = { ...whole }
  for (const key of Object.keys(made))
    if (random() < 0.3) {
      if (random() < 0.2) delete made[key]
      else made[key] = random() < 0.8 ? numbers[below(random, numbers.length)] : urls[below(random, urls.length)]
    }
  return { status, body: JSON.stringify(made), headers: random() < 0.1 ? { 'retry-after': ['0', '-1', 'x', '1e9'][below(random, 4)] ?? '' } : {} }
}

describe('a share server that answers anything', () => {
  it('when asked what it can do', async () => {
    await many(2000, async (random) => {
      sent = []
      answerTo = () => spoilt(random, { version: 1, share: random() < 0.8 ? JSON.parse(spoilt(random, { maxBytes: 1000, maxLife_s: 60, readers: 'anyone', user: null }).body || 'null') as unknown : numbers[below(random, numbers.length)] })
      const config = await readConfig(server)
      if (config !== null) expect([typeof config.maxBytes, typeof config.maxLife_s, typeof config.readers]).toEqual(['number', 'number', 'string'])
    })
  }, LONGEST_MS)

  it('when a share is opened and read', async () => {
    const secret = new Uint8Array(40).fill(3)
    const label = (await sealLabel((await deriveKeys(secret)).label, { name: 'n', note: '', file: 'f' })) ?? ''
    await many(1500, async (random) => {
      sent = []
      answerTo = (url) =>
        url.endsWith('/data')
          ? { status: random() < 0.5 ? 206 : 200, body: 'x'.repeat(below(random, 200)), headers: random() < 0.5 ? { 'content-range': `bytes 0-${below(random, 99)}/${below(random, 999)}` } : {} }
          : spoilt(random, { format: 1, bytes: 116, label, created_ms: 1, expires_ms: 2, data: '/x' })
      const opened = await openShare({ server, id: '0'.repeat(32), secret })
      if (!opened.ok) return expect(opened.error).not.toBe('')
      expect([new Date(opened.value.created_ms).toISOString(), new Date(opened.value.expires_ms).toISOString()].length).toBe(2)
      expect(Number.isSafeInteger(opened.value.file.size)).toBe(true)
      if (opened.value.file.size > 1000) return
      for await (const piece of readAll('n', opened.value.file)) expect(piece.ok ? '' : piece.error).not.toBe('')
    })
  }, LONGEST_MS)

  it('when something is uploaded: no chunk is sealed with other bytes than its own', async () => {
    const file = new Blob([new Uint8Array(CHUNK_BYTES + 5000).fill(9)])
    const total = sealedBytes(file.size)
    await many(60, async (random) => {
      sent = []
      let missing = 2
      answerTo = (url, method) => {
        if (url.endsWith('/api/shares')) return { status: 200, body: JSON.stringify({ id: '0'.repeat(32), expires_ms: 1 }) }
        if (url.endsWith('/parts')) {
          const parts = [1, 2].map((number) => JSON.parse(spoilt(random, { number, url: `/api/part/${number}`, direct: false }).body || 'null') as unknown)
          return spoilt(random, { bytes: total, partBytes: CHUNK_BYTES + TAG_BYTES, missing, parts })
        }
        if (method === 'PUT') missing = Math.max(0, missing - 1)
        return spoilt(random, { done: true })
      }
      const plan = await beginUpload({ server, file, label: { name: '', note: '', file: 'f' }, lives_s: 60 })
      if (!plan.ok) return expect(plan.error.sentence).not.toBe('')
      const done = await upload(plan.value, file, { sleep: () => Promise.resolve() })
      if (!done.ok) expect(done.error.sentence).not.toBe('')
      const chunks = new Set(sent.flatMap(({ body }) => (body && body.length > 0 ? [`${body.length} ${Buffer.from(body.subarray(0, 64)).toString('hex')}`] : [])))
      expect(chunks.size).toBeLessThanOrEqual(2)
      expect(sent.filter(({ url, token }) => token && !url.startsWith(server))).toEqual([])
    })
  }, LONGEST_MS)

  it.each([
    ['half a part', { parts: [{ number: 1.5, url: '/p', direct: false }] }],
    ['a part before the first', { parts: [{ number: 0, url: '/p', direct: false }] }],
    ['a part behind the last', { parts: [{ number: 3, url: '/p', direct: false }] }],
    ['parts of no size', { partBytes: 0 }],
    ['parts of less than a chunk', { partBytes: 1000 }],
    ['more missing parts than there are', { missing: 3 }],
    ['a place for the token that is another server', { parts: [{ number: 1, url: 'https://evil.example/p', direct: false }] }],
    ['a direct place that is no address', { parts: [{ number: 1, url: 'http://[', direct: true }] }],
  ])('an upload stops at %s', async (_, wrong) => {
    const file = new Blob([new Uint8Array(CHUNK_BYTES + 5000).fill(9)])
    const whole = { bytes: sealedBytes(file.size), partBytes: CHUNK_BYTES + TAG_BYTES, missing: 2, parts: [{ number: 1, url: '/p', direct: false }] }
    answerTo = (url) =>
      url.endsWith('/api/shares')
        ? { status: 200, body: JSON.stringify({ id: '0'.repeat(32), expires_ms: 1 }) }
        : { status: 200, body: JSON.stringify({ ...whole, ...wrong }) }
    const plan = await beginUpload({ server, file, label: { name: '', note: '', file: 'f' }, lives_s: 60 })
    if (!plan.ok) throw new Error(plan.error.sentence)
    const done = await upload(plan.value, file, { sleep: () => Promise.resolve() })
    expect(done.ok ? '' : done.error.sentence).toBe('The share server gave an answer that makes no sense.')
    expect(sent.filter(({ body }) => body !== null)).toEqual([])
  })

  it('an upload to a server that forgets every part ends', async () => {
    const file = new Blob(['x'])
    const parts = { bytes: sealedBytes(1), partBytes: CHUNK_BYTES + TAG_BYTES, missing: 1, parts: [{ number: 1, url: '/p', direct: false }] }
    answerTo = (url) => ({ status: 200, body: JSON.stringify(url.endsWith('/api/shares') ? { id: '0'.repeat(32), expires_ms: 1 } : parts) })
    const plan = await beginUpload({ server, file, label: { name: '', note: '', file: 'f' }, lives_s: 60 })
    if (!plan.ok) throw new Error(plan.error.sentence)
    const done = await upload(plan.value, file, { sleep: () => Promise.resolve() })
    expect(done.ok ? '' : done.error.sentence).toBe('The share server gave an answer that makes no sense.')
  })

  it('when it makes a place, or deletes one', async () => {
    const file = new Blob(['x'])
    await many(500, async (random) => {
      sent = []
      answerTo = () => spoilt(random, { id: '0'.repeat(32), expires_ms: 1 })
      const plan = await beginUpload({ server, file, label: { name: '', note: '', file: 'f' }, lives_s: 60 })
      if (plan.ok) expect(plan.value.id).toMatch(/^[0-9a-f]{32}$/)
      else expect(plan.error.sentence).not.toBe('')
      const deleted = await deleteShare(server, '0'.repeat(32), 't')
      if (!deleted.ok) expect(deleted.error.sentence).not.toBe('')
    })
  }, LONGEST_MS)
})
