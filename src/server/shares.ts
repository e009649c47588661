// SPDX-License-Identifier: Apache-2.0
// What may be done with shares, over any store: create, upload, finish, read,
// delete; quota, expiry, sweeping. Holds nothing that another server process
// on the same store would need.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { plainBytes, SEALED_FORMAT } from '../lib/sealed'
import { fail, ok, type Result } from '../lib/result'
import {
  HASH_PATTERN,
  ID_PATTERN,
  LABEL_PATTERN,
  PART_BYTES,
  partCount,
  partRange,
  paths,
  type CreateAnswer,
  type CreateRequest,
  type PartsAnswer,
  type Refusal,
  type RefusalCode,
  type ShareAnswer,
} from '../share/wire'
import { bytesOf, dueOf, isLive, type LiveRecord, type ShareRecord, type ShareStore } from './store'

export type ShareLimits = { maxBytes: number; maxLife_s: number; quotaBytes: number; partBytes: number }

export const defaultLimits: ShareLimits = {
  maxBytes: 2 * 2 ** 30,
  maxLife_s: 30 * 86_400,
  quotaBytes: 20 * 2 ** 30,
  partBytes: PART_BYTES,
}

const USAGE_MS = 60_000
const PARTS_AT_ONCE = 64
const refuse = (error: RefusalCode, sentence: string): { ok: false; error: Refusal } => fail({ error, sentence })

