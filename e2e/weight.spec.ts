// SPDX-License-Identifier: Apache-2.0
// What the first screen weighs, and that what only some readers need comes when
// it is first needed: the disassembler, the decoders of archives, sharing.
import { gzipSync } from 'node:zlib'
import { expect, test } from '@playwright/test'
import { openExample, showTab } from './page'

const MOST_BYTES = 300_000
const LATER = /iced|disassemble|bzip2|xz-decompress|exact-text|ptarmigan-.*\.wasm/

test('the first screen is under 300 kB compressed, and the disassembler comes with the first instructions', async ({ page }) => {
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

  await openExample(page)
  expect([...bodies.keys()].filter((path) => /iced_x86.*\.wasm/.test(path))).toEqual([])
  const disassembler = page.waitForRequest(/iced_x86.*\.wasm/)
  await showTab(page, 'Instructions')
  await disassembler
})
