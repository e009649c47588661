// SPDX-License-Identifier: Apache-2.0
// Sharing through object storage, from a real browser: bytes go to the storage
// and come from it, past the server; a large share; a server that narrows what
// the page may read.
import { closeSync, copyFileSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { S3Store } from '../src/server/s3-store'
import { startS3rver, type RunningS3 } from '../src/server/s3rver-for-tests'
import { startServer, type Running } from '../src/server/server-for-tests'
import { findStaticFiles } from '../src/server/static-files'
import { chooseFiles, expectRows, fixture, idle, instructionsOf, root, showTab } from './page'
import { fileServer } from './servers'

test.describe.configure({ timeout: 600_000 })

const trace = fixture('signals-cyc.perf.data')
const binary = fixture('symfs/opt/ptarmigan/signals')

let storage: RunningS3
let server: Running
test.beforeAll(async () => {
  storage = await startS3rver('traces', 'team')
  server = await startServer({ store: new S3Store(storage.options), files: findStaticFiles(join(root, 'dist')), openFrom: [] })
})
test.afterAll(async () => {
  await server.close()
  await storage.stop()
})

const section = (page: Page) => page.getByRole('region', { name: 'Share by link' })

async function share(page: Page, files: string[]): Promise<string> {
  await page.goto(server.url)
  await chooseFiles(page, files)
  await idle(page)
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await section(page).getByRole('button', { name: 'Encrypt and upload' }).click()
  const link = section(page).getByText(/#share=/)
  await expect(link).toBeVisible({ timeout: 400_000 })
  return (await link.textContent()) ?? ''
}

/** Bodies that went from and to the storage: "PUT 200" with counts, and bytes read. */
function watch(page: Page): { calls: Map<string, number>; read: number } {
  const seen = { calls: new Map<string, number>(), read: 0 }
  page.on('response', (response) => {
    if (!response.url().startsWith(storage.options.endpoint) || response.request().method() === 'OPTIONS') return
    const key = `${response.request().method()} ${response.status()}`
    seen.calls.set(key, (seen.calls.get(key) ?? 0) + 1)
    if (response.status() === 206) seen.read += Number(response.headers()['content-length'] ?? 0)
  })
  return seen
}

test('a share goes to the storage and comes from it, past the server', async ({ page, browser }) => {
  const up = watch(page)
  const link = await share(page, [trace, binary])
  expect([...up.calls.keys()]).toEqual(['PUT 200'])
  const fresh = await (await browser.newContext()).newPage()
  const down = watch(fresh)
  await fresh.goto(link)
  await idle(fresh)
  await showTab(fresh, 'Instructions')
  await expectRows(fresh, instructionsOf('signals'))
  expect([...down.calls.keys()]).toEqual(['GET 206'])
  await fresh.context().close()
})

test('a share of 200 MB is uploaded in parts, and only what is looked at is read of it', async ({ page, browser }) => {
  const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-large-'))
  try {
    // The same trace with much behind it that no reader of it needs.
    const large = join(folder, 'signals-cyc.perf.data')
    copyFileSync(trace, large)
    const file = openSync(large, 'r+')
    ftruncateSync(file, 200 << 20)
    closeSync(file)
    const up = watch(page)
    const link = await share(page, [large, binary])
    expect(up.calls.get('PUT 200')).toBe(26)
    const fresh = await (await browser.newContext()).newPage()
    const down = watch(fresh)
    await fresh.goto(link)
    await idle(fresh)
    await showTab(fresh, 'Instructions')
    await expectRows(fresh, instructionsOf('signals'))
    expect(down.read).toBeLessThan(40 << 20)
    await fresh.context().close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a server may narrow where traces are opened from; the page says so', async ({ page }) => {
  const elsewhere = await fileServer({ '/perf.data': Buffer.alloc(8) }, { ranges: true, cors: true })
  try {
    await page.goto(`${server.url}#trace=${elsewhere.origin}/perf.data`)
    await expect(page.getByText(/lets this page open traces of some hosts only, and 127\.0\.0\.1:\d+ is none of them/)).toBeVisible()
    expect(elsewhere.sent.size).toBe(0)
  } finally {
    elsewhere.close()
  }
})
