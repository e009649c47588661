// SPDX-License-Identifier: Apache-2.0
// `ptarmigan info`: what the trace is, what was found in it, what is missing
// and what that costs.
import { fail, ok, type Result } from '../lib/result'
import { formatBytes, formatCount, formatDuration } from '../lib/format'
import { textAt } from '../lib/text-column'
import type { Session } from '../engine/session'
import { ALL } from '../model/tables.gen'
import type { Tables } from '../model/tables.gen'
import { threadNumbers } from '../model/names'
import { JSON_VERSION, jsonRows, jsonText } from './json'
import { columns, print } from './output'
import type { Trace } from './trace'

type Facts = { [Name in 'info' | 'queues' | 'threads' | 'images' | 'gaps']: Tables[Name] }

/** A larger file is decoded only when that is asked for: its index is read in moments, whatever its size. */
const MOST_DECODED = 256e6

/** Gaps of one reason, added up. `example` is the first one's sentence. */
export type GapSum = { reason: string; lost: boolean; count: number; bytes: number; ns: number; example: string }

/** enum ptm_gap_reason. */
const reasons = [
  'none',
  'overflow',
  'aux_truncated',
  'aux_missing',
  'no_code',
  'code_mismatch',
  'bad_packet',
  'no_sync',
  'not_traced',
  'endless_loop',
  'between_samples',
  'guest_code',
]

/** `decodeIt`: how to decode it, if that is to be done. */
export async function info(
  trace: Trace,
  file: string,
  { json, decode }: { json: boolean; decode: boolean },
  decodeIt: (trace: Trace) => Promise<Result<Trace, string>>,
): Promise<Result<void, string>> {
  const isDecoded = decode || trace.bytes <= MOST_DECODED
  const decoded = isDecoded ? await decodeIt(trace) : ok(trace)
  if (!decoded.ok) return decoded
  const { session } = decoded.value
  const facts = readFacts(session)
  if (!facts.ok) return facts
  if (!isDecoded) forgetCounts(facts.value)
  await print(json ? jsonText(infoJson(file, facts.value, isDecoded)) : isDecoded ? infoText(file, facts.value) : indexText(file, facts.value))
  return ok(undefined)
}

/** What is not decoded is not counted: nobody should take that for 0. */
function forgetCounts({ queues, threads, images }: Facts): void {
  for (const column of [queues.packets, queues.instructions, threads.instructions, threads.branches, threads.cycles, threads.on_ns, images.instructions])
    column.fill(Number.NaN)
  threads.gaps.fill(ALL)
}

function readFacts(session: Session): Result<Facts, string> {
  const facts: Partial<Facts> = {}
  for (const name of ['info', 'queues', 'threads', 'images', 'gaps'] as const) {
    const table = session.query(name)
    if (!table.ok) return fail(table.error.sentence)
    Object.assign(facts, { [name]: table.value })
  }
  return ok(facts as Facts)
}

export function infoJson(file: string, facts: Facts, decoded: boolean): unknown {
  return {
    version: JSON_VERSION,
    file,
    decoded,
    info: jsonRows('info', facts.info).filter(({ key }) => decoded || !countedFacts.includes(String(key))),
    queues: jsonRows('queues', facts.queues),
    threads: jsonRows('threads', facts.threads),
    images: jsonRows('images', facts.images).slice(1),
    gaps: sumGaps(facts.gaps),
  }
}

export function infoText(file: string, facts: Facts): string {
  const { info: facts_, queues, threads, images } = facts
  const parts = [`${file}\n`]
  parts.push(columns(factLines(facts_), 'll'))
  parts.push(section(`Queues of trace: ${queues.rows}`, queueLines(queues), 'llrrr'))
  const traced = Array.from({ length: threads.rows }, (_, row) => row).filter(
    (row) => (threads.instructions[row] ?? 0) > 0 || (threads.gaps[row] ?? 0) > 0,
  )
  parts.push(section(`Threads with trace: ${traced.length}`, threadLines(threads, traced), 'lrrrrr'))
  parts.push(section(`Binaries: ${Math.max(0, images.rows - 1)}`, imageLines(images), 'llrl'))
  const gaps = sumGaps(facts.gaps)
  const places = gaps.filter((gap) => gap.lost).reduce((sum, gap) => sum + gap.count, 0)
  // One row of gaps may stand for several of the same kind.
  const lost = Math.max(
    places,
    threads.gaps.reduce((sum, count) => sum + count, 0),
  )
  parts.push(lost === 0 ? '\nDecoding lost nothing of what could be read.\n' : `\nTrace was lost in ${plural(lost, 'gap')}:\n`)
  parts.push(gapLines(gaps))
  return parts.join('')
}

