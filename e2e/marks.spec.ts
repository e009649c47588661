// SPDX-License-Identifier: Apache-2.0
// Marks of the timeline: samples pinned to the path that a trace beside them
// gives, PT events, and a file that holds nothing but samples.
import { expect, test } from '@playwright/test'
import { canvasColors, chooseFiles, fixture, idle, openStart, panel, showTab } from './page'

const calls = fixture('symfs/opt/ptarmigan/calls')

test('a sample beside a trace leads to the instruction it was taken at', async ({ page }) => {
  const problems = await openStart(page)
  await chooseFiles(page, [fixture('other/mixed-cyc.perf.data'), calls])
  await idle(page)
  await showTab(page, 'Timeline')
  await expect(page.getByRole('button', { name: 'PT events' })).toBeVisible()
  await page.keyboard.press('m')
  await page.keyboard.press('m')
  const details = page.getByRole('complementary', { name: 'Selected mark' })
  await expect(details).toContainText('cycles:u')
  await page.keyboard.press('m')
  await expect(details).toContainText('0x402502')
  await expect(details).toContainText("The path reached the sample's address once")
  await details.getByRole('button', { name: 'Show instruction' }).click()
  await idle(page)
  await expect(page.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
  // The 727th instruction of the truth's thread is at the sample's address.
  await expect(panel(page).locator('[aria-selected="true"]').first()).toContainText('402502')
  expect(problems).toEqual([])
})

test('PT events lead to their packet, and can be hidden', async ({ page }) => {
  const problems = await openStart(page)
  await chooseFiles(page, [fixture('ptwrite.perf.data'), fixture('symfs/opt/ptarmigan/ptwrite')])
  await idle(page)
  await showTab(page, 'Timeline')
  await expect(page.getByRole('button', { name: 'PT events' })).toBeVisible()
  await page.keyboard.press('m')
  await page.keyboard.press('m')
  const details = page.getByRole('complementary', { name: 'Selected mark' })
  await expect(details).toContainText('ptwrite')
  await expect(details).toContainText('main+0x10')
  await details.getByRole('button', { name: 'Show packet' }).click()
  await idle(page)
  // The packet itself, not the FUP right behind it that tells its address.
  await expect(panel(page).locator('[aria-selected="true"]').first()).toContainText('PTWRITE')
  await showTab(page, 'Timeline')
  const toggle = page.getByRole('button', { name: 'PT events' })
  await toggle.click()
  await expect(toggle).toHaveAttribute('aria-pressed', 'false')
  expect(problems).toEqual([])
})

test('a file of samples alone fills the flame graph, and says why other tabs are empty', async ({ page }) => {
  const problems = await openStart(page)
  await chooseFiles(page, [fixture('other/callstack-calls.perf.data'), calls])
  await idle(page)
  await showTab(page, 'Flame graph')
  await expect.poll(() => canvasColors(page)).toBeGreaterThan(4)
  await expect(panel(page).getByRole('radio', { name: 'Cycles' })).toHaveAttribute('aria-checked', 'true')
  for (const tab of ['Instructions', 'Blocks'] as const) {
    await showTab(page, tab)
    await expect(panel(page)).toContainText('perf record --call-graph lbr')
  }
  await showTab(page, 'Packets')
  await expect(panel(page)).toContainText('Samples have no packets')
  await showTab(page, 'Timeline')
  await expect(page.getByRole('button', { name: 'Samples' })).toBeVisible()
  await page.keyboard.press('m')
  await expect(page.getByRole('complementary', { name: 'Selected mark' })).toContainText('Call chain')
  expect(problems).toEqual([])
})
