// SPDX-License-Identifier: Apache-2.0
// Files a reader brings: a trace with its binary, without it, with the wrong
// one; and what is no trace at all: each must end in a sentence.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { directoryForm } from './make-forms'
import { chooseFiles, expectRows, fixture, gridRows, idle, openExample, openStart, panel, root, showTab } from './page'

const trace = fixture('signals-cyc.perf.data')
const binary = fixture('symfs/opt/ptarmigan/signals')
const otherBinary = fixture('symfs/opt/ptarmigan/calls')
const instructions = Number(readFileSync(fixture('signals.hash'), 'utf8').split(' ')[1])

const asFile = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer })

test('a trace and its binary, chosen together, decode to the last instruction', async ({ page }) => {
  const problems = await openStart(page)
  await chooseFiles(page, [trace, binary])
  await idle(page)
  await showTab(page, 'Instructions')
  await expectRows(page, instructions)
  expect(problems).toEqual([])
})

test('without binaries packets still show, and the missing file is named; adding it decodes', async ({ page }) => {
  const problems = await openStart(page)
  await chooseFiles(page, [trace])
  await idle(page)
  await showTab(page, 'Packets')
  expect(await gridRows(page)).toBeGreaterThan(100)
  await showTab(page, 'Files')
  await expect(panel(page)).toContainText('/opt/ptarmigan/signals')
  await expect(panel(page)).toContainText('missing')
  await expect(page.locator('.chips')).toContainText(/\d (ns|µs|ms|s)/)
  await chooseFiles(page, [binary])
  await expect(
    panel(page)
      .getByText(/1 of \d+|loaded|used/i)
      .first(),
  ).toBeVisible()
  await idle(page)
  await showTab(page, 'Instructions')
  await expectRows(page, instructions)
  expect(problems).toEqual([])
})

test('code of a virtual machine is taken from the process that runs it when the reader says so', async ({ page }) => {
  const problems = await openStart(page)
  await chooseFiles(page, [fixture('walk/guest.perf.data'), fixture('walk/symfs/opt/ptarmigan/guest'), fixture('walk/symfs/opt/ptarmigan/user')])
  await idle(page)
  await showTab(page, 'Files')
  await expect(panel(page)).toContainText('Code of a virtual machine')
  await panel(page).getByRole('button', { name: 'Take code from its process' }).click()
  await expect(panel(page)).not.toContainText('Code of a virtual machine')
  await idle(page)
  await showTab(page, 'Timeline')
  await expect(panel(page)).toContainText('[guest/77]')
  expect(problems).toEqual([])
})

test("a guest's own recording, chosen with the host's, tells who ran what in the virtual machine", async ({ page }) => {
  const problems = await openStart(page)
  const binaries = ['guest', 'inside'].map((name) => fixture(`walk/symfs/opt/ptarmigan/${name}`))
  await chooseFiles(page, [fixture('walk/inside-clock.perf.data'), fixture('walk/guest-host.perf.data'), ...binaries])
  const dialog = page.getByRole('dialog', { name: 'A guest’s recording?' })
  await expect(dialog).toContainText('inside-clock.perf.data')
  await expect(dialog.getByRole('combobox')).toContainText('77 (1 CPU)')
  await dialog.getByLabel('TSC offset').fill('five')
  await dialog.getByRole('button', { name: 'Use as the guest’s' }).click()
  await expect(dialog.getByRole('alert')).toContainText('"five" is no TSC offset')
  await dialog.getByLabel('TSC offset').fill('0xffffffffffff63c0')
  await dialog.getByLabel('TSC multiplier').fill('1.25')
  await dialog.getByRole('button', { name: 'Use as the guest’s' }).click()
  await idle(page)
  await showTab(page, 'Timeline')
  await expect(panel(page)).toContainText('worker')
  await expect(panel(page)).toContainText('other')
  await showTab(page, 'Files')
  await expect(panel(page)).toContainText("inside-clock.perf.data: 11 records of process 77's virtual machine (TSC offset -40000, scale 1.25)")
  await expect(panel(page)).not.toContainText('Code of a virtual machine')
  expect(problems).toEqual([])
})

