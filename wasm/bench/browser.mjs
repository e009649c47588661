// SPDX-License-Identifier: Apache-2.0
// The WebAssembly decoder in a worker of a headless Chromium: the same code as in
// Node, over HTTP on 127.0.0.1. Its seconds are CPU time of the page's process, its compiler's threads too.
import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { root } from '../test/cases/fixtures.mjs'
import { filesOf } from './files.mjs'

const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))

const worker = `
import { decodeTrace, readTables } from '/decoder.mjs'
const bytesOf = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer())
const cpuSeconds = () => new Promise((resolve) => {
  onmessage = ({ data }) => resolve(data)
  postMessage({ asks: true })
})
onmessage = async ({ data }) => {
  try {
    readTables(await (await fetch('/tables.h')).text())
    const files = []
    for (const [index, path] of data.entries()) {
      const bytes = await bytesOf('/file/' + index)
      files.push({ path, size: bytes.length, read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)) })
    }
    const time = async (decode) => { const start = await cpuSeconds(); decode(); return (await cpuSeconds()) - start }
    postMessage(await decodeTrace(await bytesOf('/ptarmigan.wasm'), files, time))
  } catch (error) { postMessage({ failed: String(error) }) }
}`

/** Starts the browser once; null with the reason printed when there is none. */
export async function startBrowser() {
  if (!executablePath) {
    console.log('without Chromium: it is not installed')
    return null
  }
  let files = []
  const own = {
    '/decoder.mjs': join(import.meta.dirname, 'decoder.mjs'),
    '/tables.h': join(root, 'wasm/include/tables.h'),
    '/ptarmigan.wasm': join(root, 'src/engine/generated/ptarmigan.wasm'),
  }
  const server = createServer((request, response) => {
    const file = own[request.url] ?? files[Number(request.url.replace('/file/', ''))]?.file
    response.setHeader('content-type', request.url.endsWith('js') ? 'text/javascript' : 'text/html')
    if (request.url === '/worker.js') return response.end(worker)
    if (request.url === '/') return response.end('<!doctype html>')
    if (file) return createReadStream(file).pipe(response)
    response.writeHead(404).end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  const page = await browser.newPage()
  const session = await browser.newBrowserCDPSession()
  await page.exposeFunction('cpuSeconds', async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0)
  })
  await page.goto(`http://127.0.0.1:${server.address().port}/`)
  return {
    async measure({ trace, symfs }) {
      files = filesOf(trace, symfs)
      const paths = files.map(({ path }) => path)
      return page.evaluate(
        (list) =>
          new Promise((resolve) => {
            const started = new Worker('/worker.js', { type: 'module' })
            started.onmessage = async ({ data }) => {
              if (data.asks) return started.postMessage(await globalThis.cpuSeconds())
              started.terminate()
              resolve(data)
            }
            started.postMessage(list)
          }),
        paths,
      )
    },
    async close() {
      await browser.close()
      server.close()
    },
  }
}
