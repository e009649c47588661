// SPDX-License-Identifier: Apache-2.0
// Sharing by link: a click, a link, the same rows in a fresh profile; and every
// way a link can fail, each with its sentence.
import { createHash } from 'node:crypto'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, type Browser, type Page } from '@playwright/test'
import { beginUpload, upload } from '../src/share/upload'
import { axeViolations, chooseFiles, expectRows, fixture, gridRows, idle, openStart, showTab } from './page'

// Two or three pages in each test.
test.describe.configure({ timeout: 300_000 })

const trace = fixture('signals-cyc.perf.data')
const binary = fixture('symfs/opt/ptarmigan/signals')
const instructions = Number(readFileSync(fixture('signals.hash'), 'utf8').split(' ')[1])

const section = (page: Page) => page.getByRole('region', { name: 'Share by link' })

async function openTrace(page: Page): Promise<string[]> {
  const problems = await openStart(page)
  await chooseFiles(page, [trace, binary])
  await idle(page)
  return problems
}

async function sharedLink(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await section(page).getByRole('textbox', { name: 'Name' }).fill('signals with cycles')
  await section(page).getByRole('textbox', { name: 'Note' }).fill('look at the handler')
  await section(page).getByRole('button', { name: 'Encrypt and upload' }).click()
  const link = section(page).getByText(/#share=/)
  await expect(link).toBeVisible()
  return (await link.textContent()) ?? ''
}

/** A page that has never been here. */
async function freshPage(browser: Browser, address: string): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(address)
  return page
}

/** A share made without a page. */
async function made(baseURL: string | undefined, lives_s: number): Promise<{ link: string; token: string; id: string }> {
  const file = new Blob([new Uint8Array(readFileSync(trace))])
  const plan = await beginUpload({ server: `${baseURL ?? ''}/`, file, label: { name: 'n', note: '', file: 'signals.data' }, lives_s })
  if (!plan.ok) throw new Error(plan.error.sentence)
  const done = await upload(plan.value, file)
  if (!done.ok) throw new Error(done.error.sentence)
  return { ...done.value, id: plan.value.id }
}

const part = (id: string) => join(process.env['PTARMIGAN_E2E_STORE'] ?? '', 'shares', id, 'part-00001')

test('a shared trace has the same rows in a fresh profile', async ({ page, browser }) => {
  const sent: string[] = []
  page.on('request', (request) => request.url().includes('/api/') && sent.push(request.method()))
  const problems = await openTrace(page)
  await showTab(page, 'Packets')
  const packets = await gridRows(page)
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await expect(section(page)).toContainText('Anyone who has the link will be able to read')
  await expect(section(page)).toContainText('keeps it and cannot read it')
  expect(await axeViolations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/views/share-offer-light.png' })
  expect(sent, 'nothing leaves before the click').toEqual([])
  await page.getByRole('button', { name: 'Close' }).click()
  const link = await sharedLink(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  expect(await axeViolations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/views/share-done-dark.png' })
  expect(problems).toEqual([])

  const fresh = await freshPage(browser, link)
  const wrong: string[] = []
  fresh.on('pageerror', (error) => wrong.push(String(error)))
  await idle(fresh)
  await expect(
    fresh.getByText('signals with cycles. look at the handler.').or(fresh.getByText('signals with cycles.')).first(),
  ).toBeVisible()
  await showTab(fresh, 'Packets')
  await expectRows(fresh, packets)
  await chooseFiles(fresh, [binary])
  await showTab(fresh, 'Instructions')
  await expectRows(fresh, instructions)
  expect(wrong).toEqual([])
})

test('the delete token deletes, and the link says so', async ({ page, browser }) => {
  await openTrace(page)
  const link = await sharedLink(page)
  const download = page.waitForEvent('download')
  await section(page).getByRole('button', { name: 'Save the delete token' }).click()
  const saved = readFileSync(await (await download).path(), 'utf8')
  expect(saved).toContain('npx ptarmigan unshare LINK TOKEN')
  expect(saved).not.toContain(link.split('.').at(-1))
  await section(page).getByRole('listitem').filter({ hasText: 'signals' }).getByRole('button', { name: 'Delete' }).click()
  await expect(section(page).getByText('Shared from this browser')).toBeHidden()
  const fresh = await freshPage(browser, link)
  await expect(fresh.getByRole('alert')).toHaveText('This share was deleted by the one who shared it.')
})

test('a wrong key, a cut key, an unknown id: each has its sentence', async ({ browser, baseURL }) => {
  const { link } = await made(baseURL, 600)
  const key = link.slice(-43)
  const sentences: [string, string][] = [
    [link.slice(0, -43) + (key.startsWith('A') ? 'B' : 'A') + key.slice(1), 'The key in this link does not open this share'],
    [link.slice(0, -5), 'The key in this link has 38 of 43 letters'],
    [link.slice(0, -44), 'This link has no key (the part after the dot)'],
    [link.replace(/share=[0-9a-f]{32}/, `share=${'0'.repeat(32)}`), 'There is no such share'],
  ]
  for (const [address, sentence] of sentences) {
    const page = await freshPage(browser, address)
    await expect(page.getByRole('alert')).toContainText(sentence)
    await page.context().close()
  }
})

test('an expired share says so', async ({ browser, baseURL }) => {
  // Long enough for a busy machine to upload in.
  const { link, id } = await made(baseURL, 8)
  await expect.poll(async () => (await fetch(`${baseURL ?? ''}/api/shares/${id}`)).status).toBe(410)
  const page = await freshPage(browser, link)
  await expect(page.getByRole('alert')).toHaveText('This share has expired: ask for a new link.')
})

test('a share that was cut or altered where it is stored says so', async ({ browser, baseURL }) => {
  const sentence = 'could not be decrypted: its bytes are not the ones that were shared'
  const cut = await made(baseURL, 600)
  truncateSync(part(cut.id), 1000)
  await expect((await freshPage(browser, cut.link)).getByRole('alert')).toContainText(sentence)
  const altered = await made(baseURL, 600)
  const bytes = readFileSync(part(altered.id))
  bytes[5000] = (bytes[5000] ?? 0) ^ 1
  writeFileSync(part(altered.id), bytes)
  await expect((await freshPage(browser, altered.link)).getByRole('alert')).toContainText(sentence)
})

test('an upload goes on after the network was lost and the page was left', async ({ page, browser }) => {
  await openTrace(page)
  await page.route('**/parts/*', (route) => route.abort('internetdisconnected'))
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await section(page).getByRole('button', { name: 'Encrypt and upload' }).click()
  await expect(section(page).getByRole('status')).toContainText('cannot be reached: is the network up?')
  await page.unroute('**/parts/*')
  await openTrace(page)
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const left = section(page).getByRole('listitem').filter({ hasText: 'upload not finished' })
  await left.getByRole('button', { name: 'Go on' }).click()
  const link = section(page).getByText(/#share=/)
  await expect(link).toBeVisible()
  const fresh = await freshPage(browser, (await link.textContent()) ?? '')
  await idle(fresh)
})

test('what the server keeps is not the trace', async ({ baseURL }) => {
  const { id } = await made(baseURL, 600)
  const plain = readFileSync(trace)
  const kept = readFileSync(part(id))
  expect(kept.length).toBe(plain.length + 16 * Math.ceil(plain.length / (1 << 20)))
  expect(kept.includes(plain.subarray(0, 64))).toBe(false)
  expect(createHash('sha256').update(kept).digest('hex')).not.toBe(createHash('sha256').update(plain).digest('hex'))
})
