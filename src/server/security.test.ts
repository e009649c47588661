// SPDX-License-Identifier: Apache-2.0
// What a hostile client tries: paths, sizes, slowness, guesses, forged headers.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { call } from '../share/api'
import { beginUpload, upload } from '../share/upload'
import { parseLink } from '../share/link'
import { paths } from '../share/wire'
import { parseProxies, type ProxyTrust } from './clients'
import { contentSecurityPolicy } from './headers'
import { offRates, raw, startServer, type Running, type Setup } from './server-for-tests'
import { findStaticFiles } from './static-files'

// Nothing here is about time; a busy machine may take long.
vi.setConfig({ testTimeout: 60_000 })

const open: Running[] = []
const folders: string[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function start(setup: Setup = {}): Promise<Running> {
  const server = await startServer(setup)
  open.push(server)
  return server
}

async function page(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ptarmigan-page-'))
  folders.push(folder)
  const dist = join(folder, 'dist')
  await mkdir(join(dist, 'assets'), { recursive: true })
  await mkdir(join(dist, 'cli'))
  await writeFile(join(folder, 'secret.txt'), 'SECRET')
  await writeFile(join(dist, 'cli/main.mjs'), 'SECRET')
  await writeFile(join(dist, '.env'), 'SECRET')
  await symlink(join(folder, 'secret.txt'), join(dist, 'link.txt'))
  await writeFile(join(dist, 'index.html'), '<!doctype html>the page')
  await writeFile(join(dist, 'assets/app-1.js'), '1')
  await writeFile(join(dist, 'assets/decoder-1.wasm'), 'w')
  await writeFile(join(dist, 'strange.exe'), 'x')
  return dist
}

type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string }

