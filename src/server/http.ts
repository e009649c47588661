// SPDX-License-Identifier: Apache-2.0
// Small things HTTP: bodies, ranges, answers, and never waiting for a reader
// or a writer that does not move.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fail, ok, type Result } from '../lib/result'
import type { Refusal, RefusalCode } from '../share/wire'
import { inert } from './headers'

const MOST_JSON_BYTES = 32 << 10

export const statusOf: Record<RefusalCode, number> = {
  'bad-request': 400,
  'too-large': 413,
  'too-long': 400,
  full: 507,
  limited: 429,
  busy: 503,
  'sign-in': 401,
  forbidden: 403,
  'not-found': 404,
  deleted: 410,
  expired: 410,
  incomplete: 409,
  finished: 409,
  damaged: 409,
  off: 404,
  failed: 500,
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    ...inert,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}

export function sendRefusal(response: ServerResponse, refusal: Refusal, headers: Record<string, string> = {}): void {
  sendJson(response, statusOf[refusal.error], refusal, headers)
}

export const refusal = (error: RefusalCode, sentence: string): { ok: false; error: Refusal } => fail({ error, sentence })

/** The token of "Authorization: Bearer …". */
export const bearer = (request: IncomingMessage): string | null =>
  /^Bearer ([\w-]{16,128})$/.exec(request.headers.authorization ?? '')?.[1] ?? null

export async function readJson(request: IncomingMessage): Promise<Result<unknown, Refusal>> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return refusal('bad-request', 'The request must be application/json.')
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request) {
    const part: unknown = piece
    if (!Buffer.isBuffer(part)) continue
    bytes += part.length
    if (bytes > MOST_JSON_BYTES) return refusal('too-large', 'The request is too long.')
    pieces.push(part)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'))
    return ok(value)
  } catch {
    return refusal('bad-request', 'The request is no JSON.')
  }
}

/** A single byte range of `total` bytes, end exclusive; null: all of it (none, or several, were asked for); 'bad': there is no such range. */
export function parseRange(header: string | undefined, total: number): { start: number; end: number } | null | 'bad' {
  if (header === undefined) return null
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header.trim()) ?? []
  if (first === '' && last === '') return /^bytes=.*,/.test(header) ? null : 'bad'
  if (first === '') {
    const length = Math.min(Number(last), total)
    return length > 0 ? { start: total - length, end: total } : 'bad'
  }
  const start = Number(first)
  const end = last === '' ? total : Math.min(Number(last) + 1, total)
  return start < end ? { start, end } : 'bad'
}

/** Sends pieces as fast as they are taken; rejects when none is taken for `stall_ms`. */
export async function sendPieces(response: ServerResponse, pieces: AsyncIterable<Uint8Array>, stall_ms: number): Promise<void> {
  for await (const piece of pieces) {
    if (response.destroyed) return
    if (!response.write(piece)) await drained(response, stall_ms)
  }
  response.end()
}

function drained(response: ServerResponse, stall_ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (how: () => void) => () => {
      clearTimeout(timer)
      response.off('drain', onDrain)
      response.off('close', onClose)
      how()
    }
    const onDrain = done(resolve)
    const onClose = done(() => reject(new Error('the reader went away')))
    const timer = setTimeout(
      done(() => reject(new Error('the reader stopped reading'))),
      stall_ms,
    )
    response.once('drain', onDrain)
    response.once('close', onClose)
  })
}
