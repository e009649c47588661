// SPDX-License-Identifier: Apache-2.0
// The main job, on the shipped example: open it, see all six views, with the
// numbers that are known to be true, in light and dark.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import {
  axeViolations,
  canvasColors,
  chooseThread,
  expectRows,
  gridRows,
  openExample,
  openStart,
  panel,
  root,
  showTab,
  tabs,
  type TabName,
} from './page'

/** The three threads' instruction counts, from the truth. */
const truth = readFileSync(join(root, 'public/samples/example.hash'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => ({ tid: line.split(' ')[0] ?? '', instructions: Number(line.split(' ')[1]) }))
const matcher = truth[2]

/** That a view shows something, in the way it shows things. */
const shows: Record<TabName, (page: Page) => Promise<void>> = {
  'Flame graph': (page) => expect.poll(() => canvasColors(page)).toBeGreaterThan(4),
  Timeline: (page) => expect.poll(() => canvasColors(page)).toBeGreaterThan(4),
  Instructions: (page) => expectRows(page, matcher?.instructions ?? 0),
  Blocks: (page) => expect.poll(() => gridRows(page)).toBeGreaterThan(100),
  Packets: (page) => expect.poll(() => gridRows(page)).toBeGreaterThan(1000),
  Files: (page) => expect(panel(page)).toContainText('/opt/ptarmigan/orderbook'),
}

test('the page is cross-origin isolated under the production headers', async ({ page }) => {
  const problems = await openStart(page)
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
  expect(problems).toEqual([])
})

for (const scheme of ['light', 'dark'] as const) {
  test(`the example fills every view, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    const problems = await openStart(page)
    expect(await axeViolations(page)).toEqual([])
    await page.screenshot({ path: `test-results/views/start-${scheme}.png` })
    await openExample(page)
    await chooseThread(page, 'matcher')
    for (const name of tabs) {
      await showTab(page, name)
      await shows[name](page)
      await page.screenshot({ path: `test-results/views/${name.toLowerCase().replace(' ', '-')}-${scheme}.png` })
      expect(await axeViolations(page), name).toEqual([])
    }
    expect(problems).toEqual([])
  })
}

test('every thread has exactly the instructions it executed', async ({ page }) => {
  await openStart(page)
  await openExample(page)
  await showTab(page, 'Instructions')
  for (const { tid, instructions } of truth) {
    await chooseThread(page, tid)
    await expectRows(page, instructions)
  }
})

test('a function is found and the flame graph says its share', async ({ page }) => {
  await openStart(page)
  await openExample(page)
  await page.getByRole('searchbox', { name: 'Search functions' }).fill('deep_level_find')
  await expect(panel(page).getByRole('status').filter({ hasText: 'deep_level_find' })).toContainText('%')
})

test('going back to the start page and opening the example again works', async ({ page }) => {
  const problems = await openStart(page)
  await openExample(page)
  await page.getByTitle('Close this trace and go to the start page').click()
  await openExample(page)
  await showTab(page, 'Blocks')
  expect(await gridRows(page)).toBeGreaterThan(100)
  expect(problems).toEqual([])
})
