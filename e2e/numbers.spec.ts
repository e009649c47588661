// SPDX-License-Identifier: Apache-2.0
// The numbers that the views show, for each source, against the command line's
// report and against counts made of perf's own text (of the installed perf 6.1,
// or of `ptarmigan script`, which npm run judge holds against perf's lines).
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test, type Page } from '@playwright/test'
import { chooseFiles, fixture, gridRows, idle, openStart, panel, root, showTab } from './page'

const symfs = fixture('symfs')
const program = fixture('symfs/opt/ptarmigan/calls')
const hasPerf = spawnSync('perf', ['version'], { encoding: 'utf8' }).stdout?.startsWith('perf version 6.1') === true

const run = (command: string, words: string[]): string =>
  execFileSync(command, words, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })
const ptarmigan = (...words: string[]): string => run(process.execPath, [join(root, 'src/cli/ptarmigan.mjs'), ...words])

/** What perf script prints of a fixture. */
const scriptOf = (name: string, ...words: string[]): string =>
  hasPerf
    ? run('perf', ['script', '--symfs', symfs, '-i', fixture(`${name}.perf.data`), ...words])
    : ptarmigan('script', fixture(`${name}.perf.data`), '--symfs', symfs, ...words)

type Report = {
  functions: { name: string; self: { instructions: number }; total: { instructions: number } }[]
  blocks: { function: string; function_offset: number; visits: number; instructions: number }[]
}
const reportOf = (name: string): Report =>
  JSON.parse(
    ptarmigan('report', fixture(`${name}.perf.data`), '--symfs', symfs, '--json', '--sort', 'instructions', '--limit', '100000'),
  ) as Report

