// SPDX-License-Identifier: Apache-2.0
// Stopping before anything is shown, or in the middle of decoding, and going on. The example decodes within
// moments, so a watcher in the page presses Cancel when it appears: a hand
// would be too slow.
import { expect, test } from '@playwright/test'
import { gridRows, idle, openExample, openStart, panel, pressCancelWhenShown, showTab } from './page'

test('decoding stops on Cancel, shows what there is, and goes on to the same end', async ({ page }) => {
  const problems = await openStart(page)
  await openExample(page)
  const instructions = page.locator('.chips').getByText('instructions')
  const whole = await instructions.innerText()
  await page.getByRole('button', { name: 'Ptarmigan' }).click()
  await idle(page, 'empty')

  await pressCancelWhenShown(page)
  await page.getByRole('button', { name: 'Open the example' }).click()
  await idle(page, 'cancelled')
  await expect(page.getByText(/Stopped at .* of .*views show that part/)).toBeVisible()
  await showTab(page, 'Files', 'cancelled')
  await expect(panel(page)).toContainText('orderbook')

  await page.getByRole('button', { name: 'Continue decoding' }).click()
  await idle(page)
  await expect(instructions).toHaveText(whole)
  await showTab(page, 'Instructions')
  expect(await gridRows(page)).toBeGreaterThan(1000)
  expect(problems).toEqual([])
})

test('a trace that is being opened is given up on Cancel, and nothing of it comes later', async ({ page }) => {
  const problems = await openStart(page)
  // The decoder does not come: whatever opening waits for, it waits.
  let letGo = () => {}
  const held = new Promise<void>((resolve) => (letGo = resolve))
  await page.route(/ptarmigan-.*\.wasm$/, async (route) => {
    await held
    await route.continue()
  })
  await page.getByRole('button', { name: 'Open the example' }).click()
  await expect(page.getByText(/^Opening .*…$/)).toBeVisible()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await idle(page, 'empty')
  await expect(page.getByText('Drop a perf.data here, with its binaries')).toBeVisible()

  letGo()
  await openExample(page)
  await page.getByRole('button', { name: 'Ptarmigan' }).click()
  await idle(page, 'empty')
  expect(problems).toEqual([])
})
