// SPDX-License-Identifier: Apache-2.0
// The client's half of the conversation with a share server: one call, its
// answer checked, its refusal as a sentence.
import { fail, ok, type Result } from '../lib/result'
import type { RefusalCode, ServerConfig } from './wire'

/** `again`: the same call may work later; `wait_s`: how long the server asks to wait. */
export type ApiFailure = { code: RefusalCode | 'unreachable'; sentence: string; again: boolean; wait_s: number }

export type Call = {
  /** The server's address, ending in a slash. */
  server: string
  /** As in wire.ts: "/api/shares". */
  path: string
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  token?: string
  json?: unknown
  body?: Blob
  signal?: AbortSignal | undefined
}

export const urlOf = (server: string, path: string): string => new URL(path.replace(/^\//, ''), server).href

export const unreachable = (server: string): ApiFailure => ({
  code: 'unreachable',
  sentence: `The share server ${new URL(server).host} cannot be reached: is the network up?`,
  again: true,
  wait_s: 0,
})

const busy = new Set<string>(['limited', 'busy', 'failed'])

/** Calls the server; rejects only when `signal` says so. */
export async function call(what: Call): Promise<Result<Record<string, unknown>, ApiFailure>> {
  const { server, path, method = 'GET', token, json, body, signal } = what
  const headers: Record<string, string> = {}
  if (token !== undefined) headers['Authorization'] = `Bearer ${token}`
  if (json !== undefined) headers['Content-Type'] = 'application/json'
  const payload = json === undefined ? body : JSON.stringify(json)
  let response: Response
  let text: string
  try {
    response = await fetch(urlOf(server, path), {
      method,
      headers,
      ...(payload !== undefined && { body: payload }),
      ...(signal && { signal }),
      cache: 'no-store',
    })
    text = await response.text()
  } catch (error) {
    if (signal?.aborted) throw error
    return fail(unreachable(server))
  }
  const answer = objectOf(text)
  if (response.ok && answer) return ok(answer)
  return fail(failureOf(server, response, answer))
}

function failureOf(server: string, response: Response, answer: Record<string, unknown> | null): ApiFailure {
  const { error, sentence } = answer ?? {}
  const wait_s = Number(response.headers.get('retry-after') ?? 0) || 0
  if (typeof error === 'string' && typeof sentence === 'string')
    return { code: error as RefusalCode, sentence, again: busy.has(error), wait_s }
  const host = new URL(server).host
  // 408: we were too slow, on a busy machine or a bad line.
  const again = response.status >= 500 || response.status === 408
  if (response.ok || response.status === 404)
    return { code: 'off', sentence: `${host} is no share server, or keeps no shares.`, again: false, wait_s }
  return { code: 'failed', sentence: `The share server ${host} answered HTTP ${response.status}.`, again, wait_s }
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

const ATTEMPTS = 4
/** A server that asks for more patience is told to the reader instead. */
const LONGEST_WAIT_S = 5

/** As `call`, for questions: asked again a few times when that may help. */
export async function ask(what: Call): Promise<Result<Record<string, unknown>, ApiFailure>> {
  for (let attempt = 1; ; attempt++) {
    const answer = await call(what)
    if (answer.ok || !answer.error.again || answer.error.wait_s > LONGEST_WAIT_S || attempt === ATTEMPTS) return answer
    await new Promise((resolve) => setTimeout(resolve, Math.max(answer.error.wait_s * 1000, 200 * attempt)))
  }
}

/** What the server at `server` can do; null: it is a plain static host. */
export async function readConfig(server: string): Promise<ServerConfig['share']> {
  const config = await call({ server, path: '/config.json' })
  const share = config.ok ? config.value['share'] : null
  if (typeof share !== 'object' || share === null) return null
  const { maxBytes, maxLife_s, readers, user } = share as Record<string, unknown>
  if (typeof maxBytes !== 'number' || typeof maxLife_s !== 'number' || typeof readers !== 'string') return null
  return { maxBytes, maxLife_s, readers, user: typeof user === 'string' ? user : null }
}