const counted = (keys: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

/** Taken branches by symbol and offset. Of branch stacks: their entries, by where from and where to. */
function takenByPerf(name: string): Map<string, number> {
  if (name.includes('lbr')) {
    const entries = scriptOf(name, '-F', 'brstacksym').matchAll(/(\S+\+0x[0-9a-f]+)\/(\S+\+0x[0-9a-f]+)\//g)
    return counted(Array.from(entries, ([, from = '', to = '']) => `${from} ${to}`))
  }
  const lines = scriptOf(name, '--itrace=b', '-F', 'ip,sym,symoff,addr').matchAll(/^ *[0-9a-f]+ (\S+\+0x[0-9a-f]+) =>/gm)
  return counted(Array.from(lines, ([, from = '']) => from))
}

/** How many instructions ran: lines of perf, or of the truth where perf prints none (BTS). */
function instructionsByPerf(name: string): number {
  if (name.includes('bts')) return gunzipSync(readFileSync(fixture(`${name}.truth.gz`))).toString().trimEnd().split('\n').length
  if (!name.includes('lbr')) return scriptOf(name, '--itrace=i0ns', '-F', 'ip').trimEnd().split('\n').length
  // perf begins each stack with its oldest branch, which no piece of code leads to.
  const lines = scriptOf(name, '-F', 'ip,brstackinsn').split('\n')
  const stacks = lines.filter((line) => /^ +[0-9a-f]+ *$/.test(line)).length
  return lines.filter((line) => line.includes('insn: ')).length - stacks + BEHIND_NOT_TAKEN
}
/** In 18 of the LBR fixture's stacks perf stops at a branch that was not taken ("... not reaching sample ..."); so many instructions ran behind them. */
const BEHIND_NOT_TAKEN = 25

const toNumber = (text: string): number => Number(text.replaceAll(',', ''))

/** The rows on screen of the list, as column title → text. */
async function rowsOnScreen(page: Page): Promise<Record<string, string>[]> {
  const grid = panel(page).getByRole('grid').filter({ visible: true }).first()
  return grid.evaluate((element) => {
    const texts = (row: Element) => Array.from(row.querySelectorAll('[role="columnheader"], [role="gridcell"], [role="cell"]'), (cell) => (cell.textContent ?? '').trim())
    const [head, ...rows] = Array.from(element.querySelectorAll('[role="row"]'))
    const titles = head ? texts(head) : []
    return rows.map((row) => Object.fromEntries(texts(row).map((text, column) => [titles[column] ?? String(column), text])))
  })
}

/** Value of the column whose title begins so. */
const cell = (row: Record<string, string>, title: string): string =>
  Object.entries(row).find(([key]) => key.replace(/^[^A-Za-z]+/, '').startsWith(title))?.[1] ?? ''

const sources = [
  { name: 'calls-cyc', what: 'PT' },
  { name: 'other/bts-calls', what: 'BTS' },
  { name: 'other/lbr-calls', what: 'LBR' },
] as const

/** perf drops the last BTS record of each buffer: here a return. */
const notInPerf: Record<(typeof sources)[number]['what'], [string, number][]> = { PT: [], BTS: [['memcpy+0x31', 40]], LBR: [] }

for (const { name, what } of sources) {
  test(`${what}: flame graph, instructions, blocks and branches have the numbers of report and of perf`, async ({ page }) => {
    const report = reportOf(name)
    const instructions = instructionsByPerf(name)
    const problems = await openStart(page)
    await chooseFiles(page, [fixture(`${name}.perf.data`), program])
    await idle(page)

    await showTab(page, 'Flame graph')
    await panel(page).getByRole('radio', { name: 'Instructions' }).click()
    await idle(page)
    await expect(panel(page)).toContainText(`100% of instructions, total ${instructions.toLocaleString('en-US')}`)
    expect(report.functions.reduce((sum, one) => sum + one.self.instructions, 0)).toBe(instructions)

    await showTab(page, 'Instructions')
    expect(await gridRows(page)).toBeGreaterThanOrEqual(instructions) // gaps between stacks are rows, too

    await showTab(page, 'Blocks')
    expect(await gridRows(page)).toBe(report.blocks.length)
    const ofReport = new Map(report.blocks.map((block) => [`${block.function}+0x${block.function_offset.toString(16)}`, block]))
    const blocks = await rowsOnScreen(page)
    expect(blocks.length).toBeGreaterThan(10)
    for (const row of blocks) {
      const block = ofReport.get(cell(row, 'Block'))
      expect([cell(row, 'Block'), toNumber(cell(row, 'Visits')), toNumber(cell(row, 'Executed'))]).toEqual([
        cell(row, 'Block'),
        block?.visits,
        block?.instructions,
      ])
    }

    await page.getByRole('radio', { name: 'Branches' }).click()
    await idle(page)
    const taken = takenByPerf(name)
    const branches = (await rowsOnScreen(page)).map((row): [string, number] => [
      what === 'LBR' ? `${cell(row, 'Branch')} ${cell(row, 'To')}` : cell(row, 'Branch'),
      toNumber(cell(row, 'Executed')) - toNumber(cell(row, 'Not taken') || '0'),
    ])
    expect(branches.length).toBeGreaterThan(10)
    // Of branch stacks that overlap every entry counts, as perf prints it.
    expect(branches.filter(([branch, times]) => times !== (taken.get(branch) ?? 0))).toEqual(notInPerf[what])
    expect(problems).toEqual([])
  })
}

test('samples: the flame graph has the numbers of report and of perf', async ({ page }) => {
  const name = 'other/callstack-calls'
  const samples = scriptOf(name, '-G', '-F', 'period,ip,sym').trimEnd().split('\n')
  const self = new Map<string, number>()
  let all = 0
  for (const sample of samples) {
    const [, period = '', symbol = ''] = /^ *(\d+) +[0-9a-f]+ (\S+)/.exec(sample) ?? []
    self.set(symbol, (self.get(symbol) ?? 0) + Number(period))
    all += Number(period)
  }
  const report = JSON.parse(ptarmigan('report', fixture(`${name}.perf.data`), '--symfs', symfs, '--json', '--limit', '1000')) as {
    events: { name: string; unit: string; samples: number; functions: { name: string; self: { samples: number; events: number } }[] }[]
  }
  const [event] = report.events
  expect([event?.name, event?.unit, event?.samples]).toEqual(['cycles:u', 'cycles', samples.length])
  const ofReport = new Map(event?.functions.filter((one) => one.self.events > 0).map((one) => [one.name, one.self.events]))
  expect(ofReport).toEqual(self)

  const problems = await openStart(page)
  await chooseFiles(page, [fixture(`${name}.perf.data`), program])
  await idle(page)
  await showTab(page, 'Flame graph')
  await expect(panel(page)).toContainText(`100% of cycles, total ${all.toLocaleString('en-US')}`)
  await panel(page).getByRole('radio', { name: 'Samples' }).click()
  await expect(panel(page)).toContainText(`100% of samples, total ${samples.length}`)
  // A function that calls no other: its share is its own.
  await panel(page).getByRole('radio', { name: 'Cycles' }).click()
  await page.getByRole('searchbox').fill('memcpy')
  await expect(panel(page).getByRole('status')).toContainText(`${(((self.get('memcpy') ?? 0) / all) * 100).toFixed(1)}%`)
  expect(problems).toEqual([])
})
