// SPDX-License-Identifier: Apache-2.0
// BTS records and LBR branch stacks, dropped with their program: every view,
// the numbers of the truth and of the command line, no word of PT.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { canvasColors, chooseFiles, fixture, gridRows, idle, openStart, panel, root, showTab, tabs } from './page'

const program = fixture('symfs/opt/ptarmigan/calls')
/** Instructions between the first and the last BTS record: from the truth. */
const sources = [
  { name: 'bts-calls', instructions: 11_990, mispredictions: false },
  { name: 'lbr-calls', instructions: null, mispredictions: true },
] as const

type Report = { blocks: { visits: number }[] }

/** What the command line says of the same file. */
function reportOf(name: string): Report {
  const words = ['report', fixture(`other/${name}.perf.data`), '--symfs', fixture('symfs'), '--json', '--limit', '100000']
  return JSON.parse(
    execFileSync(process.execPath, [join(root, 'src/cli/ptarmigan.mjs'), ...words], { encoding: 'utf8', maxBuffer: 1 << 26 }),
  ) as Report
}

/** Drops a trace with its program; the list fills with what goes wrong. */
async function open(page: Page, name: string): Promise<string[]> {
  const problems = await openStart(page)
  await chooseFiles(page, [fixture(`other/${name}.perf.data`), program])
  await idle(page)
  return problems
}

const grid = (page: Page) => panel(page).getByRole('grid').filter({ visible: true }).first()

for (const { name, instructions, mispredictions } of sources) {
  test(`${name} fills every view with the command line's numbers`, async ({ page }) => {
    const problems = await open(page, name)
    for (const tab of tabs) {
      await showTab(page, tab)
      await page.screenshot({ path: `test-results/views/${name}-${tab.toLowerCase().replace(' ', '-')}.png` })
      const text = await panel(page).innerText()
      expect(text, tab).not.toMatch(/Intel PT|PSB|CYC packet/)
    }
    await showTab(page, 'Flame graph')
    await expect.poll(() => canvasColors(page)).toBeGreaterThan(4)
    await showTab(page, 'Timeline')
    await expect.poll(() => canvasColors(page)).toBeGreaterThan(4)
    if (instructions !== null) {
      await showTab(page, 'Instructions')
      expect(await gridRows(page)).toBe(instructions)
    }
    await showTab(page, 'Blocks')
    expect(await gridRows(page)).toBe(reportOf(name).blocks.length)
    expect(problems).toEqual([])
  })

  test(`${name} has a list of branches that leads to instructions`, async ({ page }) => {
    const problems = await open(page, name)
    await showTab(page, 'Blocks')
    await page.getByRole('radio', { name: 'Branches' }).click()
    await idle(page)
    await expect(grid(page).getByRole('columnheader', { name: /Taken/ })).toBeVisible()
    await expect(grid(page).getByRole('columnheader', { name: /Mispredicted/ })).toHaveCount(mispredictions ? 1 : 0)
    await grid(page).locator('.virtual-table-row').first().click()
    await page.screenshot({ path: `test-results/views/${name}-branches.png` })
    await panel(page).getByRole('button', { name: 'Show instructions' }).filter({ visible: true }).click()
    await idle(page)
    await expect(page.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
    expect(problems).toEqual([])
  })
}
