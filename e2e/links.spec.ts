// SPDX-License-Identifier: Apache-2.0
// Links, bundles and the network being off: what one reader sees, another one
// sees, with the same file or with the bundle alone.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, type Browser, type Page } from '@playwright/test'
import { axeViolations, chooseFiles, chooseThread, expectRows, idle, openExample, openStart, panel, root, showTab } from './page'

// Several pages in each test.
test.describe.configure({ timeout: 300_000 })

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

/** Follows a link in a fresh profile that has the same files. */
async function follow(browser: Browser, link: string): Promise<Page> {
  const other = await (await browser.newContext()).newPage()
  await other.emulateMedia({ reducedMotion: 'reduce' })
  await other.goto(link)
  await openAsFiles(other)
  await expect(other.getByText('This link shows a view of')).toBeHidden()
  await idle(other)
  return other
}

const picture = (page: Page) => panel(page).screenshot({ animations: 'disabled' })

test('a link holds what the timeline shows: zoom, folded lanes, the selected call; the picture is the same', async ({ page, browser }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const problems = await openStart(page)
  await openAsFiles(page)
  await showTab(page, 'Timeline')
  const timeline = panel(page).getByRole('application', { name: /^Timeline/ })
  await timeline.focus()
  for (const key of ['w', 'w', 'w', 'd', 'Shift+ArrowRight', 'Shift+ArrowDown', 'Shift+ArrowDown', 'Enter', 'w', 'w', 'd']) await timeline.press(key)
  await panel(page).getByRole('button', { name: /^Collapse/ }).last().click()
  await page.mouse.move(5, 5)
  for (const part of ['zoom=', 'call=', 'folded=']) await expect.poll(() => page.url()).toContain(part)
  await idle(page)
  await timeline.blur()
  const seen = await picture(page)
  const other = await follow(browser, page.url())
  await expect.poll(async () => (await picture(other)).equals(seen)).toBe(true)
  await expect.poll(() => other.url()).toBe(page.url())
  await other.context().close()
  expect(problems).toEqual([])
})

test('a link holds the flame that the keys have selected, by thread too; selecting is no step of the history', async ({ page, browser }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const problems = await openStart(page)
  await openAsFiles(page)
  await expect.poll(() => page.url()).toContain('tab=flame')
  await panel(page).getByRole('button', { name: 'By thread' }).click()
  const flame = panel(page).getByRole('application', { name: /^Flame graph/ })
  await flame.focus()
  const before = await page.evaluate(() => history.length)
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowDown']) {
    await flame.press(key)
    await idle(page)
  }
  await expect.poll(() => page.url()).toContain('flame-at=@')
  expect(await page.evaluate(() => history.length)).toBe(before)
  await flame.blur()
  await page.mouse.move(5, 5)
  const told = await panel(page).locator('[aria-live=polite]').textContent()
  const seen = await picture(page)
  const other = await follow(browser, page.url())
  await expect(panel(other).locator('[aria-live=polite]')).toHaveText(told ?? '')
  await expect.poll(async () => (await picture(other)).equals(seen)).toBe(true)
  await expect.poll(() => other.url()).toBe(page.url())
  await other.context().close()
  expect(problems).toEqual([])
})

