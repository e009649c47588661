// SPDX-License-Identifier: Apache-2.0
// The share server's answers: the page, /config.json, /healthz, /metrics and
// the share API. Turns requests into calls on Shares and their results into
// HTTP; decides nothing about shares.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ok, type Result } from '../lib/result'
import type { Refusal, ServerConfig } from '../share/wire'
import { clientAddress, isLocal, signedIn, type ProxyTrust, type SignIn } from './clients'
import { always, contentSecurityPolicy, handOver, inert, isolation } from './headers'
import { bearer, parseRange, readJson, refusal, sendJson, sendPieces, sendRefusal } from './http'
import { Limiter, type Rate } from './limits'
import { shareTag, type Log } from './log'
import { Metrics } from './metrics'
import type { Shares } from './shares'
import { StaticContents, type StaticFiles } from './static-files'

export type Rates = {
  /** Requests of one address; a big trace is read in many. */
  requests: Rate | null
  /** Requests of all together. */
  everybody: Rate | null
  /** Shares begun by one address. */
  creates: Rate | null
  /** Ids and tokens that one address got wrong: guessing. */
  misses: Rate | null
}

export type AppOptions = {
  files: StaticFiles
  /** null: sharing is off. */
  shares: Shares | null
  rates: Rates
  trust: ProxyTrust
  signIn: SignIn | null
  /** Who can read a link, for the sentence before the click. */
  readers: string
  /** Hosts the page may open traces from by their address. */
  openFrom: readonly string[]
  /** null: only this machine sees the metrics. */
  metricsToken: string | null
  /** Parts being received at the same time. */
  mostUploads: number
  stall_ms: number
  log: Log
}

type Context = {
  request: IncomingMessage
  response: ServerResponse
  address: string
  user: string | null
  route: string
  share: string
}

/** The page for other tools' postMessage, served without isolation. */
const HAND_OVER = /^\/hand-over(\.html|\/(index\.html)?)?$/

const COMPLETE_MS = 600_000

const ONE_SHARE = /^\/api\/shares\/([^/]+)(?:\/(parts|complete|data)(?:\/(\d{1,5}))?)?$/

export class App {
  readonly metrics = new Metrics()
  closing = false
  private readonly contents = new StaticContents()
  private readonly limiters: { [Name in keyof Rates]: Limiter }
  private uploads = 0
  private health: { at_ms: number; answer: Promise<string> } = { at_ms: -Infinity, answer: Promise.resolve('') }

  constructor(private readonly options: AppOptions) {
    const { rates } = options
    this.limiters = {
      requests: new Limiter(rates.requests),
      everybody: new Limiter(rates.everybody),
      creates: new Limiter(rates.creates),
      misses: new Limiter(rates.misses),
    }
  }

