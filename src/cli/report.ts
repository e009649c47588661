// SPDX-License-Identifier: Apache-2.0
// `ptarmigan report`: the functions and the blocks that cost most, from the
// call tree and the block counters.
import { fail, ok, type Result } from '../lib/result'
import { formatCount, formatDuration, formatIpc, formatShare } from '../lib/format'
import { shownName } from '../lib/shown-name'
import { textAt } from '../lib/text-column'
import type { Session } from '../engine/session'
import { blockKey, spreadsByBlock, type CycleSpread } from '../model/block-cycles'
import { ALL, type Tables } from '../model/tables.gen'
import { whyNoPath } from '../model/names'
import { JSON_VERSION, jsonText } from './json'
import { columns, print } from './output'
import { sampleReportJson, sampleReports, sampleReportText } from './sample-report'

export type Sort = 'time' | 'cycles' | 'instructions'
export const sorts: readonly Sort[] = ['time', 'cycles', 'instructions']

export type ReportOptions = { sort: Sort; limit: number; json: boolean }

/** One function's sums over all paths. `total_*` counts a recursive call once. */
export type FunctionSum = {
  function: number
  calls: number
  self: Record<Sort, number>
  total: Record<Sort, number>
}

type Sources = {
  tree: Tables['call_tree']
  functions: Tables['functions']
  images: Tables['images']
  blocks: Tables['blocks']
  spreads: ReadonlyMap<string, CycleSpread>
}

/** AUX bytes that are decoded again for the spread of cycles. */
const SPREAD_BYTES = 4 << 20

/** Of a trace that is decoded. */
export async function report(session: Session, file: string, options: ReportOptions): Promise<Result<void, string>> {
  const info = session.query('info')
  if (info.ok && whyNoPath(info.value) !== '') return reportSamples(session, file, options)
  const tree = session.query('call_tree')
  if (!tree.ok) return fail(tree.error.sentence)
  const functions = session.query('functions')
  if (!functions.ok) return fail(functions.error.sentence)
  const images = session.query('images')
  if (!images.ok) return fail(images.error.sentence)
  const blocks = session.query('blocks', { count: ALL })
  if (!blocks.ok) return fail(blocks.error.sentence)
  const spreads = session.query('block_cycles', { count: SPREAD_BYTES })
  if (!spreads.ok) return fail(spreads.error.sentence)
  const sources = {
    tree: tree.value,
    functions: functions.value,
    images: images.value,
    blocks: blocks.value,
    spreads: spreadsByBlock(spreads.value),
  }
  await print(options.json ? jsonText(reportJson(file, sources, options)) : reportText(file, sources, options))
  return ok(undefined)
}

async function reportSamples(session: Session, file: string, { limit, json }: ReportOptions): Promise<Result<void, string>> {
  const reports = sampleReports(session)
  if (!reports.ok) return reports
  const functions = session.query('functions')
  if (!functions.ok) return fail(functions.error.sentence)
  const images = session.query('images')
  if (!images.ok) return fail(images.error.sentence)
  const names = { functions: functions.value, images: images.value }
  await print(json ? jsonText(sampleReportJson(file, reports.value, names, limit)) : sampleReportText(file, reports.value, names, limit))
  return ok(undefined)
}

/** Sums the tree by function, the costliest first. */
export function sumFunctions(tree: Tables['call_tree'], sort: Sort): FunctionSum[] {
  const self = selfColumns(tree)
  const total = inclusive(tree, self)
  const sums = new Map<number, FunctionSum>()
  for (let node = 0; node < tree.rows; node++) {
    const id = tree.function[node] ?? 0
    let sum = sums.get(id)
    if (!sum)
      sums.set(
        id,
        (sum = { function: id, calls: 0, self: { time: 0, cycles: 0, instructions: 0 }, total: { time: 0, cycles: 0, instructions: 0 } }),
      )
    sum.calls += tree.calls[node] ?? 0
    const outermost = !hasAncestor(tree, node, id)
    for (const kind of sorts) {
      sum.self[kind] += self[kind][node] ?? 0
      if (outermost) sum.total[kind] += total[kind][node] ?? 0
    }
  }
  return [...sums.values()].sort(
    (a, b) => order(b.self[sort], a.self[sort]) || b.self.instructions - a.self.instructions || a.function - b.function,
  )
}

