// SPDX-License-Identifier: Apache-2.0
// `ptarmigan report` of a file of samples alone: for each of its events the
// functions that were sampled most, as perf report --no-children -g none counts.
import { fail, ok, type Result } from '../lib/result'
import { formatCount, formatDuration, formatShare } from '../lib/format'
import { shownName } from '../lib/shown-name'
import { textAt } from '../lib/text-column'
import type { Session } from '../engine/session'
import { buildCallTree, sampledEvents, type CallTree, type SampledEvent } from '../model/call-tree'
import type { Tables } from '../model/tables.gen'
import { JSON_VERSION } from './json'
import { columns } from './output'

export type SampledAmounts = { samples: number; events: number }
/** Of one function over all paths; in `total` a recursive call counts once. */
export type SampledFunction = { function: number; self: SampledAmounts; total: SampledAmounts }
export type EventReport = { event: SampledEvent; samples: number; functions: SampledFunction[] }
type Names = { functions: Tables['functions']; images: Tables['images'] }

/** One report for each event, in the file's order. */
export function sampleReports(session: Session): Result<EventReport[], string> {
  const table = session.query('sample_events')
  if (!table.ok) return fail(table.error.sentence)
  const reports: EventReport[] = []
  for (const [row, event] of sampledEvents(table.value).entries()) {
    const rows = session.query('call_tree', { extra: row + 1 })
    if (!rows.ok) return fail(rows.error.sentence)
    const tree = buildCallTree(rows.value, { weight: 'events', byThread: false, event })
    reports.push({ event, samples: table.value.samples[row] ?? 0, functions: sumFunctions(tree) })
  }
  return ok(reports)
}

function isOutermost(tree: CallTree, node: number): boolean {
  for (let at = tree.parent[node] ?? 0; at > 0; at = tree.parent[at] ?? 0) if (tree.function[at] === tree.function[node]) return false
  return true
}

/** The most events first, then the most samples. */
function sumFunctions(tree: CallTree): SampledFunction[] {
  const sums = new Map<number, SampledFunction>()
  for (let node = 1; node < tree.count; node++) {
    const id = tree.function[node] ?? 0
    const sum = sums.get(id) ?? { function: id, self: { samples: 0, events: 0 }, total: { samples: 0, events: 0 } }
    sums.set(id, sum)
    for (const kind of ['samples', 'events'] as const) {
      sum.self[kind] += tree.self[kind][node] ?? 0
      if (isOutermost(tree, node)) sum.total[kind] += tree.total[kind][node] ?? 0
    }
  }
  return [...sums.values()].sort((a, b) => b.self.events - a.self.events || b.self.samples - a.self.samples || a.function - b.function)
}

const nameOf = ({ functions }: Names, id: number): string => shownName(textAt(functions.name, id)) || (id === 0 ? '[unknown]' : '[no symbol]')
const imageOf = ({ functions, images }: Names, id: number): string => textAt(images.path, functions.image[id] ?? 0)

export function sampleReportText(file: string, reports: readonly EventReport[], names: Names, limit: number): string {
  if (reports.length === 0) return `${file}: no samples\n`
  return reports
    .map(({ event, samples, functions }) => {
      const amount = (events: number) => (event.unit === 'ns' ? formatDuration(events) : formatCount(events))
      const all = functions.reduce((sum, { self }) => sum + self.events, 0)
      const unit = event.unit === 'ns' ? 'time' : event.unit
      const rows = functions
        .slice(0, limit)
        .map(({ function: id, self, total }) => [
          all > 0 ? formatShare(self.events, all) : formatShare(self.samples, samples),
          amount(self.events),
          amount(total.events),
          formatCount(self.samples),
          nameOf(names, id),
          imageOf(names, id).split('/').pop() ?? '',
        ])
      const header = ['share', `self ${unit}`, `total ${unit}`, 'samples', 'function', 'binary']
      return `${file}: ${event.name}, ${formatCount(samples)} ${samples === 1 ? 'sample' : 'samples'}\n${columns([header, ...rows], 'rrrrll')}`
    })
    .join('\n')
}

export function sampleReportJson(file: string, reports: readonly EventReport[], names: Names, limit: number): unknown {
  return {
    version: JSON_VERSION,
    file,
    events: reports.map(({ event, samples, functions }) => ({
      ...event,
      samples,
      functions: functions.slice(0, limit).map(({ function: id, self, total }) => ({
        name: nameOf(names, id),
        image: imageOf(names, id),
        address: `0x${(names.functions.address[id] ?? 0n).toString(16)}`,
        self,
        total,
      })),
    })),
    blocks: [],
  }
}
