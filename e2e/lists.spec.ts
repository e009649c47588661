// SPDX-License-Identifier: Apache-2.0
// The list views on the shipped example: moving through instructions, jumping,
// copying, the links between instructions, packets and blocks, narrow screens.
import { expect, test, type Locator, type Page } from '@playwright/test'
import { chooseThread, gridRows, idle, openExample, openStart, panel, showTab, tabs } from './page'

const grid = (page: Page): Locator => panel(page).getByRole('grid').filter({ visible: true }).first()
const active = (page: Page): Locator => grid(page).locator('.is-active')
const detail = (page: Page): Locator => panel(page).locator('.view-detail').filter({ visible: true })
const rowIndex = async (row: Locator): Promise<number> => Number(await row.getAttribute('aria-rowindex'))

async function openInstructions(page: Page): Promise<string[]> {
  const problems = await openStart(page)
  await openExample(page)
  await chooseThread(page, 'matcher')
  await showTab(page, 'Instructions')
  return problems
}

async function jump(page: Page, text: string): Promise<void> {
  const box = panel(page).getByRole('textbox').filter({ visible: true }).first()
  await box.fill(text)
  await box.press('Enter')
  await idle(page)
}

test('keys go to the last instruction, one up, and back to the first', async ({ page }) => {
  const problems = await openInstructions(page)
  const rows = await gridRows(page)
  await grid(page).focus()
  await page.keyboard.press('End')
  await idle(page)
  expect(await rowIndex(active(page))).toBe(rows + 1)
  await expect(active(page)).toContainText('syscall')
  await page.keyboard.press('ArrowUp')
  expect(await rowIndex(active(page))).toBe(rows)
  await page.keyboard.press('Home')
  expect(await rowIndex(active(page))).toBe(2)
  expect(problems).toEqual([])
})

test('the wheel moves by its pixels however many rows there are', async ({ page }) => {
  await openInstructions(page)
  await grid(page).hover()
  for (let step = 0; step < 4; step++) await page.mouse.wheel(0, 22)
  await expect(grid(page).locator('.virtual-table-row').first()).toHaveAttribute('aria-rowindex', '6')
})

test('the jump box reads numbers, times and addresses, and says what it cannot read', async ({ page }) => {
  await openInstructions(page)
  await jump(page, '#1,000,000')
  expect(await rowIndex(active(page))).toBe(1_000_002)
  const address = /0x([0-9a-f]+)/.exec(await detail(page).innerText())?.[0] ?? ''
  await jump(page, '0.3ms')
  await expect(active(page)).toContainText(/0\.000(299|300)/)
  await jump(page, address)
  await expect(detail(page)).toContainText(address)
  await jump(page, '12')
  await expect(panel(page).getByRole('alert')).toContainText('12ms is a time since the start, #12 the number of an instruction')
  await jump(page, '5s')
  await expect(panel(page).getByRole('alert')).toContainText('ends at')
})

test('selected rows are copied in the form of perf script', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await openInstructions(page)
  await jump(page, '#0')
  await grid(page).focus()
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Control+c')
  await expect(panel(page).getByRole('status').filter({ hasText: 'Copied 2 instructions' })).toBeVisible()
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).trimEnd().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toMatch(
    /^ +matcher +\d+ \[000\] +\d+\.\d{9}: +403446 __clone\+0x25 \(\/opt\/ptarmigan\/orderbook\) insn: 85 c0\t\ttest eax, eax$/,
  )
})

test('an instruction leads to its packet, and the packet back to it', async ({ page }) => {
  await openInstructions(page)
  await jump(page, '#1')
  await grid(page).focus()
  await page.keyboard.press('p')
  await idle(page)
  await expect(page.getByRole('tab', { name: 'Packets' })).toHaveAttribute('aria-selected', 'true')
  await expect(active(page)).toContainText('TNT')
  await panel(page).getByRole('button', { name: 'Show instructions' }).filter({ visible: true }).click()
  await idle(page)
  await expect(page.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
  expect(await rowIndex(active(page))).toBe(2)
})

test('an instruction leads to its block, and the block to a visit, also with all threads selected', async ({ page }) => {
  const problems = await openInstructions(page)
  await jump(page, '#5')
  await panel(page).getByRole('button', { name: 'Show block' }).click()
  await idle(page)
  await expect(active(page)).toContainText('start+0x0')
  await page.getByRole('combobox', { name: 'Thread', exact: true }).selectOption('')
  await idle(page)
  await panel(page).getByRole('button', { name: 'Show instructions' }).filter({ visible: true }).click()
  await idle(page)
  await expect(page.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
  await expect(active(page)).toContainText('start+0x0')
  expect(problems).toEqual([])
})

test('blocks sort by their heads and follow the search', async ({ page }) => {
  await openStart(page)
  await openExample(page)
  await showTab(page, 'Blocks')
  const all = await gridRows(page)
  await grid(page)
    .getByRole('button', { name: /Visits/ })
    .click()
  await expect(grid(page).getByRole('columnheader', { name: /Visits/ })).toHaveAttribute('aria-sort', 'descending')
  await page.getByRole('searchbox').fill('make_message')
  await expect(grid(page).locator('.virtual-table-row').first()).toContainText('make_message')
  expect(await gridRows(page)).toBeLessThan(all)
  await page.getByRole('searchbox').fill('no such function')
  await expect(panel(page)).toContainText('No block matches the search')
})

test('at 700 pixels no view is wider than the page', async ({ page }) => {
  await page.setViewportSize({ width: 700, height: 900 })
  await openStart(page)
  await openExample(page)
  for (const name of tabs) {
    await showTab(page, name)
    expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(700)
  }
})