/** The same of a trace whose index alone was read. */
export function indexText(file: string, { info: facts, queues, threads, images }: Facts): string {
  const aux = queues.aux_bytes.reduce((sum, bytes) => sum + bytes, 0)
  const known = Array.from({ length: threads.rows }, (_, row) => row).filter((row) => (threads.tid[row] ?? -1) >= 0)
  return [
    `${file}\n`,
    columns(factLines(facts, countedFacts), 'll'),
    section(`Queues of trace: ${queues.rows}`, queueLines(queues).map((line) => line.slice(0, 3)), 'llr'),
    section(`Threads: ${known.length}`, known.map((row) => [`  ${textAt(threads.comm, row) || 'unknown'}`, idsOf(threads, row)]), 'lr'),
    section(`Binaries: ${Math.max(0, images.rows - 1)}`, imageLines(images), 'llrl'),
    `\nNot decoded: ${formatBytes(aux)} of trace. What was executed and what was lost is counted with --decode.\n`,
  ].join('')
}

/** Known of what is decoded only. */
const countedFacts = ['instructions', 'gaps_lost_bytes']

/** Of use to `script` only. */
const internalFacts = ['branches_name', 'instructions_name', 'event_width']

function factLines(info: Tables['info'], left: readonly string[] = []): string[][] {
  const lines: string[][] = []
  for (let row = 0; row < info.rows; row++) {
    const key = textAt(info.key, row)
    if (!internalFacts.includes(key) && !left.includes(key)) lines.push(['  ' + textAt(info.label, row), factText(key, textAt(info.value, row))])
  }
  return lines
}

/** Times come in ns as decimal text: perf's clock is shown in seconds, as perf script does. */
function factText(key: string, value: string): string {
  if (!/^\d+$/.test(value)) return value
  if (key === 'duration_ns') return formatDuration(Number(value))
  if (key.endsWith('_time_ns')) return `${value.slice(0, -9) || '0'}.${value.slice(-9).padStart(9, '0')} s`
  return formatCount(Number(value))
}

function section(title: string, rows: string[][], align: string): string {
  return `\n${title}\n${columns(rows, align)}`
}

function queueLines(queues: Tables['queues']): string[][] {
  return Array.from({ length: queues.rows }, (_, row) => {
    const cpu = queues.cpu[row] ?? -1
    return [
      `  ${row}`,
      cpu >= 0 ? `CPU ${cpu}` : `thread ${queues.tid[row] ?? -1}`,
      formatBytes(queues.aux_bytes[row] ?? Number.NaN),
      `${formatCount(queues.packets[row] ?? Number.NaN)} packets`,
      `${formatCount(queues.instructions[row] ?? Number.NaN)} instructions`,
    ]
  })
}

const idsOf = (threads: Tables['threads'], row: number) => threadNumbers(threads, row) || '-1/-1'

function threadLines(threads: Tables['threads'], rows: number[]): string[][] {
  return rows.map((row) => {
    const gaps = threads.gaps[row] ?? 0
    return [
      `  ${textAt(threads.comm, row) || 'unknown'}`,
      idsOf(threads, row),
      `${formatCount(threads.instructions[row] ?? Number.NaN)} instructions`,
      `${formatCount(threads.branches[row] ?? Number.NaN)} branches`,
      `${formatDuration(threads.on_ns[row] ?? Number.NaN)} traced`,
      gaps > 0 ? plural(gaps, 'gap') : '',
    ]
  })
}

const plural = (count: number, noun: string): string => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`

const imageStates = ['missing', 'loaded', 'refused']

function imageLines(images: Tables['images']): string[][] {
  return Array.from({ length: Math.max(0, images.rows - 1) }, (_, index) => {
    const row = index + 1
    const given = imageStates[images.status[row] ?? 0] ?? ''
    const state = images.anonymous[row] === 1 && given === 'missing' ? 'no file' : given
    const executed = images.instructions[row] ?? 0
    return [
      `  ${textAt(images.path, row)}`,
      state,
      executed > 0 ? `${formatCount(executed)} instructions` : '',
      textAt(images.message, row),
    ]
  })
}

function gapLines(gaps: readonly GapSum[]): string {
  return gaps
    .map((gap) => {
      const time = gap.ns > 0 ? `, ${formatDuration(gap.ns)}` : ''
      const bytes = gap.bytes > 0 ? `, ${formatBytes(gap.bytes)}` : ''
      return `  ${gap.reason.replaceAll('_', ' ')}: ${plural(gap.count, gap.lost ? 'place' : 'time')}${time}${bytes}\n${gap.lost && gap.example ? `    first: ${gap.example}\n` : ''}`
    })
    .join('')
}

/** Adds up gaps by reason, those that lost something first. */
export function sumGaps(gaps: Tables['gaps']): GapSum[] {
  const sums = new Map<number, GapSum>()
  for (let row = 0; row < gaps.rows; row++) {
    const reason = gaps.reason[row] ?? 0
    let sum = sums.get(reason)
    if (!sum) {
      sum = {
        reason: reasons[reason] ?? `reason ${reason}`,
        lost: gaps.lost[row] === 1,
        count: 0,
        bytes: 0,
        ns: 0,
        example: textAt(gaps.text, row),
      }
      sums.set(reason, sum)
    }
    sum.count++
    sum.bytes += gaps.bytes[row] ?? 0
    sum.ns += gaps.missing_ns[row] ?? 0
  }
  return [...sums.values()].sort((a, b) => Number(b.lost) - Number(a.lost) || b.count - a.count)
}
