// SPDX-License-Identifier: Apache-2.0
// Source texts: shown between the instructions of their lines, put into a bundle
// when asked, and there for whoever opens it. Addresses: others, when asked.
import { readFileSync } from 'node:fs'
import { expect, test, type Page } from '@playwright/test'
import { axeViolations, chooseFiles, expectRows, fixture, idle, instructionsOf, openStart, showTab } from './page'

// Two pages, and a bundle made twice.
test.describe.configure({ timeout: 300_000 })

const files = [fixture('calls-pie-cyc.perf.data'), fixture('symfs/opt/ptarmigan/calls-pie')]
const source = fixture('programs/calls.c')
/** What the program's fibonacci function is made of. */
const line = /calls\.c:15\s*return n < 2 \? n : fibonacci\(n - 1\) \+ fibonacci\(n - 2\);/

async function exported(page: Page): Promise<string> {
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: /^Export bundle/ }).click()
  return (await download).path()
}

test('source lines stand between the instructions, and travel in a bundle when asked', async ({ page, browser }) => {
  const problems = await openStart(page)
  await chooseFiles(page, files)
  await idle(page)
  await showTab(page, 'Instructions')
  await chooseFiles(page, [source])
  await page.getByRole('textbox', { name: 'Go to time, number or address' }).fill('#1798')
  await page.keyboard.press('Enter')
  await expect(page.getByText(line).first()).toBeVisible()
  expect(await axeViolations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/views/source-light.png' })

  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const contents = page.getByTestId('bundle-contents')
  await expect(contents).toBeVisible()
  await expect(contents).not.toContainText('with its text')
  await page.getByLabel('Source texts of the executed code').check()
  await page.getByLabel('Addresses in memory').check()
  await expect(contents).toContainText('1 source file with its text')
  await expect(contents).toContainText('Addresses of what was mapped were replaced')
  const bundle = await exported(page)
  expect(problems).toEqual([])

  const fresh = await (await browser.newContext()).newPage()
  await openStart(fresh)
  await chooseFiles(fresh, { name: 'calls.ptarmigan', mimeType: '', buffer: readFileSync(bundle) })
  await idle(fresh)
  await showTab(fresh, 'Instructions')
  await expectRows(fresh, instructionsOf('calls-pie'))
  await expect(fresh.getByText(line).first()).toBeVisible()
  await expect(fresh.getByText(/^7f000001a/).first()).toBeVisible()
  await fresh.emulateMedia({ colorScheme: 'dark' })
  await fresh.screenshot({ path: 'test-results/views/source-dark.png' })
  await fresh.getByText('Columns', { exact: true }).click()
  await fresh.getByLabel('Source lines between the rows').uncheck()
  await expect(fresh.locator('.ins-source')).toHaveCount(0)
})
