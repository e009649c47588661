// SPDX-License-Identifier: Apache-2.0
// Uploads a file to a share server, sealed on the way: part by part, each sent
// again until it has arrived, going on where a lost network or a reloaded page
// left off. The plan of an upload is plain data, so that it can be kept.
import { fail, ok, type Result } from '../lib/result'
import { CHUNK_BYTES, plainRange, sealedBytes, TAG_BYTES } from '../lib/sealed'
import { ask, call, type ApiFailure } from './api'
import { deriveKeys, hashToken, randomSecret, randomToken, sealLabel, Sealer, toBase64Url, fromBase64Url, type ShareLabel } from './crypto'
import { formatLink } from './link'
import { ID_PATTERN, isCount, isTime, partCount, partRange, paths, type PartsAnswer, type PartTarget } from './wire'

/** All that is needed to go on with an upload, beside the very same bytes. */
export type UploadPlan = {
  server: string
  id: string
  /** The link's secret and the owner's token, base64url. */
  secret: string
  token: string
  bytes: number
  expires_ms: number
  label: ShareLabel
}

export type Uploaded = { link: string; token: string; expires_ms: number }

export type UploadProgress = {
  bytesDone: number
  bytesTotal: number
  /** Why nothing moves at the moment; empty while it does. */
  waiting: string
}

