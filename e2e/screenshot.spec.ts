// SPDX-License-Identifier: Apache-2.0
// Makes the README's picture: npm run screenshot. Not a test of anything.
import { test } from '@playwright/test'
import { chooseThread, openExample, openStart, showTab } from './page'

test('screenshot for the README', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.setViewportSize({ width: 1440, height: 810 })
  await openStart(page)
  await openExample(page)
  await chooseThread(page, 'matcher')
  await showTab(page, 'Timeline')
  await page.screenshot({ path: 'public/screenshot.png' })
})
