// SPDX-License-Identifier: Apache-2.0
// The page as it is built, in a browser of its own, for benches: served by the
// share server, with as many decoders as are wanted, on all cores or on one.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { root } from '../test/cases/fixtures.mjs'

export const ptarmigan = join(root, 'src/cli/ptarmigan.mjs')
const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))
export const hasBrowser = executablePath !== undefined

/** The trace's binaries, as the command line finds them. */
export function binariesOf(trace, symfs) {
  const made = spawnSync(process.execPath, [ptarmigan, 'info', '--json', trace, ...(symfs ? ['--symfs', symfs] : [])], { maxBuffer: 1 << 28 })
  const { images } = JSON.parse(made.stdout.toString())
  return images.map(({ path }) => join(symfs || '/', path)).filter((path) => existsSync(path) && statSync(path).isFile())
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A program that starts the browser on core 0. */
function onOneCore(folder) {
  const script = join(folder, 'one-core')
  writeFileSync(script, `#!/bin/sh\nexec taskset -c 0 ${executablePath} "$@"\n`)
  chmodSync(script, 0o755)
  return script
}

/** Opens the start page and hands it to `work`: the page, its address, how many bytes it took, and CPU seconds so far of the tab's processes and of the browser's others. `workers` 0: as many as there are cores. */
export async function withTab({ workers = 0, oneCore = false }, work) {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}/`
  const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-bench-'))
  const server = spawn(process.execPath, [ptarmigan, 'serve', '--port', String(port), '--store', folder], { stdio: 'ignore', env: { ...process.env, PTARMIGAN_OPEN_FROM: 'any' } })
  const browser = await chromium.launch({
    executablePath: oneCore ? onOneCore(folder) : executablePath,
    args: ['--no-sandbox', '--disable-quic', '--disable-renderer-backgrounding'],
  })
  try {
    for (let tries = 0; tries < 100 && !(await fetch(address).catch(() => null)); tries++) await new Promise((resolve) => setTimeout(resolve, 100))
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    if (workers) await page.addInitScript((count) => Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => count }), workers)
    page.on('pageerror', (error) => console.error('page:', error))
    let weight = 0
    page.on('response', async (response) => (weight += (await response.request().sizes().catch(() => ({ responseBodySize: 0 }))).responseBodySize))
    await page.goto(address, { waitUntil: 'networkidle' })
    const session = await browser.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
    return await work({ page, address, weight, renderers, cpu: () => cpuSeconds(session, renderers) })
  } finally {
    await browser.close()
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** CPU time so far of the renderers and of all other processes of the browser. */
async function cpuSeconds(session, renderers) {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const sum = (wanted) => processInfo.filter(({ id }) => renderers.includes(id) === wanted).reduce((total, { cpuTime }) => total + cpuTime, 0)
  return { tab: sum(true), others: sum(false) }
}

/** Waits for an element without looking at each frame: that would make the browser draw them all, beside the decoders. */
export const until = (page, selector) =>
  page.evaluate(
    (wanted) =>
      new Promise((resolve) => {
        if (document.querySelector(wanted)) return resolve()
        const observer = new MutationObserver(() => {
          if (!document.querySelector(wanted)) return
          observer.disconnect()
          resolve()
        })
        observer.observe(document, { attributes: true, childList: true, subtree: true })
      }),
    selector,
  )
export const idle = (page, session) => until(page, `html[data-session="${session}"][data-idle="true"]`)

/** Opens the files; milliseconds until the first picture and until all is decoded, and CPU seconds until then. */
export async function openInTab({ page, cpu }, files, shown = async () => undefined) {
  const before = await cpu()
  await page.getByTestId('files-input').first().setInputFiles(files)
  const given = performance.now()
  await until(page, '.range-strip canvas')
  const picture = performance.now() - given
  await shown()
  await idle(page, 'ready')
  const ready = performance.now() - given
  const after = await cpu()
  return { picture, ready, tab: after.tab - before.tab, others: after.others - before.others }
}