const selfColumns = (tree: Tables['call_tree']): Record<Sort, Float64Array> => ({
  time: tree.self_ns,
  cycles: tree.self_cycles,
  instructions: tree.self_instructions,
})

/** Own cost and that of all below, for each node; parents come before children. */
function inclusive(tree: Tables['call_tree'], self: Record<Sort, Float64Array>): Record<Sort, Float64Array> {
  const add = (column: Float64Array): Float64Array => {
    const sums = column.slice()
    for (let node = tree.rows - 1; node >= 0; node--) {
      const parent = tree.parent[node] ?? ALL
      if (parent < node) sums[parent] = (sums[parent] ?? 0) + (sums[node] ?? 0)
    }
    return sums
  }
  return { time: add(self.time), cycles: add(self.cycles), instructions: add(self.instructions) }
}

function hasAncestor(tree: Tables['call_tree'], node: number, id: number): boolean {
  let at = node
  for (let parent = tree.parent[at] ?? ALL; parent < at; parent = tree.parent[at] ?? ALL) {
    if (tree.function[parent] === id) return true
    at = parent
  }
  return false
}

/** Difference for sorting; unknown numbers go last. */
const order = (a: number, b: number): number => (Number.isNaN(a) ? -1 : a) - (Number.isNaN(b) ? -1 : b)

/** Rows of blocks, the costliest first. */
export function hottestBlocks(blocks: Tables['blocks'], sort: Sort): number[] {
  const column = sort === 'time' ? blocks.ns : sort === 'cycles' ? blocks.cycles : blocks.instructions
  const rows = Array.from({ length: blocks.rows }, (_, row) => row)
  return rows.sort(
    (a, b) => order(column[b] ?? Number.NaN, column[a] ?? Number.NaN) || (blocks.instructions[b] ?? 0) - (blocks.instructions[a] ?? 0),
  )
}

function nameOf(sources: Sources, id: number): string {
  return shownName(textAt(sources.functions.name, id)) || (id === 0 ? '[unknown]' : '[no symbol]')
}

function imageOf(sources: Sources, image: number): string {
  return textAt(sources.images.path, image).split('/').pop() ?? ''
}

function reportText(file: string, sources: Sources, { sort, limit }: ReportOptions): string {
  const sums = sumFunctions(sources.tree, sort)
  const whole = sums.reduce((sum, each) => sum + (Number.isNaN(each.self[sort]) ? 0 : each.self[sort]), 0)
  const parts = [`${file}: functions by self ${sort}\n`]
  const header = ['share', 'self time', 'total time', 'instructions', 'cycles', 'IPC', 'calls', 'function', 'binary']
  const rows = sums
    .slice(0, limit)
    .map((sum) => [
      formatShare(sum.self[sort], whole),
      formatDuration(Math.round(sum.self.time)),
      formatDuration(Math.round(sum.total.time)),
      formatCount(sum.self.instructions),
      formatCount(sum.self.cycles),
      formatIpc(sum.self.instructions, sum.self.cycles),
      formatCount(sum.calls),
      nameOf(sources, sum.function),
      imageOf(sources, sources.functions.image[sum.function] ?? 0),
    ])
  parts.push(columns([header, ...rows], 'rrrrrrrll'))
  parts.push(`\n${file}: blocks by ${sort}\n`, blocksText(sources, sort, limit))
  return parts.join('')
}