  /** Answers one request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const start = performance.now()
    this.metrics.inFlight++
    const { trust, signIn } = this.options
    const context: Context = {
      request,
      response,
      address: clientAddress(request, trust),
      user: signIn ? signedIn(request, signIn, trust) : null,
      route: 'none',
      share: '',
    }
    const { socket } = request
    const written = socket.bytesWritten
    response.once('close', () => this.note(context, performance.now() - start, socket.bytesWritten - written))
    try {
      await this.answer(context)
    } catch (error) {
      this.fail(context, error)
    }
  }

  private fail({ request, response, route, share }: Context, error: unknown): void {
    const gone = request.destroyed && !request.complete
    const stalled = response.headersSent || gone
    const message = error instanceof Error ? error.message : String(error)
    if (!stalled) this.metrics.add('ptarmigan_log_errors_total')
    this.options.log(stalled ? 'warn' : 'error', stalled ? 'connection ended early' : 'request failed', {
      route,
      ...(share && { share: shareTag(share) }),
      reason: message,
    })
    if (stalled) response.destroy()
    else sendRefusal(response, { error: 'failed', sentence: 'The server could not do this (its log says why): try again.' })
  }

  private note({ request, response, route, share }: Context, took_ms: number, sent: number): void {
    this.metrics.inFlight--
    const status = String(response.statusCode)
    this.metrics.add('ptarmigan_requests_total', { route, method: known(request.method), status })
    this.metrics.add('ptarmigan_sent_bytes_total', {}, sent)
    this.metrics.time(took_ms / 1000)
    if (route === 'page' && response.statusCode < 400) return
    this.options.log('info', 'request', {
      route,
      method: known(request.method),
      status: response.statusCode,
      ms: Math.round(took_ms),
      bytes: sent,
      ...(share && { share: shareTag(share) }),
      ...(!response.writableFinished && { cut: true }),
    })
  }

  private async answer(context: Context): Promise<void> {
    const { request, response, address } = context
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (path === '/healthz') return this.healthz(context)
    const wait = this.limiters.everybody.take('') || this.limiters.requests.take(address)
    if (wait > 0) return this.limited(context, wait)
    if (path === '/metrics') return this.metricsPage(context)
    const { signIn } = this.options
    if (signIn?.needed === 'everything' && context.user === null)
      return sendRefusal(response, { error: 'sign-in', sentence: 'Sign in first: this server is for signed-in people.' })
    if (path === '/config.json') return this.config(context)
    if (path.startsWith('/api/')) return this.api(context, path)
    return this.page(context, path)
  }

  private limited({ response }: Context, wait: number): void {
    this.metrics.add('ptarmigan_refused_total', { reason: 'limited' })
    sendRefusal(
      response,
      { error: 'limited', sentence: `Too many requests: try again in ${wait} seconds.` },
      { 'Retry-After': String(wait), Connection: 'close' },
    )
  }

  private async healthz(context: Context): Promise<void> {
    context.route = 'healthz'
    if (this.health.at_ms + 5000 < Date.now()) {
      const answer = this.options.shares?.store.check().then(
        () => '',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      this.health = { at_ms: Date.now(), answer: answer ?? Promise.resolve('') }
    }
    const problem = await this.health.answer
    if (problem) this.options.log('error', 'the store fails', { reason: problem })
    const bad = problem !== '' || this.closing
    sendJson(context.response, bad ? 503 : 200, { status: this.closing ? 'closing' : bad ? 'the store fails' : 'ok' })
  }

  private async metricsPage(context: Context): Promise<void> {
    const { request, response } = context
    context.route = 'metrics'
    const { metricsToken, shares } = this.options
    const allowed = metricsToken === null ? isLocal(request) : bearer(request) === metricsToken
    if (!allowed) return this.missing(context)
    const used = await shares?.used()
    const text = this.metrics.text({
      ptarmigan_uploads_in_flight: this.uploads,
      ...(shares &&
        used && {
          ptarmigan_store_bytes: used.bytes,
          ptarmigan_store_shares: used.shares,
          ptarmigan_store_quota_bytes: shares.limits.quotaBytes,
        }),
    })
    response.writeHead(200, { ...inert, 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' })
    response.end(text)
  }

  private config(context: Context): void {
    context.route = 'config'
    const { shares, signIn, readers } = this.options
    const may = shares && (!signIn || context.user !== null)
    const config: ServerConfig = {
      version: 1,
      share: may ? { maxBytes: shares.limits.maxBytes, maxLife_s: shares.limits.maxLife_s, readers, user: context.user } : null,
    }
    sendJson(context.response, 200, config)
  }

  private missing({ response }: Context): void {
    sendRefusal(response, { error: 'not-found', sentence: 'There is nothing here.' })
  }

  private async page(context: Context, path: string): Promise<void> {
    const { request, response } = context
    context.route = 'page'
    const handsOver = HAND_OVER.test(path)
    const file =
      this.options.files.get(path) ?? (handsOver ? (this.options.files.get('/hand-over.html') ?? this.options.files.get('/')) : undefined)
    if (!file) {
      context.route = 'none'
      return this.missing(context)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed(response, 'GET, HEAD')
    const origins = this.options.shares?.store.origins ?? []
    const headers: Record<string, string> = {
      ...always,
      ...(handsOver ? handOver : isolation),
      'Content-Security-Policy': contentSecurityPolicy([...this.options.openFrom, ...origins]),
      'Content-Type': file.type,
      'Cache-Control': file.cacheControl,
      ETag: file.etag,
      Vary: 'Accept-Encoding',
    }
    if (request.headers['if-none-match'] === file.etag) return void response.writeHead(304, headers).end()
    const { body, encoding } = await this.contents.read(file, /\bgzip\b/.test(request.headers['accept-encoding'] ?? ''))
    response.writeHead(200, { ...headers, ...(encoding && { 'Content-Encoding': encoding }), 'Content-Length': body.length })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  private async api(context: Context, path: string): Promise<void> {
    const { request, response, address } = context
    const { shares, signIn } = this.options
    context.route = 'api'
    if (!shares) return sendRefusal(response, { error: 'off', sentence: 'This server keeps no shares.' })
    const writes = request.method !== 'GET' && request.method !== 'HEAD'
    if (writes && crossSite(request)) return sendRefusal(response, { error: 'forbidden', sentence: 'Other pages may not share here.' })
    if (writes && signIn && context.user === null)
      return sendRefusal(response, { error: 'sign-in', sentence: 'Sign in to share or delete.' })
    if (path === '/api/shares') return this.create(context, shares)
    const [, id = '', what = '', number] = ONE_SHARE.exec(path) ?? []
    if (id === '') return this.missing(context)
    context.share = id
    const wait = this.limiters.misses.wait(address)
    if (wait > 0) return this.limited(context, wait)
    const route = `${what || 'share'}${number === undefined ? '' : '/n'}`
    context.route = route
    switch (`${request.method ?? ''} ${route}`) {
      case 'GET share':
        return this.tell(context, await shares.describe(id))
      case 'DELETE share':
        return this.remove(context, shares)
      case 'GET parts':
        return this.tell(context, await shares.parts(id, bearer(request)))
      case 'PUT parts/n':
        return this.part(context, shares, Number(number))
      case 'POST complete':
        return this.complete(context, shares)
      case 'GET data':
      case 'HEAD data':
        return this.data(context, shares)
      default:
        return notAllowed(response, 'GET, HEAD, PUT, POST, DELETE')
    }
  }

  /** Ends a request with a result; wrong ids and tokens are counted against their address. */
  private tell(context: Context, result: Result<unknown, Refusal>, status = 200): void {
    if (result.ok) return sendJson(context.response, status, result.value)
    const { error } = result.error
    if (error === 'not-found' || error === 'forbidden') this.limiters.misses.take(context.address)
    this.metrics.add('ptarmigan_refused_total', { reason: error })
    const tooMuch = Number(context.request.headers['content-length'] ?? 0) > 2 * (this.options.shares?.limits.partBytes ?? 0)
    sendRefusal(context.response, result.error, tooMuch ? { Connection: 'close' } : {})
  }

