// SPDX-License-Identifier: Apache-2.0
// The S3 store against a real S3 server that this test starts.
//
// s3rver (npm): multipart, presigned URLs, ranges, listings as S3 speaks them.
// It does not check who asks, so it proves nothing about signatures.
import { createHash, randomBytes } from 'node:crypto'
import { AwsClient } from 'aws4fetch'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { CHUNK_BYTES, TAG_BYTES } from '../lib/sealed'
import { openShare, readAll } from '../share/download'
import { parseLink, type ShareLink } from '../share/link'
import { beginUpload, deleteShare, upload, type UploadPlan } from '../share/upload'
import { S3Store, type S3Options } from './s3-store'
import { startS3rver, type RunningS3 } from './s3rver-for-tests'
import { startServer, type Running } from './server-for-tests'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const open: Running[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

const random = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(length))
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const label = { name: 'n', note: '', file: 'f' }

async function start(options: S3Options, partBytes: number, now?: () => number): Promise<Running> {
  const server = await startServer({ store: new S3Store(options), limits: { partBytes }, ...(now && { now }) })
  open.push(server)
  return server
}

async function share(server: string, bytes: Uint8Array<ArrayBuffer>): Promise<{ link: ShareLink; plan: UploadPlan }> {
  const file = new Blob([bytes])
  const plan = await beginUpload({ server, file, label, lives_s: 3600 })
  if (!plan.ok) throw new Error(plan.error.sentence)
  const done = await upload(plan.value, file, { sleep: () => Promise.resolve() })
  const link = done.ok ? parseLink(done.value.link) : null
  if (!link?.ok) throw new Error(done.ok ? 'no link' : done.error.sentence)
  return { link: link.value, plan: plan.value }
}

async function readWhole(link: ShareLink): Promise<string> {
  const opened = await openShare(link)
  if (!opened.ok) return opened.error
  const hash = createHash('sha256')
  for await (const piece of readAll('it', opened.value.file)) {
    if (!piece.ok) return piece.error
    hash.update(piece.value)
  }
  return hash.digest('hex')
}

async function count(store: S3Store): Promise<{ shares: number; bytes: number }> {
  const all = { shares: 0, bytes: 0 }
  for await (const { bytes } of store.entries()) {
    all.shares++
    all.bytes += bytes
  }
  return all
}