function blocksText(sources: Sources, sort: Sort, limit: number): string {
  const { blocks } = sources
  // A measurement of cycles often began in an earlier block: IPC is over what the measurements cover.
  const header = ['visits', 'time', 'instructions', 'measured cycles', 'over instructions', 'IPC']
  // Not of a source that measures no cycles.
  const spread = sources.spreads.size === 0 ? [] : ['measurements', 'min', 'median', 'p90', 'max']
  const place = ['address', 'block', 'binary']
  const hottest = hottestBlocks(blocks, sort).slice(0, limit)
  const rows = hottest.map((row) => [
    formatCount(blocks.visits[row] ?? 0),
    formatDuration(Math.round(blocks.ns[row] ?? Number.NaN)),
    formatCount(blocks.instructions[row] ?? 0),
    formatCount(blocks.cycles[row] ?? Number.NaN),
    formatCount(blocks.cycle_instructions[row] ?? Number.NaN),
    formatIpc(blocks.cycle_instructions[row] ?? 0, blocks.cycles[row] ?? Number.NaN),
    ...spreadCells(sources, row),
    (blocks.ip[row] ?? 0n).toString(16),
    `${nameOf(sources, blocks.function[row] ?? 0)}+0x${(blocks.function_offset[row] ?? 0).toString(16)}`,
    imageOf(sources, blocks.image[row] ?? 0),
  ])
  const covered = hottest.every((row) => (spreadOfRow(sources, row)?.count ?? 0) === (blocks.cycle_visits[row] ?? 0))
  const note = covered
    ? ''
    : `min to max of the measurements in the first ${SPREAD_BYTES >> 20} MiB of trace: 'measurements' says how many\n`
  return columns([[...header, ...spread, ...place], ...rows], `rrrrrr${'r'.repeat(spread.length)}rll`) + note
}

/** How the cycles of one block are spread; null when none was measured. */
const spreadOfRow = ({ blocks, spreads }: Sources, row: number): CycleSpread | null =>
  spreads.get(blockKey(blocks.ip[row] ?? 0n, blocks.function[row] ?? 0)) ?? null

function spreadCells(sources: Sources, row: number): string[] {
  if (sources.spreads.size === 0) return []
  const spread = spreadOfRow(sources, row)
  const { count, min, median, p90, max } = spread ?? { count: 0, min: NaN, median: NaN, p90: NaN, max: NaN }
  return [count, min, median, p90, max].map(formatCount)
}

const numberOrNull = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null)
const costs = (cost: Record<Sort, number>) => ({
  ns: numberOrNull(cost.time),
  cycles: numberOrNull(cost.cycles),
  instructions: numberOrNull(cost.instructions),
})

export function reportJson(file: string, sources: Sources, { sort, limit }: ReportOptions): unknown {
  const { blocks } = sources
  return {
    version: JSON_VERSION,
    file,
    sort,
    functions: sumFunctions(sources.tree, sort)
      .slice(0, limit)
      .map((sum) => ({
        name: nameOf(sources, sum.function),
        image: textAt(sources.images.path, sources.functions.image[sum.function] ?? 0),
        address: `0x${(sources.functions.address[sum.function] ?? 0n).toString(16)}`,
        calls: sum.calls,
        self: costs(sum.self),
        total: costs(sum.total),
      })),
    blocks: hottestBlocks(blocks, sort)
      .slice(0, limit)
      .map((row) => ({
        ip: `0x${(blocks.ip[row] ?? 0n).toString(16)}`,
        bytes: blocks.size[row] ?? 0,
        function: nameOf(sources, blocks.function[row] ?? 0),
        function_offset: blocks.function_offset[row] ?? 0,
        image: textAt(sources.images.path, blocks.image[row] ?? 0),
        visits: blocks.visits[row] ?? 0,
        instructions: blocks.instructions[row] ?? 0,
        ns: numberOrNull(blocks.ns[row]),
        cycles: numberOrNull(blocks.cycles[row]),
        cycle_instructions: numberOrNull(blocks.cycle_instructions[row]),
        cycle_spread: spreadOfRow(sources, row),
      })),
  }
}