test('a link holds columns, orders and places of the lists', async ({ page, browser }) => {
  const problems = await openStart(page)
  await openAsFiles(page)
  const column = async (name: string) => {
    const menu = panel(page).getByText('Columns', { exact: true }).filter({ visible: true })
    await menu.click()
    await panel(page).getByRole('checkbox', { name, exact: true }).filter({ visible: true }).click()
    await menu.click()
  }
  const check = async (parts: string[]) => {
    for (const part of parts) await expect.poll(() => page.url()).toContain(part)
    await idle(page)
    const rows = await rowsOnScreen(page)
    const other = await follow(browser, page.url())
    await expect.poll(() => rowsOnScreen(other)).toEqual(rows)
    expect(other.url()).toBe(page.url())
    await other.context().close()
  }
  await showTab(page, 'Instructions')
  await column('CPU')
  await panel(page).getByRole('radio', { name: 'perf’s clock' }).click()
  await panel(page).getByRole('textbox', { name: /^Go to time/ }).fill('#5000')
  await panel(page).getByRole('textbox', { name: /^Go to time/ }).press('Enter')
  await panel(page).getByRole('grid').filter({ visible: true }).hover()
  // The rows may come after the address has been written once.
  await expect.poll(() => page.url()).toMatch(/at=.*top=|top=.*at=/)
  const jumped = page.url()
  await page.mouse.wheel(0, 22 * 40)
  await expect.poll(() => page.url()).not.toBe(jumped)
  await check(['instructions.columns=', 'instructions.clock=perf', 'at=', 'top='])
  await showTab(page, 'Packets')
  await panel(page).locator('.pkt-chip').nth(2).click()
  await panel(page).getByRole('grid').filter({ visible: true }).hover()
  await page.mouse.wheel(0, 22 * 100)
  await panel(page).getByRole('grid').filter({ visible: true }).getByRole('row').nth(6).click()
  await check(['packets.marked=', 'packet-top=', 'packet='])
  await showTab(page, 'Blocks')
  await panel(page).getByRole('columnheader', { name: /^IPC/ }).getByRole('button').click()
  await column('Address')
  await panel(page).getByRole('grid').filter({ visible: true }).getByRole('row').nth(9).click()
  await check(['blocks.order=ipc', 'blocks.columns=', 'block='])
  await panel(page).getByRole('radio', { name: 'Branches' }).click()
  await panel(page).getByRole('grid').filter({ visible: true }).getByRole('row').nth(4).click()
  await check(['blocks.list=branches', 'branches.at='])
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

test('a bundle of a range brings the instruction that was selected, under its number there', async ({ page, browser }) => {
  await openStart(page)
  await openAsFiles(page)
  await chooseThread(page, 'matcher')
  await page.getByLabel('From').fill('500 us')
  await page.getByLabel('From').press('Enter')
  await page.getByLabel('To', { exact: true }).fill('520 us')
  await page.getByLabel('To', { exact: true }).press('Enter')
  await showTab(page, 'Instructions')
  const jump = panel(page).getByRole('textbox', { name: /^Go to time/ })
  await jump.fill('510us')
  await jump.press('Enter')
  await idle(page)
  const grid = panel(page).getByRole('grid').filter({ visible: true })
  await grid.press('ArrowDown')
  await grid.press('ArrowDown')
  const selected = (from: Page) => panel(from).getByRole('grid').filter({ visible: true }).locator('.virtual-table-row.is-active').getByRole('gridcell').allInnerTexts()
  /** Without its number, and times of another start. */
  const same = async (from: Page) => (await selected(from)).slice(4)
  await expect.poll(() => page.url()).toContain('at=')
  const wanted = await same(page)
  expect(wanted.length).toBeGreaterThan(4)
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog', { name: 'Share' }).getByRole('button', { name: /^Export bundle/ }).click({ timeout: 60_000 }),
  ])
  const other = await (await browser.newContext()).newPage()
  await openStart(other)
  await chooseFiles(other, { name: 'cut.ptarmigan', mimeType: '', buffer: readFileSync(await download.path()) })
  await idle(other)
  await expect(other.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
  await expect.poll(() => same(other)).toEqual(wanted)
  await other.context().close()
})

/** The first rows of blocks (what a bundle says of itself takes the room of some) up to their times: the first measurement of cycles behind a switch counts since the one before it, of whomever. */
const untilTimes = (rows: readonly string[]): string[] => rows.slice(0, 20).map((row) => row.replace(/( (?:ns|µs|ms)\n)(?![^]* (?:ns|µs|ms)\n)[^]*$/, '$1'))

test('a bundle of one thread of a trace recorded by CPU has its rows, and nobody else’s', async ({ page, browser }) => {
  const problems = await openStart(page)
  await openAsFiles(page)
  await chooseThread(page, 'matcher')
  await showTab(page, 'Blocks')
  const rows = untilTimes(await rowsOnScreen(page))
  expect(rows.length).toBeGreaterThan(10)
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Share' })
  await dialog.getByRole('checkbox', { name: /^Only matcher/ }).check()
  await expect(dialog.getByTestId('bundle-contents')).toContainText('Only one thread of the trace is here', { timeout: 60_000 })
  await page.screenshot({ path: 'test-results/views/share-thread.png' })
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: /^Export bundle/ }).click()])

  const other = await (await browser.newContext()).newPage()
  await openStart(other)
  await chooseFiles(other, { name: download.suggestedFilename(), mimeType: '', buffer: readFileSync(await download.path()) })
  await idle(other)
  await expect(other.getByRole('tab', { name: 'Blocks' })).toHaveAttribute('aria-selected', 'true')
  await expect.poll(async () => untilTimes(await rowsOnScreen(other))).toEqual(rows)
  // Nobody else executed anything.
  await expect(other.getByRole('banner').getByText('1 thread', { exact: true })).toBeVisible()
  await other.context().close()
  expect(problems).toEqual([])
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