test.describe("a guest's recording may be a directory (perf record --threads)", () => {
  const folder = join(root, 'test-results/guest-folder')
  const parts = ['data', 'data.0', 'data.1'].map((name) => join(folder, 'inside.data', name))
  const binaries = ['guest', 'inside'].map((name) => fixture(`walk/symfs/opt/ptarmigan/${name}`))
  test.beforeEach(() => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(join(folder, 'inside.data'), { recursive: true })
    for (const [name, bytes] of Object.entries(directoryForm(fixture('walk/inside.perf.data')))) writeFileSync(join(folder, 'inside.data', name), bytes)
  })
  async function expectUsed(page: Page, name: string): Promise<void> {
    const dialog = page.getByRole('dialog', { name: 'A guest’s recording?' })
    await expect(dialog).toContainText(`${name} holds no processor trace`)
    await dialog.getByRole('button', { name: 'Use as the guest’s' }).click()
    await showTab(page, 'Files')
    await expect(panel(page)).toContainText(`${name}: 11 records of process 77's virtual machine`)
    await expect(panel(page)).not.toContainText('Code of a virtual machine')
    await showTab(page, 'Timeline')
    await expect(panel(page)).toContainText('worker')
  }
  test("in one folder with its host's", async ({ page }) => {
    for (const file of [fixture('walk/guest-host.perf.data'), ...binaries]) copyFileSync(file, join(folder, basename(file)))
    const problems = await openStart(page)
    await page.getByTestId('folder-input').first().setInputFiles(folder)
    await expectUsed(page, 'inside.data')
    expect(problems).toEqual([])
  })
  test("given when its host's is open", async ({ page }) => {
    const problems = await openStart(page)
    await chooseFiles(page, [fixture('walk/guest-host.perf.data'), ...binaries])
    await idle(page)
    await chooseFiles(page, parts)
    await expectUsed(page, 'data')
    expect(problems).toEqual([])
  })
})

test('a binary of another build is refused by name', async ({ page }) => {
  await openStart(page)
  await chooseFiles(page, [asFile('signals-cyc.perf.data', readFileSync(trace)), asFile('signals', readFileSync(otherBinary))])
  await idle(page)
  await showTab(page, 'Files')
  await expect(
    panel(page)
      .getByText(/build.id/i)
      .first(),
  ).toBeVisible()
  await expect(panel(page)).toContainText('signals')
  await expect(
    panel(page)
      .getByText(/signals .*build.id/i)
      .first(),
  ).toBeVisible()
  await expect(page.locator('.chips')).toContainText('0 instructions')
  await showTab(page, 'Packets')
  expect(await gridRows(page)).toBeGreaterThan(100)
})

test('a binary that was not copied to its end is refused, and says so', async ({ page }) => {
  const problems = await openStart(page)
  await chooseFiles(page, [asFile('signals-cyc.perf.data', readFileSync(trace)), asFile('signals', readFileSync(binary).subarray(0, 3000))])
  await idle(page)
  await expect(page.getByText(/signals is cut short: .* is not all in its 3000 bytes\. Copy it again\./)).toBeVisible()
  expect(problems).toEqual([])
})

const whole = readFileSync(trace)
const junk: { name: string; files: ReturnType<typeof asFile>[] }[] = [
  { name: 'an empty file', files: [asFile('empty.data', Buffer.alloc(0))] },
  { name: 'a text file', files: [asFile('notes.txt', Buffer.from('not a trace\n'))] },
  { name: 'a binary alone', files: [asFile('signals', readFileSync(binary))] },
  { name: 'a header cut short', files: [asFile('cut.perf.data', whole.subarray(0, 60))] },
  {
    name: 'a magic followed by noise',
    files: [asFile('noise.perf.data', Buffer.concat([Buffer.from('PERFILE2'), Buffer.alloc(400, 0xff)]))],
  },
  ...(['1f8b0800', 'fd377a585a00', '28b52ffd', '425a6839', '504b0304'] as const).map((magic) => ({
    name: `a damaged archive (${magic})`,
    files: [asFile('broken', Buffer.concat([Buffer.from(magic, 'hex'), Buffer.alloc(300, 0x5a)]))],
  })),
]

