// SPDX-License-Identifier: Apache-2.0
// A trace that changes or disappears while it is open: the browser reads no more of
// it, which is a sentence; what was decoded stays, and the file can be opened again.
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { goingOn, idleStretches } from '../src/test-support/longer-trace'
import { chooseFiles, fixture, gridRows, idle, openStart, panel, pressCancelWhenShown, showTab } from './page'

// Too large to be kept whole.
const STRETCHES = 90
const STRETCH = 64 << 10
const binary = fixture('symfs/opt/ptarmigan/odd')

let folder = ''
let trace = ''
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-changed-'))
  trace = join(folder, 'perf.data')
  writeFileSync(trace, goingOn(readFileSync(fixture('odd-noretcomp.perf.data')), idleStretches(STRETCHES, STRETCH)))
})
test.afterEach(() => rmSync(folder, { recursive: true }))

const unreadable = /perf\.data could not be read at byte \d+ \(\w+Error\); it may have changed or moved since it was opened: open it again\./

test('a trace that has changed says so where it is read again, and shows what was decoded', async ({ page }) => {
  await openStart(page)
  await chooseFiles(page, [trace, binary])
  await idle(page)
  const instructions = page.locator('.chips').getByText('instructions')
  const whole = await instructions.innerText()
  utimesSync(trace, new Date(), new Date(Date.now() + 5000))

  await page.getByRole('tab', { name: 'Packets' }).click()
  const place = page.getByRole('textbox', { name: 'Go to offset, number or time' })
  await place.fill('0x500000')
  await place.press('Enter')
  await expect(panel(page).getByText(unreadable)).toBeVisible()
  await showTab(page, 'Blocks')
  expect(await gridRows(page)).toBeGreaterThan(10)
  await expect(instructions).toHaveText(whole)

  await chooseFiles(page, [trace, binary])
  await showTab(page, 'Packets')
  expect(await gridRows(page)).toBeGreaterThan(1000)
})

test('a trace that disappears while it is decoded says what is missing, and keeps the rest', async ({ page }) => {
  await openStart(page)
  await pressCancelWhenShown(page)
  await chooseFiles(page, [trace, binary])
  await idle(page, 'cancelled')
  rmSync(trace)
  await page.getByRole('button', { name: 'Continue decoding' }).click()
  await idle(page, 'failed')
  await expect(page.getByText(/^\d+ of \d+ segments of the trace could not be decoded and are missing from all numbers\. /)).toContainText(unreadable)
  await page.getByRole('tab', { name: 'Files' }).click()
  await expect(panel(page)).toContainText('/opt/ptarmigan/odd')
})