  private async create(context: Context, shares: Shares): Promise<void> {
    context.route = 'create'
    if (context.request.method !== 'POST') return notAllowed(context.response, 'POST')
    const wait = this.limiters.creates.take(context.address)
    if (wait > 0) return this.limited(context, wait)
    const body = await readJson(context.request)
    const created = body.ok ? await shares.create(body.value) : body
    if (created.ok) this.metrics.add('ptarmigan_shares_total', { what: 'begun' })
    if (created.ok) context.share = created.value.id
    this.tell(context, created, 201)
  }

  private async part(context: Context, shares: Shares, number: number): Promise<void> {
    const { request, share } = context
    const token = bearer(request)
    if (this.uploads >= this.options.mostUploads)
      return sendRefusal(
        context.response,
        { error: 'busy', sentence: 'Too many uploads at the moment: try again.' },
        { 'Retry-After': '2' },
      )
    this.uploads++
    try {
      const length = await shares.expectPart(share, number, token)
      if (!length.ok) return this.tell(context, length)
      if (request.headers['content-length'] !== String(length.value))
        return this.tell(context, refusal('bad-request', `Part ${number} must be sent as exactly ${length.value} bytes.`))
      const kept = await shares.putPart(share, number, token, request)
      if (kept.ok) this.metrics.add('ptarmigan_received_bytes_total', {}, length.value)
      this.tell(context, kept.ok ? ok({ number }) : kept)
    } finally {
      this.uploads--
    }
  }

  private async complete(context: Context, shares: Shares): Promise<void> {
    // Joining thousands of parts takes the storage minutes.
    context.request.socket.setTimeout(COMPLETE_MS)
    const done = await shares.complete(context.share, bearer(context.request))
    if (done.ok) this.metrics.add('ptarmigan_shares_total', { what: 'completed' })
    this.tell(context, done)
  }

  private async remove(context: Context, shares: Shares): Promise<void> {
    const removed = await shares.remove(context.share, bearer(context.request))
    if (removed.ok) this.metrics.add('ptarmigan_shares_total', { what: 'deleted' })
    this.tell(context, removed.ok ? ok({ deleted: true }) : removed)
  }

  private async data(context: Context, shares: Shares): Promise<void> {
    const { request, response, share } = context
    const found = await shares.readable(share)
    if (!found.ok) return this.tell(context, found)
    const { bytes, created_ms } = found.value
    const etag = `"${shareTag(share)}-${created_ms.toString(36)}"`
    const conditional = request.headers['if-range']
    const range = conditional !== undefined && conditional !== etag ? null : parseRange(request.headers.range, bytes)
    const headers: Record<string, string> = {
      ...inert,
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': 'attachment',
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'private, no-cache',
      ETag: etag,
    }
    if (range === 'bad') return void response.writeHead(416, { ...headers, 'Content-Range': `bytes */${bytes}` }).end()
    const { start, end } = range ?? { start: 0, end: bytes }
    const source = await shares.read(share, found.value, start, end)
    if (!source) {
      this.options.log('error', 'a share is damaged', { share: shareTag(share) })
      return this.tell(context, refusal('damaged', 'This share is damaged where it is stored: some of its bytes are missing.'))
    }
    if ('url' in source) return void response.writeHead(307, { ...headers, 'Cache-Control': 'no-store', Location: source.url }).end()
    response.writeHead(range ? 206 : 200, {
      ...headers,
      'Content-Length': String(end - start),
      ...(range && { 'Content-Range': `bytes ${start}-${end - 1}/${bytes}` }),
    })
    if (request.method === 'HEAD') return void response.end()
    await sendPieces(response, source.bytes, this.options.stall_ms)
  }
}

const methods = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH'])
const known = (method: string | undefined): string => (method !== undefined && methods.has(method) ? method : 'other')

function notAllowed(response: ServerResponse, allow: string): void {
  sendJson(response, 405, { error: 'bad-request', sentence: 'That cannot be done here.' } satisfies Refusal, { Allow: allow })
}

/** A browser says whose page asks; programs say nothing. */
function crossSite(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, host } = request.headers
  if (origin === undefined) return false
  try {
    return new URL(origin).host !== host
  } catch {
    return true
  }
}
