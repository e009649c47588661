// SPDX-License-Identifier: Apache-2.0
// Traces opened by their address, from servers as they are in the world; and
// very small ones that are in the address itself.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@playwright/test'
import { beginUpload, upload } from '../src/share/upload'
import { chooseFiles, expectRows, fixture, idle, instructionsOf, openExample, openStart, showTab } from './page'
import { fileServer, staticHost } from './servers'

test.describe.configure({ timeout: 300_000 })

const trace = readFileSync(fixture('signals-cyc.perf.data'))
const binary = readFileSync(fixture('symfs/opt/ptarmigan/signals'))
/** As one with much debug information that nobody looks at. */
const largeBinary = Buffer.concat([binary, Buffer.alloc(64 << 20)])

test('from a server with ranges: right rows, and only what is looked at is fetched', async ({ page }) => {
  const server = await fileServer({ '/perf.data': trace, '/signals': largeBinary }, { ranges: true, cors: true })
  try {
    await page.goto(`/#trace=${server.origin}/perf.data&elf=${server.origin}/signals&tab=instructions`)
    await idle(page)
    await expect(page.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
    await expectRows(page, instructionsOf('signals'))
    expect([...server.whole]).toEqual([])
    expect(server.sent.get('/signals')).toBeLessThan(4 << 20)
    // The address goes on naming where the trace is, with the view.
    await expect.poll(() => page.url()).toContain(`trace=${server.origin}/perf.data`)
    await page.reload()
    await idle(page)
    await expectRows(page, instructionsOf('signals'))
  } finally {
    server.close()
  }
})

test('from a server without ranges: right rows, with a warning', async ({ page }) => {
  const server = await fileServer({ '/perf.data': trace, '/signals': binary }, { ranges: false, cors: true })
  try {
    await page.goto(`/#trace=${server.origin}/perf.data&elf=${server.origin}/signals`)
    await idle(page)
    await expect(page.getByText(/does not answer ranges, so all of perf\.data was downloaded before it could be opened/)).toBeVisible()
    await showTab(page, 'Instructions')
    await expectRows(page, instructionsOf('signals'))
  } finally {
    server.close()
  }
})

test('a download is given up on Cancel, and its link with it', async ({ page }) => {
  const sending = createServer((_, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-length': 50 << 20 })
    response.write(Buffer.alloc(1 << 20))
  })
  await new Promise<void>((resolve) => sending.listen(0, '127.0.0.1', resolve))
  const { port } = sending.address() as AddressInfo
  try {
    await page.goto(`/#trace=http://127.0.0.1:${port}/perf.data`)
    await expect(page.getByText(/^Downloading http.*: 1.00 MiB of 50.0 MiB…$/)).toBeVisible()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await idle(page, 'empty')
    await expect(page.getByText(/perf\.data/).filter({ hasText: 'Downloading' })).toHaveCount(0)
    await openExample(page)
  } finally {
    sending.closeAllConnections()
    sending.close()
  }
})

test('from a server that does not allow it, or has no such file: a sentence that says what to do', async ({ page }) => {
  const closed = await fileServer({ '/perf.data': trace }, { ranges: true, cors: false })
  const open = await fileServer({}, { ranges: true, cors: true })
  try {
    await page.goto(`/#trace=${closed.origin}/perf.data`)
    await expect(page.getByText(/it must send "Access-Control-Allow-Origin: http:\/\/127\.0\.0\.1:\d+" and "Access-Control-Expose-Headers: Content-Range, ETag"/)).toBeVisible()
    await page.goto('about:blank')
    await page.goto(`/#trace=${open.origin}/perf.data`)
    await expect(page.getByText(/perf\.data could not be opened: .* answered HTTP 404, there is no such file/)).toBeVisible()
  } finally {
    closed.close()
    open.close()
  }
})

test('an encrypted share is read by ranges, too; its link with a view shows the view, again after a reload', async ({ page, baseURL }) => {
  const file = new Blob([new Uint8Array(trace)])
  const plan = await beginUpload({ server: `${baseURL ?? ''}/`, file, label: { name: 'n', note: '', file: 'signals.data' }, lives_s: 600 })
  if (!plan.ok) throw new Error(plan.error.sentence)
  const done = await upload(plan.value, file)
  if (!done.ok) throw new Error(done.error.sentence)
  const whole: string[] = []
  page.on('request', (request) => {
    if (request.url().endsWith('/data') && request.headers()['range'] === undefined) whole.push(request.url())
  })
  await page.goto(`${done.value.link}&tab=packets`)
  await idle(page)
  await expect(page.getByRole('tab', { name: 'Packets' })).toHaveAttribute('aria-selected', 'true')
  await showTab(page, 'Files')
  await expect.poll(() => page.url()).toContain('tab=files')
  expect(page.url()).toContain(new URL(done.value.link).hash.slice(1))
  await page.reload()
  await idle(page)
  await expect(page.getByRole('tab', { name: 'Files' })).toHaveAttribute('aria-selected', 'true')
  expect(whole).toEqual([])
})

test('a very small bundle travels in the link, and opens on a static host with the network off', async ({ page, browser, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const problems = await openStart(page)
  await chooseFiles(page, [fixture('signals-cyc.perf.data'), fixture('symfs/opt/ptarmigan/signals')])
  await idle(page)
  await showTab(page, 'Instructions')
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Share' })
  await expect(dialog.getByText(/^It is small enough to fit in a link/)).toContainText('Whoever sees the link can read the trace, and it cannot be taken back.')
  await page.screenshot({ path: 'test-results/views/share-in-link-light.png' })
  await dialog.getByRole('button', { name: 'Copy link with the trace in it' }).click()
  await expect(dialog.getByRole('button', { name: 'Copied' })).toBeVisible()
  const link = new URL(await page.evaluate(() => navigator.clipboard.readText()))
  expect(link.hash).toMatch(/^#bundle=1\.\d+\.[\w-]+$/)
  expect(link.href.length).toBeLessThan(32_100)

  const host = await staticHost()
  const other = await browser.newContext()
  try {
    const first = await other.newPage()
    await first.goto(host.origin)
    await first.evaluate(() => navigator.serviceWorker.ready)
    await first.reload()
    await expect.poll(() => first.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
    await other.setOffline(true)
    const second = await other.newPage()
    await second.goto(`${host.origin}/${link.hash}`)
    await idle(second)
    await expect(second.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
    await expectRows(second, instructionsOf('signals'))
    // Nobody keeps shares here: all but that is offered.
    await second.getByRole('button', { name: 'Share', exact: true }).click()
    await expect(second.getByRole('button', { name: /^Export bundle/ })).toBeVisible()
    await expect(second.getByRole('region', { name: 'Share by link' })).toBeHidden()
    await second.goto('about:blank')
    await second.goto(`${host.origin}/${link.hash.slice(0, -40)}`)
    await expect(second.getByRole('alert')).toHaveText('The bundle in this link is damaged: the link was cut or changed on its way. Copy the whole link.')
  } finally {
    await other.close()
    host.close()
  }
  expect(problems).toEqual([])
})
