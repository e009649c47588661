// SPDX-License-Identifier: Apache-2.0
// Out of memory, by a decoder whose memory ends early: a sentence says so and what
// is missing, what was decoded stays and is shown, and the page is of use afterwards.
import { expect, test, type Page } from '@playwright/test'
import { limitedMemory } from '../src/test-support/limited-memory'
import { gridRows, idle, panel, showTab } from './page'

// Who serves from a cache asks for nothing.
test.use({ serviceWorkers: 'block' })

const sentence = 'The decoder ran out of memory (4 GB at most): close other tabs, or record a shorter trace.'
const missing = /^\d of 2 segments of the trace could not be decoded and are missing from all numbers\. /

/** Opens the example with a decoder of that many pages of 64 kB. */
async function openWith(page: Page, pages: number): Promise<void> {
  await page.route(/\.wasm$/, async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: Buffer.from(limitedMemory(await response.body(), pages)) })
  })
  await page.goto('/')
  await page.getByRole('button', { name: 'Open the example' }).click()
  await page.locator('html:is([data-session="failed"], [data-session="ready"])[data-idle="true"]').waitFor({ state: 'attached' })
  await page.unroute(/\.wasm$/)
}

const banner = (page: Page) => page.getByText(missing)
const decoded = (page: Page) => page.locator('.chips').getByText('instructions')

test('where memory runs out while decoding, what was decoded is shown, and a sentence says what is missing', async ({ page }) => {
  // There is an amount that is enough for one half of the example only: the one that comes first.
  let pages = 82
  do await openWith(page, (pages -= 4))
  while ((await banner(page).count()) === 0 && pages > 50)
  await expect(banner(page)).toHaveText(`1 of 2 segments of the trace could not be decoded and are missing from all numbers. ${sentence}`)
  await expect(decoded(page)).toHaveText(/^1\.(19|96) M instructions$/)
  const tab = page.getByRole('tab', { name: 'Instructions' })
  await tab.click()
  await idle(page, 'failed')
  expect(await gridRows(page)).toBeGreaterThan(1000)

  // Another trace opens as always, or the same with memory again.
  await page.getByRole('button', { name: 'Ptarmigan' }).click()
  await page.reload()
  await page.getByRole('button', { name: 'Open the example' }).click()
  await idle(page)
  await expect(banner(page)).toHaveCount(0)
  await expect(decoded(page)).toHaveText('3.16 M instructions')
  await showTab(page, 'Files')
  await expect(panel(page)).toContainText('orderbook')
})

test('where there is not even memory to open a trace, that is a sentence too', async ({ page }) => {
  await openWith(page, 30)
  await expect(page.getByText('ut of memory')).toBeVisible()
})
