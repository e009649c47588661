// SPDX-License-Identifier: Apache-2.0
// `ptarmigan script`: what `perf script` prints, streamed. The decoder makes the
// lines; here its options are written and its answers passed on.
import { existsSync, statSync } from 'node:fs'
import { fail, ok, type Result } from '../lib/result'
import { textAt } from '../lib/text-column'
import type { Session } from '../engine/session'
import type { Tables } from '../model/tables.gen'
import { bitsOfKind, eventKinds, missingKind, type Fields } from './fields'
import type { ItraceOptions } from './itrace'
import { say, shellPrinter, standardOutput } from './output'
import { versionNumber, type PerfVersion } from './perf-version'
import { SourceCode } from './source-code'
import { extraBits, fieldBits } from './sample-fields'
import { parseTimes, type TimeRange } from './times'
import { infoOf } from './trace'

export type ScriptOptions = {
  fields: Fields
  itrace: ItraceOptions
  version: PerfVersion
  ns: boolean
  relative_time: boolean
  delta_time: boolean
  pad_dso: boolean
  stitch_lbr: boolean
  no_inline: boolean
  /** The kernel and its modules are named by their files; the kernel's, "" unknown. */
  kernel_path: string | undefined
  /** Names of functions as they are linked. */
  no_demangle: boolean
  /** The trace is not decoded: of -D its packets are left out. */
  not_decoded: boolean
  /** Records and packets, as they are in the file, around the lines. */
  dump: boolean
  /** With it: records in the order of the file. */
  dump_unsorted: boolean
  show_rounds: boolean
  /** What the file says of itself, before the lines or instead of them. */
  header: 'none' | 'before' | 'only'
  /** With the header: of the machine at length. */
  show_info: boolean
  hideChains: boolean
  /** PTM_SHOW_*: which sideband records are printed. */
  show: number
  /** The trace is a raw stream. */
  raw: boolean
  /** As given; resolved against the trace. */
  time: string | undefined
  cpus: readonly number[]
  pids: readonly number[]
  tids: readonly number[]
  comms: readonly string[]
  /** Names of functions, and addresses, of which there are `address_range` bytes each. */
  symbols: readonly string[]
  addresses: readonly bigint[]
  address_range: number
  /** Paths or names of binaries. */
  dsos: readonly string[]
  /** Only calls inside of these functions. */
  graph_functions: readonly string[]
  /** Call chains end at these functions, and after so many frames. */
  stop_symbols: readonly string[]
  max_stack: number | undefined
  /** Of brstackinsn; 0: all. */
  max_blocks: number
  /** Events from one of whose samples on samples are printed, and up to one of which; `show_on_off`: these, too. */
  switch_on: string | undefined
  switch_off: string | undefined
  show_on_off: boolean
  latency: boolean
  full_source_path: boolean
  /** What is printed goes through the program xed. */
  xed: boolean
}

/** The decoder's form of the options (wasm/src/api/script_options.h); `utc_offset`: seconds that dates are ahead of UTC. */
export function optionsText(options: ScriptOptions, times: readonly TimeRange[], utc_offset: number, name = ''): string {
  const { fields, itrace } = options
  const lines: string[] = []
  const number = (name: string, value: number | boolean) => lines.push(`${name} ${Number(value)}`)
  eventKinds.forEach((kind, index) => {
    const set = fields.byKind[kind]
    let bits = bitsOfKind(fields, kind)
    if (bits === 0) return lines.push(`fields ${index} 0 1`)
    // Of events in the trace that are no branches: a target is printed only where it was asked for of all kinds.
    if (kind === 'synth' && set.has('addr') && !fields.asked.has('addr')) bits -= fieldBits(['addr'])
    if (fields.flags) bits += extraBits.flags
    if (fields.unset[kind].has('ip')) bits += extraBits.ip_unset
    if (fields.unset[kind].has('sym')) bits += extraBits.sym_unset
    if (options.hideChains) bits += extraBits.no_chains
    if (fields.asked.has('cpu') && set.has('cpu')) bits += extraBits.cpu_asked
    return lines.push(`fields ${index} ${bits} ${fields.chosen.has(kind) ? 1 : 0}`)
  })
  number('asked', fieldBits(fields.asked))
  number('utc_offset', utc_offset)
  number('want', itrace.want)
  number('version', versionNumber[options.version])
  lines.push(`period ${itrace.period_unit} ${itrace.period}`)
  number('branch_filter', itrace.branch_filter)
  number('error_filter', itrace.error_filter)
  number('skip', itrace.skip)
  number('chain_size', itrace.chain_size)
  number('branch_stack_size', itrace.branch_stack_size)
  number('added_chain_size', itrace.added_chain_size)
  number('added_branch_size', itrace.added_branch_size)
  number('approximate_ipc', itrace.approximate_ipc)
  number('timeless', itrace.timeless)
  number('quick', itrace.quick)
  number('ns', options.ns)
  number('relative_time', options.relative_time)
  number('delta_time', options.delta_time)
  number('pad_dso', options.pad_dso)
  number('stitch_lbr', options.stitch_lbr)
  number('no_inline', options.no_inline)
  number('no_demangle', options.no_demangle)
  number('show_kernel_path', options.kernel_path !== undefined)
  if (options.kernel_path) lines.push(`kernel_path ${options.kernel_path}`)
  number('not_decoded', options.not_decoded)
  number('show', options.show)
  number('dump_unsorted', options.dump_unsorted)
  number('show_rounds', options.show_rounds)
  if (options.dump) lines.push(`dump ${headerFile(name)}`)
  if (options.header !== 'none') lines.push(`header ${writtenAt(name)}`)
  if (options.header === 'only') number('header_only', 1)
  number('show_info', options.show_info)
  for (const { start, end } of times) lines.push(`time ${start} ${end}`)
  for (const cpu of options.cpus) number('cpu', cpu)
  for (const pid of options.pids) number('pid', pid)
  for (const tid of options.tids) number('tid', tid)
  const names: [string, readonly (string | bigint)[]][] = [
    ['comm', options.comms],
    ['symbol', options.symbols],
    ['address', options.addresses],
    ['dso', options.dsos],
    ['graph_function', options.graph_functions],
    ['stop_bt', options.stop_symbols],
  ]
  for (const [name, list] of names) for (const one of list) lines.push(`${name} ${one}`)
  number('address_range', options.address_range)
  if (options.max_stack !== undefined) number('max_stack', options.max_stack)
  if (options.switch_on !== undefined) lines.push(`switch_on ${options.switch_on}`)
  if (options.switch_off !== undefined) lines.push(`switch_off ${options.switch_off}`)
  number('show_on_off', options.show_on_off)
  number('max_blocks', options.max_blocks)
  number('latency', options.latency)
  number('full_source_path', options.full_source_path)
  return lines.join('\n')
}

