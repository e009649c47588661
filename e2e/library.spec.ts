// SPDX-License-Identifier: Apache-2.0
// Traces kept in the browser: kept, listed, opened again with the network off
// and without the files, with the view they had, and removed.
import { expect, test, type Page } from '@playwright/test'
import { axeViolations, chooseFiles, expectRows, fixture, idle, instructionsOf, openStart, showTab } from './page'

test.describe.configure({ timeout: 300_000 })

const trace = fixture('signals-cyc.perf.data')
const binary = fixture('symfs/opt/ptarmigan/signals')

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Kept in this browser' })
const start = (page: Page) => page.getByRole('region', { name: 'Kept in this browser' })

async function keep(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Keep', exact: true }).click()
  await dialog(page).getByRole('button', { name: 'Keep this trace' }).click()
  await expect(dialog(page).getByText('signals-cyc.perf.data is kept, as it is open now.')).toBeVisible()
}

test('a kept trace opens again with the network off, without the files, at the view it had', async ({ page, context }) => {
  const problems = await openStart(page)
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.reload()
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
  await chooseFiles(page, [trace, binary])
  await idle(page)
  await showTab(page, 'Instructions')
  await expectRows(page, instructionsOf('signals'))
  await keep(page)
  await expect(dialog(page).getByRole('listitem')).toContainText('2 files')
  await expect(dialog(page).getByText(/that the browser gives this site are used/)).toBeVisible()
  expect(await axeViolations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/views/library-light.png' })
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 700, height: 900 })
  await page.screenshot({ path: 'test-results/views/library-dark-700.png' })
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Kept', exact: true })).toBeVisible()

  await context.setOffline(true)
  await page.goto('/')
  await expect(start(page).getByRole('listitem')).toContainText('signals-cyc.perf.data')
  expect(await axeViolations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/views/library-start-dark.png' })
  await start(page).getByRole('button', { name: /^signals-cyc/ }).click()
  await idle(page)
  await expect(page.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
  await expectRows(page, instructionsOf('signals'))
  await context.setOffline(false)
  expect(problems.filter((problem) => !problem.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([])
})

test('binaries that come later are kept by keeping again; removed is gone', async ({ page }) => {
  await openStart(page)
  await chooseFiles(page, trace)
  await idle(page)
  await keep(page)
  await expect(dialog(page).getByRole('listitem')).toContainText('1 file')
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await chooseFiles(page, binary)
  await idle(page)
  await page.getByRole('button', { name: 'Keep', exact: true }).click()
  await dialog(page).getByRole('button', { name: 'Keep it with them' }).click()
  await expect(dialog(page).getByRole('listitem')).toContainText('2 files')
  await expect(dialog(page).getByRole('listitem')).toHaveCount(1)
  const folders = () =>
    page.evaluate(async () => {
      const library = await (await navigator.storage.getDirectory()).getDirectoryHandle('library')
      let count = 0
      for await (const _ of library.keys()) count++
      return count
    })
  expect(await folders()).toBe(1)
  await dialog(page).getByRole('button', { name: /^Remove/ }).click()
  await expect(dialog(page).getByRole('listitem')).toHaveCount(0)
  expect(await folders()).toBe(0)
  await expect(dialog(page).getByRole('button', { name: 'Keep this trace' })).toBeVisible()
})

test('a copy that was cut short is cleared away; one the browser damaged says so', async ({ page }) => {
  await openStart(page)
  await chooseFiles(page, [trace, binary])
  await idle(page)
  await keep(page)
  await page.evaluate(async () => {
    const library = await (await navigator.storage.getDirectory()).getDirectoryHandle('library')
    const half = await library.getDirectoryHandle('half', { create: true })
    await half.getFileHandle('0', { create: true })
    for await (const [name, handle] of library.entries()) {
      if (name === 'half') continue
      const out = await (await (handle as FileSystemDirectoryHandle).getFileHandle('0')).createWritable()
      await out.write('short')
      await out.close()
    }
  })
  await page.goto('/')
  await expect(start(page).getByRole('listitem')).toHaveCount(1)
  await start(page).getByRole('button', { name: /^signals-cyc/ }).click()
  await expect(start(page).getByRole('alert')).toContainText('signals-cyc.perf.data has 5 of its')
  const names = await page.evaluate(async () => {
    const library = await (await navigator.storage.getDirectory()).getDirectoryHandle('library')
    const found: string[] = []
    for await (const name of library.keys()) found.push(name)
    return found.includes('half')
  })
  expect(names).toBe(false)
})
