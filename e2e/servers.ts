// SPDX-License-Identifier: Apache-2.0
// Small web servers for the end-to-end tests: files with and without ranges and
// CORS, counted; and the built page on a plain static host.
import { readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { root } from './page'

export type TestServer = { origin: string; close(): void }

export async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<TestServer> {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export type FileServer = TestServer & {
  /** Bytes of bodies sent, by path. */
  sent: Map<string, number>
  /** Answers with the whole file, by path. */
  whole: Map<string, number>
}

/** Serves files from memory, and counts. */
export async function fileServer(files: Record<string, Buffer>, has: { ranges: boolean; cors: boolean }): Promise<FileServer> {
  const sent = new Map<string, number>()
  const whole = new Map<string, number>()
  const add = (map: Map<string, number>, path: string, count: number) => map.set(path, (map.get(path) ?? 0) + count)
  const server = await listen((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (has.cors) {
      response.setHeader('Access-Control-Allow-Origin', '*')
      response.setHeader('Access-Control-Expose-Headers', 'Content-Range, ETag')
    }
    const file = files[path]
    if (!file) return void response.writeHead(404).end()
    const range = has.ranges ? /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') : null
    if (!range) {
      add(whole, path, 1)
      response.writeHead(200, { 'Content-Length': file.length })
      response.once('close', () => add(sent, path, Math.min(response.socket?.bytesWritten ?? file.length, file.length)))
      return void response.end(file)
    }
    const start = Number(range[1])
    const end = Math.min(Number(range[2]) + 1, file.length)
    if (start >= file.length) return void response.writeHead(416, { 'Content-Range': `bytes */${file.length}` }).end()
    add(sent, path, end - start)
    response.writeHead(206, { 'Content-Range': `bytes ${start}-${end - 1}/${file.length}`, 'Content-Length': end - start, ETag: '"one"' })
    response.end(file.subarray(start, end))
  })
  return { ...server, sent, whole }
}

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
}

/** The built page as any static host has it: no headers of ours. `change`: what it says instead. */
export function staticHost(change: (path: string, text: string) => string = (_, text) => text): Promise<TestServer> {
  return listen((request, response) => {
    const asked = new URL(request.url ?? '/', 'http://host').pathname
    const path = join(root, 'dist', asked === '/' ? 'index.html' : asked)
    if (asked.includes('..') || !statSync(path, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404).end()
    const body = readFileSync(path)
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream', 'Cache-Control': 'no-cache' })
    response.end(asked.endsWith('service-worker.js') ? change(asked, body.toString()) : body)
  })
}