export type UploadOptions = {
  onProgress?: (progress: UploadProgress) => void
  signal?: AbortSignal
  /** Waits between attempts; tests bring their own. */
  sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

const noSense = 'The share server gave an answer that makes no sense.'
const PARTS_AT_ONCE = 3
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
/** Without any part arriving between them: about half an hour of a lost network. */
const MOST_ATTEMPTS = 60

export type ShareRequest = { server: string; file: Blob; label: ShareLabel; lives_s: number }

/** Asks the server for a place; nothing of the file is sent. */
export async function beginUpload(
  { server, file, label, lives_s }: ShareRequest,
  signal?: AbortSignal,
): Promise<Result<UploadPlan, ApiFailure>> {
  const secret = randomSecret()
  const token = randomToken()
  const { label: labelKeys } = await deriveKeys(secret)
  const sealed = await sealLabel(labelKeys, label)
  if (sealed === null) return fail(refused('Name and note together are too long: at most about 5,000 letters.'))
  const json = { format: 1, bytes: sealedBytes(file.size), lives_s, label: sealed, owner: await hashToken(token) }
  const made = await ask({ server, path: paths.create, method: 'POST', json, signal })
  if (!made.ok) return made
  const { id, expires_ms } = made.value
  if (typeof id !== 'string' || !ID_PATTERN.test(id) || !isTime(expires_ms)) return fail(refused(noSense))
  return ok({ server, id, secret: toBase64Url(secret), token, bytes: file.size, expires_ms, label })
}

const refused = (sentence: string): ApiFailure => ({ code: 'bad-request', sentence, again: false, wait_s: 0 })

export function uploadedOf(plan: UploadPlan): Uploaded {
  const secret = fromBase64Url(plan.secret) ?? new Uint8Array()
  return { link: formatLink({ server: plan.server, id: plan.id, secret }), token: plan.token, expires_ms: plan.expires_ms }
}

/** Sends all that the server does not have yet; rejects only when `signal` says so. */
export async function upload(plan: UploadPlan, file: Blob, options: UploadOptions = {}): Promise<Result<Uploaded, ApiFailure>> {
  return new Upload(plan, file, options).run()
}

class Upload {
  private attempts = 0
  private rounds = 0
  private bytesDone = 0
  private readonly total: number

  constructor(
    private readonly plan: UploadPlan,
    private readonly file: Blob,
    private readonly options: UploadOptions,
  ) {
    this.total = sealedBytes(plan.bytes)
  }

  private get signal(): AbortSignal | undefined {
    return this.options.signal
  }

  async run(): Promise<Result<Uploaded, ApiFailure>> {
    const { plan, file } = this
    const secret = fromBase64Url(plan.secret)
    if (!secret || file.size !== plan.bytes) return fail(refused('These are not the bytes that this upload began with: share again.'))
    const sealer = new Sealer((await deriveKeys(secret)).data, plan.bytes)
    for (;;) {
      const round = await this.round(sealer)
      if (round.ok && round.value === 'done') return ok(uploadedOf(plan))
      if (round.ok) continue
      if (!round.error.again || ++this.attempts > MOST_ATTEMPTS) return round
      this.tell(round.error.sentence)
      await this.pause(round.error)
      this.tell('')
    }
  }

  private tell(waiting: string): void {
    this.options.onProgress?.({ bytesDone: this.bytesDone, bytesTotal: this.total, waiting })
  }

  private async pause({ wait_s }: ApiFailure): Promise<void> {
    const doubled = FIRST_WAIT_MS * 2 ** Math.min(this.attempts - 1, 10)
    const ms = Math.max(wait_s * 1000, Math.min(LONGEST_WAIT_MS, doubled) * (0.5 + Math.random() / 2))
    await (this.options.sleep ?? sleep)(ms, this.signal)
  }

  /** Asks what is missing, sends some of it, and completes when nothing is. */
  private async round(sealer: Sealer): Promise<Result<'more' | 'done', ApiFailure>> {
    const { server, id, token } = this.plan
    const asked = await call({ server, path: paths.parts(id), token, signal: this.signal })
    // Another attempt of ours completed it, and its answer was lost.
    if (!asked.ok) return asked.error.code === 'finished' ? ok('done') : asked
    const answer = partsOf(asked.value)
    if (!answer || !this.makesSense(answer)) return fail(refused(noSense))
    this.bytesDone = this.total - Math.min(this.total, answer.missing * answer.partBytes)
    this.tell('')
    if (answer.missing > 0) return this.sendParts(sealer, answer)
    const completed = await call({ server, path: paths.complete(id), method: 'POST', token, signal: this.signal })
    if (completed.ok) return ok('done')
    return completed.error.code === 'incomplete' ? ok('more') : completed
  }

  /** Only whole chunks are ever sealed: a chunk of other bytes under the same nonce would give its key away. */
  private makesSense({ bytes, partBytes, missing, parts }: PartsAnswer): boolean {
    if (bytes !== this.total || partBytes <= 0 || partBytes % (CHUNK_BYTES + TAG_BYTES) !== 0) return false
    const count = partCount(bytes, partBytes)
    // Each round brings a part at least; a server that forgets them all again is not asked for ever.
    if (missing > count || ++this.rounds > 2 * count + MOST_ATTEMPTS) return false
    return parts.every(({ number, url, direct }) => number >= 1 && number <= count && (direct ? URL.canParse(url) : isOwn(this.plan.server, url)))
  }

  private async sendParts(sealer: Sealer, answer: PartsAnswer): Promise<Result<'more', ApiFailure>> {
    const waiting = [...answer.parts]
    let failure: ApiFailure | null = null
    const lane = async (): Promise<void> => {
      for (let part = waiting.shift(); part && !failure; part = waiting.shift()) {
        const { start, end } = partRange(part.number, this.total, answer.partBytes)
        const sent = await this.sendPart(part, await this.sealRange(sealer, start, end))
        if (!sent.ok) failure = sent.error
        else {
          this.attempts = 0
          this.bytesDone = Math.min(this.total, this.bytesDone + end - start)
          this.tell('')
        }
      }
    }
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, lane))
    return failure ? fail(failure) : ok('more')
  }

  /** Sealed bytes `start` to `end`, which lie on chunks' bounds. */
  private async sealRange(sealer: Sealer, start: number, end: number): Promise<Blob> {
    const size = CHUNK_BYTES + TAG_BYTES
    const pieces: Uint8Array<ArrayBuffer>[] = []
    for (let index = start / size; index * size < end; index++) {
      const range = plainRange(index, this.plan.bytes)
      pieces.push(await sealer.seal(index, new Uint8Array(await this.file.slice(range.start, range.end).arrayBuffer())))
    }
    return new Blob(pieces)
  }

  private async sendPart(part: PartTarget, body: Blob): Promise<Result<unknown, ApiFailure>> {
    const { server, token } = this.plan
    if (!part.direct) return call({ server, path: part.url, method: 'PUT', token, body, signal: this.signal })
    const host = new URL(part.url).host
    const failed = (sentence: string): Result<never, ApiFailure> => fail({ code: 'unreachable', sentence, again: true, wait_s: 0 })
    try {
      const response = await fetch(part.url, { method: 'PUT', body, ...(this.signal && { signal: this.signal }) })
      await response.arrayBuffer()
      return response.ok ? ok(undefined) : failed(`The object storage ${host} refused a part (HTTP ${response.status}).`)
    } catch (error) {
      if (this.signal?.aborted) throw error
      return failed(`The object storage ${host} cannot be reached, or does not allow this page to write to it (CORS).`)
    }
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'))
    })
  })
}

function partsOf(value: Record<string, unknown>): PartsAnswer | null {
  const { bytes, partBytes, missing, parts } = value
  if (!isCount(bytes) || !isCount(partBytes) || !isCount(missing) || !Array.isArray(parts)) return null
  const targets = parts.flatMap((part: unknown): PartTarget[] => {
    if (typeof part !== 'object' || part === null) return []
    const { number, url, direct } = part as Record<string, unknown>
    return isCount(number) && typeof url === 'string' ? [{ number, url, direct: direct === true }] : []
  })
  return missing > 0 && targets.length === 0 ? null : { bytes, partBytes, missing, parts: targets }
}

/** Whether what the server calls an address of its own is one: the owner's token goes there. */
function isOwn(server: string, path: string): boolean {
  const relative = path.replace(/^\//, '')
  return URL.canParse(relative, server) && new URL(relative, server).origin === new URL(server).origin
}

/** Deletes a share for good. */
export async function deleteShare(server: string, id: string, token: string): Promise<Result<void, ApiFailure>> {
  const deleted = await call({ server, path: paths.share(id), method: 'DELETE', token })
  return deleted.ok ? ok(undefined) : deleted
}