/** The file that holds the header: of a directory the one named data. */
const headerFile = (name: string): string => (existsSync(`${name}/data`) ? `${name}/data` : name)

/** When the file was last written, as ctime(3) has it. */
function writtenAt(file: string): string {
  const date = statSync(headerFile(file)).mtime
  const [weekday, month, day] = date.toDateString().split(' ')
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${date.toTimeString().slice(0, 8)} ${date.getFullYear()}`
}

/** Of this machine's time zone when the trace was recorded, as the info table says ("" unknown). */
function utcOffset(recorded: string): number {
  const date = new Date(recorded.replace(' UTC', 'Z'))
  return Number.isNaN(date.getTime()) ? 0 : -60 * date.getTimezoneOffset()
}

/** What perf says, too: percentages in --time of a file whose header does not tell when its samples were. */
const NO_SAMPLE_TIME = "no first/last sample time found in perf data. Please use latest perf binary to execute 'perf record' (if '--buildid-all' is enabled, please set '--timestamp-boundary')."

/** perf's command of --xed. */
const XED = 'xed -F insn: -A -64'

const TRACEPOINT = 2

/** A sentence on the tracepoints whose words (field trace) cannot be printed; "": there are none. */
function tracepoints({ rows, type, name, samples, has_words }: Tables['sample_events'], fields: Fields): string {
  const names = Array.from({ length: rows }, (_, row) => row).filter((row) => type[row] === TRACEPOINT && (samples[row] ?? 0) > 0 && has_words[row] !== 1)
  if (names.length === 0 || !fields.byKind.trace.has('trace')) return ''
  const first = textAt(name, names[0] ?? 0)
  return `what tracepoints say (${first}${names.length > 1 ? ` and ${names.length - 1} more` : ''}; perf's field trace) cannot be printed: the file does not describe their formats, or in a way that is not understood.`
}

const typesOf = ({ rows, type, name }: Tables['sample_events']): number[] =>
  Array.from({ length: rows }, (_, row) => row).flatMap((row) => (textAt(name, row).startsWith('dummy') ? [] : (type[row] ?? [])))

/** Prints all that is asked for of the file called `name`; says on stderr how many trace errors were among it. */
export async function script(session: Session, name: string, options: ScriptOptions): Promise<Result<void, string>> {
  const info = infoOf(session)
  if (!info.ok) return info
  const source = info.value.get('source') ?? ''
  const events = session.query('sample_events')
  if (!events.ok) return fail(events.error.sentence)
  const missing = missingKind(options.fields, typesOf(events.value))
  if (missing !== '') return fail(missing)
  const untold = tracepoints(events.value, options.fields)
  if (untold !== '') say(untold)
  // Percentages are of the samples' time as the header has it; a raw stream has none.
  const first_ns = info.value.get(options.raw ? 'start_time_ns' : 'first_sample_ns')
  const last_ns = info.value.get(options.raw ? 'end_time_ns' : 'last_sample_ns')
  if (options.time?.includes('%') && first_ns === undefined) return fail(NO_SAMPLE_TIME)
  const times = options.time === undefined ? ok([]) : parseTimes(options.time, BigInt(first_ns ?? 0), BigInt(last_ns ?? 0))
  if (!times.ok) return times
  const text = optionsText(options, times.value, utcOffset(info.value.get('recorded_at') ?? ''), name)
  const total = { lines: 0, errors: 0 }
  const sources = eventKinds.some((kind) => options.fields.byKind[kind].has('srccode')) ? new SourceCode() : null
  const printer = options.xed ? shellPrinter(XED) : standardOutput
  for (let first = 0; ; first = 1) {
    const answer = await session.borrow('script', { first, text }, async ({ rows, lines, errors, text: printed }) => {
      const piece = printed.pool.subarray(0, printed.offsets[rows] ?? 0)
      if (rows > 0) await printer.print(sources ? sources.put(piece) : piece)
      total.lines += lines[0] ?? 0
      total.errors += errors[0] ?? 0
      return rows
    })
    if (!answer.ok) return fail(answer.error.sentence)
    if (answer.value === 0) break
  }
  if (!(await printer.end())) return fail(`--xed: what perf script prints goes to "${XED}", which did not do its work: the program xed (of Intel's XED) has to be on the PATH.`)
  if (total.lines === 0 && source && !options.dump && options.header !== 'only') say('nothing could be printed of this trace with these options; "ptarmigan info" says what is in it.')
  if (total.errors > 0) process.stderr.write(`Warning:\n${total.errors} instruction trace errors\n`)
  return ok(undefined)
}