/** What every S3 store must do. */
function behaves(options: () => S3Options): void {
  // S3 wants 5 MiB in every part but the last.
  const partBytes = 5 * (CHUNK_BYTES + TAG_BYTES)

  it('keeps a share of several parts; no byte of it passes through the server', async () => {
    const { url, server } = await start(options(), partBytes)
    const bytes = random(11 * CHUNK_BYTES + 7)
    const { link } = await share(url, bytes)
    expect(await readWhole(link)).toBe(sha(bytes))
    const text = server.app.metrics.text({})
    expect(text).not.toContain('ptarmigan_received_bytes_total')
    expect(text).toContain('route="data",method="GET",status="307"')
  })

  it('keeps the smallest share', async () => {
    const { url } = await start(options(), partBytes)
    expect(await readWhole((await share(url, random(0))).link)).toBe(sha(new Uint8Array()))
  })

  it('goes on with an upload at another server', async () => {
    const first = await start(options(), partBytes)
    const bytes = random(11 * CHUNK_BYTES)
    const plan = await beginUpload({ server: first.url, file: new Blob([bytes]), label, lives_s: 60 })
    if (!plan.ok) throw new Error(plan.error.sentence)
    const stop = new AbortController()
    const half = upload(plan.value, new Blob([bytes]), {
      signal: stop.signal,
      onProgress: ({ bytesDone }) => bytesDone > 0 && stop.abort(),
    })
    await expect(half).rejects.toThrow()
    await first.server.close()
    const second = await start(options(), partBytes)
    const done = await upload({ ...plan.value, server: second.url }, new Blob([bytes]))
    const link = parseLink(done.ok ? done.value.link : '')
    expect(link.ok && (await readWhole(link.value))).toBe(sha(bytes))
  })

  it('deletes, expires and forgets; the index follows', async () => {
    let now = Date.now()
    const prefix = `case-${randomBytes(4).toString('hex')}`
    const { url, shares } = await start({ ...options(), prefix }, partBytes, () => now)
    const store = new S3Store({ ...options(), prefix })
    const one = await share(url, random(100))
    const two = await share(url, random(200))
    expect(await count(store)).toEqual({ shares: 2, bytes: 332 })
    expect((await deleteShare(url, one.link.id, one.plan.token)).ok).toBe(true)
    expect(await readWhole(one.link)).toBe('This share was deleted by the one who shared it.')
    expect(await count(store)).toEqual({ shares: 2, bytes: 216 })
    now += 3600_000
    expect(await readWhole(two.link)).toBe('This share has expired: ask for a new link.')
    expect(await shares.sweep()).toEqual({ expired: 1, abandoned: 0, forgotten: 0 })
    expect(await count(store)).toEqual({ shares: 2, bytes: 0 })
    now += 31 * 86_400_000
    expect(await shares.sweep()).toEqual({ expired: 0, abandoned: 0, forgotten: 2 })
    expect(await count(store)).toEqual({ shares: 0, bytes: 0 })
  })

  it('an upload that was given up leaves nothing', async () => {
    let now = Date.now()
    const prefix = `case-${randomBytes(4).toString('hex')}`
    const { url, shares } = await start({ ...options(), prefix }, partBytes, () => now)
    const plan = await beginUpload({ server: url, file: new Blob([random(100)]), label, lives_s: 7 * 86_400 })
    expect(plan.ok).toBe(true)
    now += 86_400_000
    expect(await shares.sweep()).toEqual({ expired: 0, abandoned: 1, forgotten: 0 })
    expect(await count(new S3Store({ ...options(), prefix }))).toEqual({ shares: 0, bytes: 0 })
  })

  it('an entry that a crash left behind is dropped, and the share it names is not', async () => {
    let now = Date.now()
    const prefix = `case-${randomBytes(4).toString('hex')}`
    const { url, shares } = await start({ ...options(), prefix }, partBytes, () => now)
    const bytes = random(100)
    const { link } = await share(url, bytes)
    const store = new S3Store({ ...options(), prefix })
    const record = await store.readRecord(link.id)
    if (record?.state !== 'ready') throw new Error('not ready')
    await store.writeRecord(link.id, { ...record, expires_ms: now + 1000 }, null)
    await store.writeRecord(link.id, record, null)
    expect((await count(store)).shares).toBe(2)
    now += 2000
    expect(await shares.sweep()).toEqual({ expired: 0, abandoned: 0, forgotten: 0 })
    expect((await count(store)).shares).toBe(1)
    expect(await readWhole(link)).toBe(sha(bytes))
  })
}

describe('s3rver', () => {
  let s3: RunningS3 | null = null
  const options = (): S3Options => {
    if (!s3) throw new Error('s3rver is not running')
    return s3.options
  }
  beforeAll(async () => {
    s3 = await startS3rver('traces', 'team/a')
  })
  afterAll(() => s3?.stop())
  behaves(options)

  it('gone away is a failing health check, and a sentence without secrets', async () => {
    const gone = await startS3rver('traces', '')
    await gone.stop()
    await expect(new S3Store(gone.options).check()).rejects.toThrow(/^the object storage refused PUT \(.*ECONNREFUSED.*\)$/)
  })
})

/**
 * Another storage to try, one that checks signatures: "http://127.0.0.1:18080 KEY SECRET".
 * Seen with OpenStack Swift 2.30 and its s3api.
 */
const outside = (process.env['PTARMIGAN_TEST_S3'] ?? '').split(' ')
if (outside.length === 3)
  describe('the storage that PTARMIGAN_TEST_S3 names', () => {
    const [endpoint = '', accessKeyId = '', secretAccessKey = ''] = outside
    const options = { endpoint, bucket: 'ptarmigan-tests', prefix: 'a/b', region: 'us-east-1', accessKeyId, secretAccessKey }
    beforeAll(async () => {
      const client = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'us-east-1', retries: 0 })
      const made = await client.fetch(`${endpoint}/ptarmigan-tests`, { method: 'PUT' })
      expect([200, 409]).toContain(made.status)
    })
    behaves(() => options)

    it('refuses a wrong secret', async () => {
      await expect(new S3Store({ ...options, secretAccessKey: 'wrong' }).check()).rejects.toThrow(
        'the object storage refused PUT (HTTP 403 SignatureDoesNotMatch)',
      )
    })

    it('refuses a presigned URL for anything but what it was made for', async () => {
      const { url } = await new S3Store(options).read('0'.repeat(32))
      expect((await fetch(url)).status).toBe(404)
      expect((await fetch(url.replace('0'.repeat(32), '1'.repeat(32)))).status).toBe(403)
      expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403)
    })
  })
