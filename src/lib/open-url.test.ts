// SPDX-License-Identifier: Apache-2.0
// Opening by address against a server of the machine that behaves, and some that do not.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, expect, it } from 'vitest'
import { openUrl, parseUrl } from './open-url'
import { isRemote, readRemote } from './remote-file'

let server: Server | null = null
afterEach(() => new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve())))

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const listening = createServer(answer)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const address = listening.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/traces/my%20perf.data?v=1`
}

const held = Buffer.from('PERFILE2 and what follows')
const page = 'http://127.0.0.1:1'

/** Answers as a good static host does. */
function ranges(request: IncomingMessage, response: ServerResponse): void {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  if (start === undefined || end === undefined) return void response.end(held)
  const last = Math.min(Number(end), held.length - 1)
  response.writeHead(206, { 'content-range': `bytes ${start}-${last}/${held.length}`, etag: '"a"', connection: 'close' })
  response.end(held.subarray(Number(start), last + 1))
}

it('opens a file whose server answers ranges, and reads a part of it', async () => {
  const url = await serve(ranges)
  const opened = await openUrl(url, page)
  if (!opened.ok || !isRemote(opened.value.file)) throw new Error('not a remote file')
  expect(opened.value).toEqual({
    name: 'my perf.data',
    warning: '',
    file: { url, start: 0, size: 25, total: 25, etag: '"a"', sealed: null },
  })
  const part = await readRemote('my perf.data', opened.value.file, 9, 3)
  expect(part.ok && Buffer.from(part.value).toString()).toBe('and')
})

it('downloads from a server without ranges, and warns', async () => {
  const opened = await openUrl(await serve((_, response) => response.end(held)), page)
  if (!opened.ok || isRemote(opened.value.file)) throw new Error('not a file')
  expect(await opened.value.file.text()).toBe('PERFILE2 and what follows')
  expect(opened.value.warning).toContain('does not answer ranges, so all of my perf.data was downloaded')
})

it('asks for the size another way when it is hidden', async () => {
  const url = await serve((request, response) => {
    if (request.headers.range === undefined) return void response.writeHead(200, { 'content-length': held.length }).end(held)
    response.writeHead(206, { connection: 'close' }).end(held.subarray(0, 1))
  })
  const opened = await openUrl(url, page)
  expect(opened.ok && opened.value.file.size).toBe(25)
})

it('opens an empty file', async () => {
  const url = await serve((request, response) => response.writeHead(request.headers.range ? 416 : 200).end())
  const opened = await openUrl(url, page)
  expect(opened.ok && opened.value.file.size).toBe(0)
})

it('says what is wrong with an answer', async () => {
  let status = 403
  const url = await serve((_, response) => response.writeHead(status, { connection: 'close' }).end())
  const host = new URL(url).host
  expect(await openUrl(url, page)).toEqual({
    ok: false,
    error: `my perf.data could not be opened: ${host} answered HTTP 403, access refused. A link must be readable without signing in, or carry its own signature.`,
  })
  status = 404
  const gone = await openUrl(url, page)
  expect(!gone.ok && gone.error).toBe(`my perf.data could not be opened: ${host} answered HTTP 404, there is no such file (any more).`)
})

it('explains CORS when there is no answer', async () => {
  const opened = await openUrl('http://127.0.0.1:9/t', page)
  expect(!opened.ok && opened.error).toContain('it must send "Access-Control-Allow-Origin: http://127.0.0.1:1"')
})

it('opens only web addresses, and none that the browser would block', () => {
  const sentence = (text: string, from: string) => {
    const parsed = parseUrl(text, from)
    return parsed.ok ? parsed.value.href : parsed.error
  }
  expect(sentence('file:///etc/passwd', page)).toBe('file: addresses cannot be opened, only https: and http:.')
  expect(sentence('https://', page)).toBe('"https://" is not an address: it should begin with https://.')
  expect(sentence('http://a.example/t', 'https://b.example')).toContain('may not read: use an https: address.')
  expect(sentence('http://localhost:8/t', 'https://b.example')).toBe('http://localhost:8/t')
})
