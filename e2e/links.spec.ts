// SPDX-License-Identifier: Apache-2.0
// Links, bundles and the network being off: what one reader sees, another one
// sees, with the same file or with the bundle alone.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { axeViolations, chooseFiles, chooseThread, expectRows, idle, openExample, openStart, panel, root, showTab } from './page'

const samples = join(root, 'public/samples')
const example = [join(samples, 'example.perf.data'), join(samples, 'orderbook')]

/** Opens the shipped example as files, as a reader who has them would. */
async function openAsFiles(page: Page): Promise<void> {
  await chooseFiles(page, example)
  await idle(page)
}

const rowsOnScreen = async (page: Page): Promise<string[]> =>
  panel(page).getByRole('grid').filter({ visible: true }).first().getByRole('row').allInnerTexts()

test('a link shows the same view in another browser, once the same file is dropped', async ({ page, browser }) => {
  const problems = await openStart(page)
  await openAsFiles(page)
  await chooseThread(page, 'matcher')
  await page.getByLabel('From').fill('200 us')
  await page.getByLabel('From').press('Enter')
  await showTab(page, 'Blocks')
  await expect.poll(() => page.url()).toContain('tab=blocks')
  const link = page.url()
  const rows = await rowsOnScreen(page)

  const other = await (await browser.newContext()).newPage()
  await other.goto(link)
  await expect(other.getByText('This link shows a view of example.perf.data')).toBeVisible()
  await openAsFiles(other)
  await expect(other.getByRole('tab', { name: 'Blocks' })).toHaveAttribute('aria-selected', 'true')
  await idle(other)
  await expect.poll(() => rowsOnScreen(other)).toEqual(rows)
  expect(await other.getByLabel('From').inputValue()).toBe(await page.getByLabel('From').inputValue())
  await other.context().close()
  expect(problems).toEqual([])
})

test('a link says so when another trace is opened, and shows it on demand', async ({ page }) => {
  await page.goto('/#v=1&file=mine.data&size=12345&print=0123456789abcdef&tab=blocks')
  await expect(page.getByText('This link shows a view of mine.data (12,345 bytes)')).toBeVisible()
  await openAsFiles(page)
  await expect(page.getByText('example.perf.data (', { exact: false }).first()).toBeVisible()
  await page.getByRole('button', { name: 'Show it here anyway' }).click()
  await expect(page.getByRole('tab', { name: 'Blocks' })).toHaveAttribute('aria-selected', 'true')
})

test('back goes to the tab before', async ({ page }) => {
  await openStart(page)
  await openExample(page)
  await expect.poll(() => page.url()).toContain('tab=flame')
  await showTab(page, 'Timeline')
  await expect.poll(() => page.url()).toContain('tab=timeline')
  await showTab(page, 'Blocks')
  await expect.poll(() => page.url()).toContain('tab=blocks')
  await page.goBack()
  await expect(page.getByRole('tab', { name: 'Timeline' })).toHaveAttribute('aria-selected', 'true')
})

for (const scheme of ['light', 'dark'] as const) {
  test(`a bundle opens anywhere with the same rows, ${scheme}`, async ({ page, browser }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    const problems = await openStart(page)
    await openAsFiles(page)
    await chooseThread(page, 'matcher')
    await showTab(page, 'Blocks')
    const rows = await rowsOnScreen(page)
    await page.getByRole('button', { name: 'Share', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Share' })
    await expect(dialog.getByTestId('bundle-contents')).toBeVisible({ timeout: 60_000 })
    expect(await axeViolations(page)).toEqual([])
    await page.screenshot({ path: `test-results/views/share-${scheme}.png` })
    await page.setViewportSize({ width: 700, height: 900 })
    await page.screenshot({ path: `test-results/views/share-${scheme}-700.png` })
    const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: /^Export bundle/ }).click()])
    const path = await download.path()
    expect(readFileSync(path).subarray(0, 8).toString()).toBe('PTMBUNDL')

    const other = await (await browser.newContext()).newPage()
    await openStart(other)
    await chooseFiles(other, { name: download.suggestedFilename(), mimeType: '', buffer: readFileSync(path) })
    await idle(other)
    // The bundle brings its view.
    await expect(other.getByRole('tab', { name: 'Blocks' })).toHaveAttribute('aria-selected', 'true')
    await idle(other)
    await expect.poll(() => rowsOnScreen(other)).toEqual(rows)
    await other.context().close()
    expect(problems).toEqual([])
  })
}

test('after one visit the page opens and decodes with the network off', async ({ page, context }) => {
  await openStart(page)
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.reload()
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
  await context.setOffline(true)
  await page.reload()
  await openExample(page)
  await showTab(page, 'Instructions')
  await chooseThread(page, 'matcher')
  const matcher = readFileSync(join(samples, 'example.hash'), 'utf8').split('\n')[2]
  await expectRows(page, Number(matcher?.split(' ')[1]))
  await context.setOffline(false)
})
