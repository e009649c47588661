// SPDX-License-Identifier: Apache-2.0
// Makes the README's picture: npm run screenshot. Not a test of anything.
import { test } from '@playwright/test'
import { idle, openExample, openStart, showTab } from './page'

test('screenshot for the README', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.setViewportSize({ width: 1440, height: 640 })
  await openStart(page)
  await openExample(page)
  // A message that took the slow path, with quick ones on both sides.
  await page.getByRole('textbox', { name: 'From' }).fill('595 us')
  await page.getByRole('textbox', { name: 'From' }).press('Enter')
  await page.getByRole('textbox', { name: 'To' }).fill('612 us')
  await page.getByRole('textbox', { name: 'To' }).press('Enter')
  await showTab(page, 'Timeline')
  await page.getByRole('button', { name: 'Fit selection' }).click()
  await idle(page)
  await page.screenshot({ path: 'public/screenshot.png' })
})
