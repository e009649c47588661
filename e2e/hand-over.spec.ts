// SPDX-License-Identifier: Apache-2.0
// Another tool's page hands a trace over by postMessage: the reader is asked,
// and what was handed over opens; everybody else is not heard.
import { readFileSync } from 'node:fs'
import { expect, test, type Page } from '@playwright/test'
import { axeViolations, expectRows, fixture, idle, instructionsOf } from './page'
import { listen, type TestServer } from './servers'

test.describe.configure({ timeout: 300_000 })

const trace = readFileSync(fixture('signals-cyc.perf.data')).toString('base64')
const binary = readFileSync(fixture('symfs/opt/ptarmigan/signals')).toString('base64')

let server: TestServer
let tool = ''
test.beforeAll(async () => {
  server = await listen((_, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end('<title>a tool</title><button id="open">Open in Ptarmigan</button>')
  })
  tool = server.origin
})
test.afterAll(() => server.close())

/** The tool's page, and what it opened; `said` collects what it hears. */
async function openFrom(page: Page, ptarmigan: string, message: unknown): Promise<Page> {
  await page.goto(tool)
  const [opened] = await Promise.all([
    page.waitForEvent('popup'),
    page.evaluate(
      ([address, sent]) => {
        const bytes = (text: unknown) => Uint8Array.from(atob(String(text)), (letter) => letter.charCodeAt(0))
        const said: unknown[] = []
        Object.assign(window, { said })
        const target = window.open(`${address}/hand-over`)
        window.addEventListener('message', (event) => {
          if (event.source !== target || event.origin !== address) return
          said.push(event.data)
          if (event.data.ptarmigan !== 'ready') return
          const { files, ...rest } = sent as { files: { data: string; name: string; path?: string }[] }
          const made = files.map((file, row) => ({ ...file, data: row === 0 ? bytes(file.data).buffer : new Blob([bytes(file.data)]) }))
          target?.postMessage({ ...rest, files: made }, address)
        })
      },
      [ptarmigan, message] as const,
    ),
  ])
  return opened
}

const said = (page: Page) => page.evaluate(() => (window as unknown as { said: unknown[] }).said)
const dialog = (page: Page) => page.getByRole('dialog', { name: 'Open what another page hands over?' })
const files = [
  { name: 'perf.data', data: trace },
  { name: 'signals', path: '/opt/ptarmigan/signals', data: binary },
]

test('a tool hands over a trace and its binary; the reader agrees, and the rows are there', async ({ page, baseURL }) => {
  const opened = await openFrom(page, baseURL ?? '', { ptarmigan: 'open', files, view: 'tab=instructions' })
  await expect(dialog(opened)).toContainText(`${tool} wants to open 2 files here`)
  await expect(dialog(opened)).toContainText('/opt/ptarmigan/signals')
  expect(await axeViolations(opened)).toEqual([])
  await opened.screenshot({ path: 'test-results/views/hand-over-light.png' })
  await dialog(opened).getByRole('button', { name: 'Open', exact: true }).click()
  await idle(opened)
  await expect(opened.getByRole('tab', { name: 'Instructions' })).toHaveAttribute('aria-selected', 'true')
  await expectRows(opened, instructionsOf('signals'))
  await expect.poll(() => said(page)).toEqual([{ ptarmigan: 'ready', version: 1 }, { ptarmigan: 'opened' }])
})

test('the reader says no: nothing opens, and the tool hears it', async ({ page, baseURL }) => {
  const opened = await openFrom(page, baseURL ?? '', { ptarmigan: 'open', files })
  await dialog(opened).getByRole('button', { name: 'Do not open' }).click()
  await expect.poll(() => said(page)).toEqual([{ ptarmigan: 'ready', version: 1 }, { ptarmigan: 'refused', sentence: 'The reader did not want it.' }])
  await expect(opened.locator('html')).toHaveAttribute('data-session', 'empty')
})

test('a message that is not understood is answered with why; others than the opener are not heard', async ({ page, baseURL }) => {
  const opened = await openFrom(page, baseURL ?? '', { ptarmigan: 'open', files: [] })
  await expect.poll(() => said(page)).toContainEqual({ ptarmigan: 'refused', sentence: 'The message names no files: it should have files: [{ name, data }].' })
  await opened.evaluate((sent) => window.postMessage({ ptarmigan: 'open', files: [{ name: 'x', data: new Uint8Array(sent) }] }, '*'), 8)
  await idle(opened, 'empty')
  await expect(dialog(opened)).toBeHidden()
})
