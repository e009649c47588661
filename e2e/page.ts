// SPDX-License-Identifier: Apache-2.0
// What the end-to-end tests share: opening, waiting for the page's idle mark
// (never for a time), counting what a canvas shows, asking axe.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, type Locator, type Page } from '@playwright/test'

export const root = join(import.meta.dirname, '..')
export const fixture = (name: string): string => join(root, 'wasm/test/fixtures', name)
/** Instructions that a fixture's program executed, of all threads: what its .hash says. */
export const instructionsOf = (name: string): number => Number(readFileSync(fixture(`${name}.hash`), 'utf8').split(' ')[1])
export const tabs = ['Flame graph', 'Timeline', 'Instructions', 'Blocks', 'Packets', 'Files'] as const
export type TabName = (typeof tabs)[number]

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Opens the start page; the list fills with everything that goes wrong afterwards. */
export async function openStart(page: Page): Promise<string[]> {
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(`page: ${String(error)}`))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`)
  })
  await page.goto('/')
  await expect(page.getByRole('heading', { name: 'Ptarmigan' })).toBeVisible()
  return problems
}

/** Waits until nothing is being decoded or asked. */
export async function idle(page: Page, session: 'ready' | 'failed' | 'cancelled' | 'empty' = 'ready'): Promise<void> {
  await page.locator(`html[data-session="${session}"][data-idle="true"]`).waitFor({ state: 'attached', timeout: 60_000 })
}

export async function openExample(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open the example' }).click()
  await idle(page)
}

export async function chooseFiles(page: Page, files: Parameters<Locator['setInputFiles']>[0]): Promise<void> {
  await page.getByTestId('files-input').first().setInputFiles(files)
}

export async function showTab(page: Page, name: TabName, session: 'ready' | 'cancelled' = 'ready'): Promise<void> {
  const tab = page.getByRole('tab', { name })
  await tab.click()
  await expect(tab).toHaveAttribute('aria-selected', 'true')
  await idle(page, session)
}

/** Chooses a thread by a part of its label. */
export async function chooseThread(page: Page, label: string): Promise<void> {
  const picker = page.getByRole('combobox', { name: 'Thread', exact: true })
  const value = await picker.locator('option', { hasText: label }).first().getAttribute('value')
  expect(value, `a thread called ${label}`).not.toBeNull()
  await picker.selectOption(value ?? '')
  await idle(page)
}

export const panel = (page: Page): Locator => page.getByRole('tabpanel')

/** Rows a grid has, on screen or not, without its head. */
export async function gridRows(page: Page): Promise<number> {
  const grid = panel(page).getByRole('grid').filter({ visible: true }).first()
  await expect(grid.getByRole('row').nth(1)).toBeVisible()
  return Number(await grid.getAttribute('aria-rowcount')) - 1
}

/** Chooses other files while a trace is open, and waits until that one has gone and they are there. */
export async function chooseOthers(page: Page, files: Parameters<Locator['setInputFiles']>[0]): Promise<void> {
  const gone = page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const observer = new MutationObserver(() => {
          if (document.documentElement.dataset.session === 'ready') return
          observer.disconnect()
          resolve()
        })
        observer.observe(document.documentElement, { attributes: true })
      }),
  )
  await chooseFiles(page, files)
  await gone
  await idle(page)
}

/** Waits until the grid has that many rows: a view may still be on its way. */
export async function expectRows(page: Page, rows: number): Promise<void> {
  await expect.poll(() => gridRows(page)).toBe(rows)
}

/** Different colours in the largest visible canvas: 1 or 2 is an empty picture. */
export async function canvasColors(page: Page): Promise<number> {
  return panel(page)
    .locator('canvas')
    .filter({ visible: true })
    .evaluateAll((elements) => {
      const colors = new Set<number>()
      for (const element of elements) {
        if (!(element instanceof HTMLCanvasElement) || !element.width || !element.height) continue
        const context = element.getContext('2d')
        if (!context) continue
        const pixels = new Uint32Array(context.getImageData(0, 0, element.width, element.height).data.buffer)
        for (let i = 0; i < pixels.length; i += 7) colors.add(pixels[i] ?? 0)
      }
      return colors.size
    })
}

type AxeResult = { violations: { id: string; nodes: { target: string[]; failureSummary?: string }[] }[] }

/** What axe-core complains about on the page as it is. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  const result = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<unknown> } }
    return (await axe.run()) as AxeResult
  })
  return result.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`))
}

/** Presses Cancel as soon as it appears: a hand would be too slow. */
export const pressCancelWhenShown = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const observer = new MutationObserver(() => {
      const button = Array.from(document.querySelectorAll('button')).find(({ textContent }) => textContent === 'Cancel')
      if (!button) return
      observer.disconnect()
      button.click()
    })
    observer.observe(document.body, { childList: true, subtree: true })
  })
