// SPDX-License-Identifier: Apache-2.0
// The page as an installed program: what a browser wants of it, everything with
// the network off after one visit, and new versions that wait until asked.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { chooseFiles, chooseOthers, chooseThread, expectRows, fixture, idle, instructionsOf, openExample, panel, root, showTab } from './page'
import { staticHost } from './servers'

test.describe.configure({ timeout: 300_000 })

/** Visits, and leaves when the service worker has everything. */
async function visit(page: Page, address = '/'): Promise<void> {
  await page.goto(address)
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.reload()
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
}

test('a browser may install the page', async ({ page }) => {
  await visit(page)
  const session = await page.context().newCDPSession(page)
  const { errors, url } = await session.send('Page.getAppManifest')
  expect(url).toContain('/manifest.webmanifest')
  expect(errors).toEqual([])
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  // A test's profile is an incognito one, which may install nothing: the only objection.
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([])
  const icons = await page.evaluate(async () => {
    const manifest: { icons: { src: string; sizes: string; purpose: string }[] } = await (await fetch('manifest.webmanifest')).json()
    return Promise.all(
      manifest.icons
        .filter(({ sizes }) => sizes !== 'any')
        .map(async ({ src, sizes, purpose }) => {
          const image = await createImageBitmap(await (await fetch(src)).blob())
          return `${src} ${purpose} ${sizes} ${image.width}x${image.height}`
        }),
    )
  })
  expect(icons).toEqual([
    'icon-192.png any 192x192 192x192',
    'icon-512.png any 512x512 512x512',
    'icon-maskable-512.png maskable 512x512 512x512',
  ])
})

test('with the network off after one visit: open, decode, disassemble, unpack, export, open the export', async ({ page, context }) => {
  await visit(page)
  await context.setOffline(true)
  await page.reload()
  await openExample(page)
  for (const tab of ['Timeline', 'Blocks', 'Packets', 'Files', 'Instructions'] as const) await showTab(page, tab)
  await chooseThread(page, 'matcher')
  const matcher = readFileSync(join(root, 'public/samples/example.hash'), 'utf8').split('\n')[2]
  await expectRows(page, Number(matcher?.split(' ')[1]))
  // The disassembler is a part of the page that is loaded when it is first needed.
  await expect(panel(page).getByRole('row').getByText(/^(mov|push|sub|lea|call) /).first()).toBeVisible()
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog', { name: 'Share' }).getByRole('button', { name: /^Export bundle/ }).click(),
  ])
  const bundle = readFileSync(await download.path())
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await chooseOthers(page, { name: 'again.ptarmigan', mimeType: '', buffer: bundle })
  await expectRows(page, Number(matcher?.split(' ')[1]))
  // Decompressors are such parts, too.
  await chooseOthers(page, [fixture('calls-zstd.perf.data'), fixture('symfs/opt/ptarmigan/calls')])
  await showTab(page, 'Instructions')
  await expectRows(page, instructionsOf('calls-zstd'))
  await context.setOffline(false)
})

test('a new version is announced and used when asked: what is open stays open until then', async ({ page }) => {
  let next = false
  // A build of the future: the same files under another version.
  const host = await staticHost((_, text) => (next ? text.replace(/const VERSION = '[0-9a-f]{16}'/, "const VERSION = 'feedfeedfeedfeed'") : text))
  try {
    await visit(page, host.origin)
    await chooseFiles(page, [fixture('signals-cyc.perf.data'), fixture('symfs/opt/ptarmigan/signals')])
    await idle(page)
    const announcement = page.getByText('A new version is ready.')
    await expect(announcement).toBeHidden()
    const versions = () => page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('ptarmigan-')).toSorted())
    const [old = ''] = await versions()
    const loads: string[] = []
    page.on('load', () => loads.push(page.url()))
    next = true
    await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())?.update()))
    await expect(announcement).toBeVisible()
    expect(await versions()).toEqual([old, 'ptarmigan-feedfeedfeedfeed'].toSorted())
    // Nothing was forced: the trace is open, its rows can be asked for, the page was not loaded again.
    await showTab(page, 'Instructions')
    await expectRows(page, instructionsOf('signals'))
    expect(loads).toEqual([])
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Reload now' }).click()])
    await expect.poll(versions).toEqual(['ptarmigan-feedfeedfeedfeed'])
    await expect(announcement).toBeHidden()
  } finally {
    host.close()
  }
})

test('every part of the page is kept by the service worker', () => {
  const worker = readFileSync(join(root, 'dist/service-worker.js'), 'utf8')
  const parts = readdirSync(join(root, 'dist/assets')).filter((name) => !name.endsWith('.map'))
  expect(parts.length).toBeGreaterThan(10)
  expect(parts.filter((name) => !worker.includes(`"assets/${name}"`))).toEqual([])
})