/** The sentence of the start page: words, not an exception. */
async function expectSentence(page: Page): Promise<void> {
  const alert = page.getByRole('alert').first()
  await expect(alert).toBeVisible()
  await expect(alert).toContainText(/\w+ \w+ \w+/)
  await expect(alert).not.toContainText(/RuntimeError|undefined|\[object|TypeError|Failed to fetch/)
}

for (const { name, files } of junk) {
  test(`${name} gets a sentence, and the page goes on`, async ({ page }) => {
    const problems = await openStart(page)
    await chooseFiles(page, files)
    await expectSentence(page)
    await openExample(page)
    expect(problems).toEqual([])
  })
}

test('files of two guests, in a folder with one for each, are theirs', async ({ page }) => {
  const folder = join(root, 'build/e2e-guests/guests')
  rmSync(folder, { recursive: true, force: true })
  for (const [pid, from] of [['77', 'walk'], ['87', 'guests/other-proc']] as const) {
    mkdirSync(join(folder, pid, 'proc'), { recursive: true })
    for (const name of ['kallsyms', 'kcore', 'modules']) writeFileSync(join(folder, pid, 'proc', name), readFileSync(fixture(`${from}/${name}`)))
  }
  const problems = await openStart(page)
  await chooseFiles(page, [fixture('guests/two-joined.perf.data'), fixture('walk/symfs/opt/ptarmigan/guest')])
  await idle(page)
  await showTab(page, 'Files')
  await expect(panel(page)).toContainText('Getting what the guest of process 77 ran')
  await page.getByLabel('Folder to add').setInputFiles(folder)
  await expect(panel(page)).not.toContainText('Getting what the guest')
  await idle(page)
  await expect(panel(page).getByRole('row', { name: '[guest.kernel.kallsyms.77]' })).toContainText('guest of 77')
  await expect(panel(page).getByRole('row', { name: '[guest.kernel.kallsyms.87]' })).toContainText('guest of 87')
  await expect(page.getByRole('combobox', { name: 'Thread', exact: true })).toContainText('gamma 501/501 (guest 87)')
  await expect(page.locator('.chips')).toContainText('3.15 K instructions')
  await showTab(page, 'Timeline')
  for (const guest of ['guest 77', 'guest 87']) await expect(panel(page).getByText(guest).first()).toBeVisible()
  for (const name of ['alpha', 'beta', 'gamma', 'delta']) await expect(panel(page)).toContainText(name)
  expect(problems).toEqual([])
})

test('a folder of junk gets a sentence', async ({ page }) => {
  const folder = join(root, 'build/e2e-junk')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'deeper'), { recursive: true })
  writeFileSync(join(folder, 'notes.txt'), 'nothing here\n')
  writeFileSync(join(folder, 'deeper/zeros.bin'), Buffer.alloc(5000))
  const problems = await openStart(page)
  await page.getByTestId('folder-input').setInputFiles(folder)
  await expectSentence(page)
  expect(problems).toEqual([])
})

for (const share of [0.1, 0.5, 0.9]) {
  test(`a trace cut at ${share * 100} % shows what is there or says why not`, async ({ page }) => {
    const problems = await openStart(page)
    await chooseFiles(page, [
      asFile('cut.perf.data', whole.subarray(0, Math.floor(whole.length * share))),
      asFile('signals', readFileSync(binary)),
    ])
    await page.locator('html:is([data-session="ready"], [data-session="failed"])[data-idle="true"]').waitFor({ state: 'attached' })
    await expect(
      page
        .getByRole('alert')
        .or(page.getByRole('tab', { name: 'Packets' }))
        .first(),
    ).toBeVisible()
    expect(problems).toEqual([])
  })
}