/** A request with headers that fetch would not send. */
function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, method, agent: false, headers }, (response) => {
      let text = ''
      response.on('data', (piece: Buffer) => (text += piece.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const proxies = (text: string): ProxyTrust => {
  const parsed = parseProxies(text)
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value
}

async function makeShare(url: string, size = 1000): Promise<{ id: string; token: string }> {
  const file = new Blob([new Uint8Array(randomBytes(size))])
  const plan = await beginUpload({ server: url, file, label: { name: '', note: '', file: 't' }, lives_s: 60 })
  const done = plan.ok ? await upload(plan.value, file) : plan
  const link = done.ok ? parseLink(done.value.link) : null
  if (!plan.ok || !link?.ok) throw new Error('no share')
  return { id: link.value.id, token: plan.value.token }
}

describe('the page', () => {
  it('is served with its headers, types pinned', async () => {
    const { port } = await start({ files: findStaticFiles(await page()) })
    const index = await ask(port, '/')
    expect(index.body).toBe('<!doctype html>the page')
    expect(index.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    })
    const type = async (path: string) => (await ask(port, path)).headers['content-type']
    expect(await type('/assets/app-1.js')).toBe('text/javascript; charset=utf-8')
    expect(await type('/assets/decoder-1.wasm')).toBe('application/wasm')
    expect(await type('/strange.exe')).toBe('application/octet-stream')
    expect((await ask(port, '/assets/app-1.js')).headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect((await ask(port, '/', { 'if-none-match': String(index.headers['etag']) })).status).toBe(304)
    expect((await ask(port, '/', {}, 'POST')).status).toBe(405)
  })

  it('has a door for other tools without isolation', async () => {
    const { port } = await start({ files: findStaticFiles(await page()) })
    const door = await ask(port, '/hand-over')
    expect(door.body).toBe('<!doctype html>the page')
    expect(door.headers['cross-origin-opener-policy']).toBe('unsafe-none')
    expect(door.headers['cross-origin-embedder-policy']).toBeUndefined()
  })

  it('leads nowhere else', async () => {
    const { port } = await start({ files: findStaticFiles(await page()) })
    const tries = [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/assets/..%5c..%5csecret.txt',
      '//secret.txt',
      '/link.txt',
      '/.env',
      '/cli/main.mjs',
      '/assets/',
      '/index.html%00',
      '/index.html/',
      '/__proto__',
      'http://elsewhere/../secret.txt',
    ]
    for (const path of tries) {
      const { status, body } = await ask(port, path)
      expect({ path, status, leaked: body.includes('SECRET') }).toEqual({ path, status: 404, leaked: false })
    }
  })
})

describe('ids and tokens', () => {
  it('of every other shape name nothing, whatever is tried', async () => {
    const { port, url } = await start()
    const { id } = await makeShare(url)
    const tries = ['..', '%2e%2e', '../records', id.toUpperCase(), `${id}0`, id.slice(1), `${id}%00`, 'record.json', '-', 'constructor']
    for (const wrong of tries)
      for (const tail of ['', '/data', '/parts'])
        expect({ wrong, status: (await ask(port, `/api/shares/${wrong}${tail}`)).status }).toEqual({ wrong, status: 404 })
  })

  it('cannot be guessed: an address that keeps missing is shut out, others are not', async () => {
    const misses = { count: 5, per_ms: 60_000 }
    const { port, url } = await start({ rates: { ...offRates, misses }, trust: proxies('127.0.0.1') })
    const { id } = await makeShare(url)
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const statuses: number[] = []
    for (let guess = 0; guess < 7; guess++)
      statuses.push((await ask(port, `/api/shares/${randomBytes(16).toString('hex')}`, from('10.0.0.1'))).status)
    expect(statuses).toEqual([404, 404, 404, 404, 404, 429, 429])
    expect((await ask(port, `/api/shares/${id}`, from('10.0.0.1'))).headers['retry-after']).toBe('12')
    expect((await ask(port, `/api/shares/${id}`, from('10.0.0.2'))).status).toBe(200)
    // Wrong tokens count as well.
    const statusesOfTokens: number[] = []
    for (let guess = 0; guess < 6; guess++)
      statusesOfTokens.push(
        (
          await ask(
            port,
            `/api/shares/${id}`,
            { ...from('10.0.0.3'), authorization: `Bearer ${randomBytes(32).toString('base64url')}` },
            'DELETE',
          )
        ).status,
      )
    expect(statusesOfTokens).toEqual([403, 403, 403, 403, 403, 429])
  })

  it('have 128 bits', async () => {
    const { url } = await start()
    const ids = new Set<string>()
    for (let made = 0; made < 20; made++) ids.add((await makeShare(url, 1)).id)
    expect(ids.size).toBe(20)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('sizes', () => {
  it('other than announced are refused before they are read', async () => {
    const { url, port, server } = await start()
    const file = new Blob([new Uint8Array(1000)])
    const plan = await beginUpload({ server: url, file, label: { name: '', note: '', file: 't' }, lives_s: 60 })
    if (!plan.ok) throw new Error(plan.error.sentence)
    const { id, token } = plan.value
    const put = async (bytes: number, number = 1) => {
      const sent = await call({ server: url, path: paths.part(id, number), method: 'PUT', token, body: new Blob([new Uint8Array(bytes)]) })
      return sent.ok ? 'taken' : sent.error.sentence
    }
    expect(await put(1015)).toBe('Part 1 must be sent as exactly 1016 bytes.')
    expect(await put(1017)).toBe('Part 1 must be sent as exactly 1016 bytes.')
    expect(await put(1016, 2)).toBe('There is no part 2 in this upload.')
    const head = `PUT /api/shares/${id}/parts/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`
    expect(await raw(port, `${head}Content-Length: 1099511627776\r\n\r\nxxxx`)).toMatch(/^HTTP\/1\.1 400[\s\S]*connection: close/i)
    expect(await raw(port, `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nxxxx\r\n0\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400/,
    )
    expect(await put(1016)).toBe('taken')
    expect(server.app.metrics.text({})).toContain('ptarmigan_received_bytes_total 1016')
  })

  it('of requests and labels are bounded', async () => {
    const { port } = await start()
    const json = { 'content-type': 'application/json' }
    const status = async (body: string, headers: Record<string, string> = json) =>
      (await ask(port, '/api/shares', headers, 'POST', body)).status
    const good = { format: 1, bytes: 1016, lives_s: 60, label: 'A'.repeat(300), owner: 'B'.repeat(43) }
    expect(await status(JSON.stringify(good))).toBe(201)
    expect(await status(JSON.stringify({ ...good, label: 'A'.repeat(9000) }))).toBe(400)
    expect(await status(JSON.stringify({ ...good, pad: 'A'.repeat(40_000) }))).toBe(413)
    expect(await status('{')).toBe(400)
    expect(await status('null')).toBe(400)
    expect(await status(JSON.stringify(good), { 'content-type': 'text/plain' })).toBe(400)
    for (const wrong of [
      { bytes: -1 },
      { bytes: 1.5 },
      { bytes: 15 },
      { bytes: 2 ** 60 },
      { lives_s: 0 },
      { owner: 'x' },
      { format: 2 },
      { label: '<script>' },
    ])
      expect({ wrong, status: await status(JSON.stringify({ ...good, ...wrong })) }).toEqual({
        wrong,
        status: 'bytes' in wrong && wrong.bytes === 2 ** 60 ? 400 : 400,
      })
  })

  it('of headers, and broken HTTP, end the connection', async () => {
    const { port } = await start()
    expect(await raw(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/)
    expect(await raw(port, 'HELO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/)
  })
})

describe('ranges', () => {
  it('that do not exist are refused, several at once are answered whole', async () => {
    const { port, url } = await start()
    const { id } = await makeShare(url, 100)
    const get = async (range: string) => {
      const { status, headers, body } = await ask(port, `/api/shares/${id}/data`, { range })
      return `${status} ${String(headers['content-range'] ?? '-')} ${headers['content-length'] ?? body.length}`
    }
    expect(await get('bytes=0-0')).toBe('206 bytes 0-0/116 1')
    expect(await get('bytes=-5')).toBe('206 bytes 111-115/116 5')
    expect(await get('bytes=110-')).toBe('206 bytes 110-115/116 6')
    expect(await get('bytes=0-99999999999999999999')).toBe('206 bytes 0-115/116 116')
    expect(await get('bytes=116-')).toMatch(/^416 bytes \*\/116/)
    expect(await get('bytes=5-2')).toMatch(/^416/)
    expect(await get('bytes=-0')).toMatch(/^416/)
    expect(await get('bytes=a-b')).toMatch(/^416/)
    expect(await get('bytes=0-1,5-6')).toBe('200 - 116')
    const { headers } = await ask(port, `/api/shares/${id}/data`)
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    })
    expect((await ask(port, `/api/shares/${id}/data`, { range: 'bytes=0-0', 'if-range': '"other"' })).status).toBe(200)
    expect((await ask(port, `/api/shares/${id}/data`, { range: 'bytes=0-0', 'if-range': String(headers['etag']) })).status).toBe(206)
  })
})

describe('slow clients', () => {
  it('that do not finish their headers are dropped', async () => {
    const { port } = await start({ timeouts: { headers_ms: 200, request_ms: 400 } })
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n')).toMatch(/^(HTTP\/1\.1 408|$)/)
  })

  it('that do not finish their upload are dropped, and leave nothing', async () => {
    const { port, url, folder } = await start({ timeouts: { headers_ms: 200, request_ms: 400 } })
    const file = new Blob([new Uint8Array(1000)])
    const plan = await beginUpload({ server: url, file, label: { name: '', note: '', file: 't' }, lives_s: 60 })
    if (!plan.ok) throw new Error(plan.error.sentence)
    const { id, token } = plan.value
    const head = `PUT /api/shares/${id}/parts/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1016\r\n\r\n`
    await raw(port, `${head}some`)
    const { readdir } = await import('node:fs/promises')
    await expect.poll(() => readdir(join(folder, 'shares', id))).toEqual(['record.json'])
    expect((await upload(plan.value, file)).ok).toBe(true)
  })

  it('that do not read their download are dropped', async () => {
    const { url, port, logged } = await start({ stall_ms: 100, timeouts: { idle_ms: 60_000 } })
    const { id } = await makeShare(url, 16 << 20)
    const { connect } = await import('node:net')
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET /api/shares/${id}/data HTTP/1.1\r\nHost: x\r\n\r\n`)
    socket.pause()
    await expect.poll(() => logged.join('\n'), { timeout: 30_000 }).toContain('the reader stopped reading')
    socket.destroy()
  })
})

describe('rates', () => {
  it('hold for one address and for all', async () => {
    const few = { count: 2, per_ms: 60_000 }
    const one = await start({ rates: { ...offRates, requests: few }, trust: proxies('127.0.0.1') })
    const status = async (port: number, address: string) => (await ask(port, '/config.json', { 'x-forwarded-for': address })).status
    expect([
      await status(one.port, '1.1.1.1'),
      await status(one.port, '1.1.1.1'),
      await status(one.port, '1.1.1.1'),
      await status(one.port, '2.2.2.2'),
    ]).toEqual([200, 200, 429, 200])
    const all = await start({ rates: { ...offRates, everybody: few }, trust: proxies('127.0.0.1') })
    expect([await status(all.port, '1.1.1.1'), await status(all.port, '2.2.2.2'), await status(all.port, '3.3.3.3')]).toEqual([
      200, 200, 429,
    ])
    expect((await ask(all.port, '/healthz')).status).toBe(200)
  })

  it('are not escaped by a forged header', async () => {
    const { port } = await start({ rates: { ...offRates, requests: { count: 1, per_ms: 60_000 } } })
    const status = async (address: string) => (await ask(port, '/config.json', { 'x-forwarded-for': address })).status
    expect([await status('1.1.1.1'), await status('2.2.2.2')]).toEqual([200, 429])
  })

  it('of creating shares are their own', async () => {
    const { url } = await start({ rates: { ...offRates, creates: { count: 1, per_ms: 3600_000 } } })
    await makeShare(url)
    const second = await beginUpload({ server: url, file: new Blob(['x']), label: { name: '', note: '', file: 't' }, lives_s: 60 })
    expect(!second.ok && second.error.sentence).toBe('Too many requests: try again in 3600 seconds.')
  })
})

describe('sign-in in front', () => {
  const signIn = { header: 'x-forwarded-user', allow: ['anna', '*@team.example'], needed: 'everything' } as const
  it('lets in whom the proxy vouches for and the list allows', async () => {
    const { port } = await start({ signIn, trust: proxies('127.0.0.1') })
    const status = async (user?: string) => (await ask(port, '/config.json', user === undefined ? {} : { 'x-forwarded-user': user })).status
    expect(
      await Promise.all([status('anna'), status('Ben@Team.example'), status('carl'), status('x@team.example.evil'), status(''), status()]),
    ).toEqual([200, 200, 401, 401, 401, 401])
    expect((await ask(port, '/healthz')).status).toBe(200)
    const config = await ask(port, '/config.json', { 'x-forwarded-user': 'anna' })
    expect(JSON.parse(config.body)).toMatchObject({ share: { user: 'anna' } })
  })

  it('believes nobody but the named proxies', async () => {
    const { port } = await start({ signIn, trust: proxies('10.0.0.0/8') })
    expect((await ask(port, '/config.json', { 'x-forwarded-user': 'anna' })).status).toBe(401)
  })

  it('may guard sharing alone', async () => {
    const { port } = await start({ signIn: { ...signIn, needed: 'upload' }, trust: proxies('127.0.0.1') })
    const config = await ask(port, '/config.json')
    expect(JSON.parse(config.body)).toEqual({ version: 1, share: null })
    const create = await ask(port, '/api/shares', { 'content-type': 'application/json' }, 'POST', '{}')
    expect(create.status).toBe(401)
  })
})

describe('other pages', () => {
  it('cannot share or delete in a visitor’s name', async () => {
    const { port } = await start()
    const post = async (headers: Record<string, string>) =>
      (await ask(port, '/api/shares', { 'content-type': 'application/json', ...headers }, 'POST', '{}')).status
    expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await post({ 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await post({ origin: 'https://evil.example' })).toBe(403)
    expect(await post({ origin: `http://127.0.0.1:${port}` })).toBe(400)
    expect((await ask(port, '/config.json', { origin: 'https://evil.example' })).headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('metrics', () => {
  it('are for this machine, or for who has the token', async () => {
    const here = await start()
    await ask(here.port, '/config.json')
    const text = async () => (await ask(here.port, '/metrics')).body
    await expect.poll(text).toContain('ptarmigan_requests_total{route="config",method="GET",status="200"} 1')
    expect(await text()).toContain('ptarmigan_store_quota_bytes 21474836480')
    expect((await ask(here.port, '/metrics', { 'x-forwarded-for': '1.2.3.4' })).status).toBe(404)
    const there = await start({ metricsToken: 'tokentokentokentoken' })
    expect((await ask(there.port, '/metrics')).status).toBe(404)
    expect((await ask(there.port, '/metrics', { authorization: 'Bearer tokentokentokentoken' })).status).toBe(200)
  })
})

describe('health', () => {
  it('fails when the store does', async () => {
    const { port, folder } = await start()
    expect(JSON.parse((await ask(port, '/healthz')).body)).toEqual({ status: 'ok' })
    const broken = await start()
    await rm(broken.folder, { recursive: true, force: true })
    await writeFile(broken.folder, 'a file where the folder was')
    const answer = await ask(broken.port, '/healthz')
    expect([answer.status, JSON.parse(answer.body)]).toEqual([503, { status: 'the store fails' }])
    expect(folder).not.toBe(broken.folder)
  })
})

describe('closing', () => {
  it('lets an upload under way end, and takes no new one', async () => {
    const { url, port, server } = await start({ timeouts: { closing_ms: 5000 } })
    const file = new Blob([new Uint8Array(1000)])
    const plan = await beginUpload({ server: url, file, label: { name: '', note: '', file: 't' }, lives_s: 60 })
    if (!plan.ok) throw new Error(plan.error.sentence)
    const { id, token } = plan.value
    const answer = new Promise<number>((resolve) => {
      const headers = { authorization: `Bearer ${token}`, 'content-length': '1016' }
      const slow = httpRequest({ host: '127.0.0.1', port, path: paths.part(id, 1), method: 'PUT', headers }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      slow.write(new Uint8Array(16), () => {
        void server.close()
        slow.end(new Uint8Array(1000))
      })
    })
    expect(await answer).toBe(200)
    await expect(ask(port, '/config.json')).rejects.toThrow()
  })
})