const notFound = () => refuse('not-found', 'There is no such share: the link is mistyped, or it expired or was deleted long ago.')

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MB`
const days = (seconds: number): string =>
  seconds >= 86_400 ? `${+(seconds / 86_400).toFixed(1)} days` : `${+(seconds / 3600).toFixed(1)} hours`

export type SweepOutcome = { expired: number; abandoned: number; forgotten: number }

export class Shares {
  private usage = { bytes: 0, shares: 0, at_ms: -Infinity }
  private counting: Promise<void> | null = null

  constructor(
    readonly store: ShareStore,
    readonly limits: ShareLimits = defaultLimits,
    private readonly now: () => number = Date.now,
  ) {}

  async create(body: unknown): Promise<Result<CreateAnswer, Refusal>> {
    const request = this.checkCreate(body)
    if (!request.ok) return request
    const { bytes, lives_s, label, owner } = request.value
    const usage = await this.used()
    if (usage.bytes + bytes > this.limits.quotaBytes)
      return refuse(
        'full',
        `The server has no room for ${megabytes(bytes)}: ${megabytes(usage.bytes)} of ${megabytes(this.limits.quotaBytes)} are taken. Try again when shares have expired, or share less.`,
      )
    this.usage.bytes += bytes
    this.usage.shares++
    const id = randomBytes(16).toString('hex')
    const created_ms = this.now()
    const record: LiveRecord = {
      version: 1,
      state: 'uploading',
      format: SEALED_FORMAT,
      bytes,
      partBytes: this.limits.partBytes,
      created_ms,
      expires_ms: created_ms + lives_s * 1000,
      label,
      owner,
      upload: await this.store.begin(id),
    }
    await this.store.writeRecord(id, record, null)
    return ok({ id, expires_ms: record.expires_ms, partBytes: record.partBytes })
  }

  private checkCreate(body: unknown): Result<CreateRequest, Refusal> {
    const request = createRequestOf(body)
    if (!request)
      return refuse(
        'bad-request',
        'The request to share is not one that this server understands: the page may be older or newer than it. Reload the page.',
      )
    const { bytes, lives_s } = request
    const { maxBytes, maxLife_s, partBytes } = this.limits
    if (bytes > maxBytes)
      return refuse(
        'too-large',
        `This is ${megabytes(bytes)} and the server takes at most ${megabytes(maxBytes)}: share a shorter range, or fewer threads.`,
      )
    if (partCount(bytes, partBytes) > 10_000)
      return refuse('too-large', `This is ${megabytes(bytes)}, more than can be uploaded in 10,000 parts.`)
    if (lives_s > maxLife_s) return refuse('too-long', `This server keeps shares for at most ${days(maxLife_s)}.`)
    return ok(request)
  }

  /** The share that `id` names if `token` is its owner's; nobody learns more about a share than its link tells. */
  private async owned(id: string, token: string | null): Promise<Result<LiveRecord, Refusal>> {
    const record = await this.find(id)
    if (!record.ok) return record
    if (token === null || !sameHash(record.value.owner, token)) return refuse('forbidden', 'This is not the delete token of this share.')
    return record
  }

  private async find(id: string): Promise<Result<LiveRecord, Refusal>> {
    const record = ID_PATTERN.test(id) ? await this.store.readRecord(id) : null
    if (!record) return notFound()
    if (record.state === 'deleted') return refuse('deleted', 'This share was deleted by the one who shared it.')
    if (!isLive(record) || record.expires_ms <= this.now()) return refuse('expired', 'This share has expired: ask for a new link.')
    return ok(record)
  }

  /** The parts that are not there yet, the first of them with where they go. */
  async parts(id: string, token: string | null): Promise<Result<PartsAnswer, Refusal>> {
    const found = await this.uploading(id, token)
    if (!found.ok) return found
    const record = found.value
    const received = await this.store.receivedParts(id, record)
    const missing: number[] = []
    for (let number = 1; number <= partCount(record.bytes, record.partBytes); number++) if (!received.has(number)) missing.push(number)
    const parts = await Promise.all(
      missing.slice(0, PARTS_AT_ONCE).map(async (number) => {
        const url = await this.store.partUrl(id, record, number)
        return { number, url: url ?? paths.part(id, number), direct: url !== null }
      }),
    )
    return ok({ bytes: record.bytes, partBytes: record.partBytes, missing: missing.length, parts })
  }

  private async uploading(id: string, token: string | null): Promise<Result<LiveRecord, Refusal>> {
    const found = await this.owned(id, token)
    if (!found.ok) return found
    if (found.value.state !== 'uploading') return refuse('finished', 'This share is complete: it cannot be changed any more.')
    return ok(found.value)
  }

  /** May this part be sent, and how long must it be? Asked before any of its bytes are read. */
  async expectPart(id: string, number: number, token: string | null): Promise<Result<number, Refusal>> {
    const found = await this.uploading(id, token)
    if (!found.ok) return found
    const { bytes, partBytes } = found.value
    if (!Number.isSafeInteger(number) || number < 1 || number > partCount(bytes, partBytes))
      return refuse('bad-request', `There is no part ${number} in this upload.`)
    if ((await this.store.partUrl(id, found.value, number)) !== null)
      return refuse('bad-request', 'Parts of this upload go to the object storage, not to this server.')
    const { start, end } = partRange(number, bytes, partBytes)
    return ok(end - start)
  }

  async putPart(id: string, number: number, token: string | null, body: AsyncIterable<Uint8Array>): Promise<Result<void, Refusal>> {
    const length = await this.expectPart(id, number, token)
    if (!length.ok) return length
    const kept = await this.store.putPart(id, number, body, length.value, async () => (await this.uploading(id, token)).ok)
    return kept ? ok(undefined) : refuse('bad-request', `Part ${number} is not the ${length.value} bytes it should be, or came too late.`)
  }

  /** Ends the upload; again and again with the same answer. */
  async complete(id: string, token: string | null): Promise<Result<{ expires_ms: number }, Refusal>> {
    const found = await this.owned(id, token)
    if (!found.ok) return found
    const record = found.value
    if (record.state === 'uploading') {
      const received = await this.store.receivedParts(id, record)
      const missing = partCount(record.bytes, record.partBytes) - received.size
      if (missing > 0) return refuse('incomplete', `${missing} parts have not arrived.`)
      await this.store.finish(id, record)
      await this.store.writeRecord(id, { ...record, state: 'ready', upload: '' }, record)
    }
    return ok({ expires_ms: record.expires_ms })
  }

  private async ready(id: string): Promise<Result<LiveRecord, Refusal>> {
    const found = await this.find(id)
    if (found.ok && found.value.state !== 'ready')
      return refuse('incomplete', 'This share is still being uploaded: try again when the upload is finished.')
    return found
  }

  async describe(id: string): Promise<Result<ShareAnswer, Refusal>> {
    const found = await this.ready(id)
    if (!found.ok) return found
    const { format, bytes, label, created_ms, expires_ms } = found.value
    return ok({ format, bytes, label, created_ms, expires_ms, data: paths.data(id) })
  }

  /** The record whose bytes `read` gives. */
  readable(id: string): Promise<Result<LiveRecord, Refusal>> {
    return this.ready(id)
  }

  read(id: string, record: LiveRecord, start: number, end: number): ReturnType<ShareStore['read']> {
    return this.store.read(id, record, start, end)
  }

  async remove(id: string, token: string | null): Promise<Result<void, Refusal>> {
    const found = await this.owned(id, token)
    if (!found.ok) return found
    await this.bury(id, found.value, 'deleted')
    return ok(undefined)
  }

  /** The record goes first: from then on nobody is told where the bytes are. */
  private async bury(id: string, record: ShareRecord, state: 'deleted' | 'expired'): Promise<void> {
    await this.store.writeRecord(id, { version: 1, state, gone_ms: this.now() }, record)
    if (isLive(record)) await this.store.removeData(id, record)
    this.usage.bytes = Math.max(0, this.usage.bytes - bytesOf(record))
  }

  /** Removes what has expired, was given up, or has been gone long enough. */
  async sweep(): Promise<SweepOutcome> {
    const outcome = { expired: 0, abandoned: 0, forgotten: 0 }
    for await (const entry of this.store.entries()) {
      const { id, due_ms } = entry
      if (due_ms > this.now()) continue
      const record = await this.store.readRecord(id)
      if (!record || dueOf(record) > this.now()) await this.store.dropEntry(entry)
      else if (record.state === 'ready' || (record.state === 'uploading' && record.expires_ms <= this.now())) {
        await this.bury(id, record, 'expired')
        outcome.expired++
      } else if (record.state === 'uploading') {
        await this.store.removeData(id, record)
        await this.store.removeRecord(id, record)
        outcome.abandoned++
      } else {
        await this.store.removeRecord(id, record)
        outcome.forgotten++
      }
    }
    this.usage.at_ms = -Infinity
    return outcome
  }

  /** Bytes that shares take, at most a minute old; what this process added since is counted. */
  async used(): Promise<{ bytes: number; shares: number }> {
    if (this.usage.at_ms + USAGE_MS < this.now()) this.counting ??= this.count().finally(() => (this.counting = null))
    await this.counting
    return this.usage
  }

  private async count(): Promise<void> {
    const before = { ...this.usage }
    let bytes = 0
    let shares = 0
    for await (const entry of this.store.entries()) {
      bytes += entry.bytes
      if (entry.bytes > 0) shares++
    }
    // What was created while we counted may or may not have been seen: count it.
    const added = Math.max(0, this.usage.bytes - before.bytes)
    this.usage = { bytes: bytes + added, shares, at_ms: this.now() }
  }
}

function sameHash(owner: string, token: string): boolean {
  const hash = createHash('sha256').update(token).digest('base64url')
  return hash.length === owner.length && timingSafeEqual(Buffer.from(hash), Buffer.from(owner))
}

function createRequestOf(body: unknown): CreateRequest | null {
  if (typeof body !== 'object' || body === null) return null
  const { format, bytes, lives_s, label, owner } = body as Record<string, unknown>
  if (format !== SEALED_FORMAT) return null
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || plainBytes(bytes) === null) return null
  if (typeof lives_s !== 'number' || !Number.isSafeInteger(lives_s) || lives_s < 1) return null
  if (typeof label !== 'string' || !LABEL_PATTERN.test(label)) return null
  if (typeof owner !== 'string' || !HASH_PATTERN.test(owner)) return null
  return { format, bytes, lives_s, label, owner }
}
