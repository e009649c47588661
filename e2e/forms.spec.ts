// SPDX-License-Identifier: Apache-2.0
// Every form in which a trace comes opens, with the same instructions.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { directoryForm, rawStream, tarGz } from './make-forms'
import { chooseFiles, expectRows, fixture, idle, openStart, root, showTab } from './page'

const trace = fixture('calls-cyc.perf.data')
const binary = fixture('symfs/opt/ptarmigan/calls')
const instructionsOf = (name: string) => Number(readFileSync(fixture(name), 'utf8').split(' ')[1])
const asFile = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer })

test('a compressed perf.data (perf record -z)', async ({ page }) => {
  const problems = await openStart(page)
  await chooseFiles(page, [fixture('calls-zstd.perf.data'), binary])
  await idle(page)
  await showTab(page, 'Instructions')
  await expectRows(page, instructionsOf('calls-zstd.hash'))
  expect(problems).toEqual([])
})

test('a perf.data directory, as a folder with its binary', async ({ page }) => {
  const folder = join(root, 'test-results/folder')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'perf.data'), { recursive: true })
  for (const [name, bytes] of Object.entries(directoryForm(trace))) writeFileSync(join(folder, 'perf.data', name), bytes)
  writeFileSync(join(folder, 'calls'), readFileSync(binary))
  const problems = await openStart(page)
  await page.getByTestId('folder-input').first().setInputFiles(folder)
  await idle(page)
  await showTab(page, 'Instructions')
  await expectRows(page, instructionsOf('calls.hash'))
  expect(problems).toEqual([])
})

test('the data file of a directory alone says what is missing', async ({ page }) => {
  await openStart(page)
  await chooseFiles(page, [asFile('data', directoryForm(trace)['data'] ?? Buffer.alloc(0))])
  await idle(page, 'failed')
  await expect(page.getByRole('alert')).toContainText('open the whole directory')
})

test('an archive with the trace and a build-id cache in it', async ({ page }) => {
  const cached = 'opt/ptarmigan/calls/0123456789012345678901234567890123456789/elf'
  const archive = tarGz({ 'perf.data': readFileSync(trace), [cached]: readFileSync(binary) })
  const problems = await openStart(page)
  await chooseFiles(page, [asFile('perf.data.tar.gz', archive)])
  await idle(page)
  await showTab(page, 'Instructions')
  await expectRows(page, instructionsOf('calls.hash'))
  expect(problems).toEqual([])
})

test('a raw stream of packets: a dialog asks where its code was, and remembers it', async ({ page }) => {
  const problems = await openStart(page)
  const files = [asFile('calls.pt', rawStream(trace)), asFile('calls', readFileSync(binary))]
  await chooseFiles(page, files)
  const dialog = page.getByRole('dialog', { name: 'Raw Intel PT packets' })
  await expect(dialog).toContainText('calls.pt')
  await dialog.getByLabel('Address of calls').fill('nonsense')
  await page.keyboard.press('Enter')
  await expect(dialog.getByRole('alert')).toContainText('not a hexadecimal address')
  await dialog.getByLabel('Address of calls').fill('')
  await dialog.getByLabel('Nominal frequency').fill('24')
  await dialog.getByLabel('CR3 filter').check()
  await page.keyboard.press('Enter')
  await idle(page)
  await showTab(page, 'Instructions')
  await expectRows(page, instructionsOf('calls.hash'))
  await page.reload()
  await chooseFiles(page, files)
  await expect(dialog.getByLabel('Nominal frequency')).toHaveValue('24')
  await expect(dialog.getByLabel('CR3 filter')).toBeChecked()
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  expect(problems).toEqual([])
})
