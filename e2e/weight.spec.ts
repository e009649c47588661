// SPDX-License-Identifier: Apache-2.0
// What the first screen weighs, and that what only some readers need is not in it:
// the disassembler comes once a trace is open and the page is at rest, the decoders
// of archives and sharing when they are first needed.
import { gzipSync } from 'node:zlib'
import { expect, test } from '@playwright/test'
import { openExample } from './page'

const MOST_BYTES = 300_000
const LATER = /iced|disassemble|bzip2|xz-decompress|exact-text|ptarmigan-.*\.wasm/

test('the first screen is under 300 kB compressed, and the disassembler comes when a trace is open, before it is needed', async ({ page }) => {
  const bodies = new Map<string, number>()
  page.on('response', async (response) => {
    const { pathname } = new URL(response.url())
    bodies.set(pathname, 0)
    bodies.set(pathname, gzipSync(await response.body()).length)
  })
  await page.goto('/', { waitUntil: 'networkidle' })
  const bytes = [...bodies.values()].reduce((sum, one) => sum + one, 0)
  expect([...bodies].filter(([path]) => path.endsWith('.js')).length).toBeGreaterThan(0)
  expect(bytes).toBeLessThan(MOST_BYTES)
  expect([...bodies.keys()].filter((path) => LATER.test(path))).toEqual([])

  const disassembler = page.waitForRequest(/iced_x86.*\.wasm/)
  await openExample(page)
  await disassembler
})
