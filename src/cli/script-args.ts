// SPDX-License-Identifier: Apache-2.0
// The options of `ptarmigan script`: perf script's, and the sentence why not.
import { fail, ok, type Result } from '../lib/result'
import { defaultFields, parseFields, type Fields } from './fields'
import { defaultItrace, parseItrace, type ItraceOptions } from './itrace'
import { isPerfVersion, perfVersions, type PerfVersion } from './perf-version'
import type { ScriptOptions } from './script'
import { textOf, type Values } from './values'

export const scriptOptions = {
  fields: { type: 'string', short: 'F', multiple: true },
  itrace: { type: 'string' },
  ns: { type: 'boolean' },
  reltime: { type: 'boolean' },
  deltatime: { type: 'boolean' },
  'insn-trace': { type: 'boolean' },
  'call-trace': { type: 'boolean' },
  'call-ret-trace': { type: 'boolean' },
  time: { type: 'string' },
  cpu: { type: 'string', short: 'C' },
  pid: { type: 'string' },
  tid: { type: 'string' },
  comms: { type: 'string', short: 'c' },
  'dump-raw-trace': { type: 'boolean', short: 'D' },
  header: { type: 'boolean' },
  'header-only': { type: 'boolean' },
  'show-info': { type: 'boolean', short: 'I' },
  'hide-call-graph': { type: 'boolean', short: 'G' },
  'no-inline': { type: 'boolean' },
  'stitch-lbr': { type: 'boolean' },
  'show-mmap-events': { type: 'boolean' },
  'show-task-events': { type: 'boolean' },
  'show-switch-events': { type: 'boolean' },
  'show-lost-events': { type: 'boolean' },
  'show-namespace-events': { type: 'boolean' },
  'show-bpf-events': { type: 'boolean' },
  'show-text-poke-events': { type: 'boolean' },
  'show-cgroup-events': { type: 'boolean' },
  'perf-version': { type: 'string' },
  // Refused by a sentence of their own.
  xed: { type: 'boolean' },
  'show-round-events': { type: 'boolean' },
} as const

/** What an option stands for: fields to change and letters of --itrace. */
const shorts = [
  { name: 'insn-trace', fields: '+insn,-event,-period', itrace: 'i0nse' },
  { name: 'call-trace', fields: '-ip,-addr,-event,-period,+callindent', itrace: 'cewp' },
  { name: 'call-ret-trace', fields: '-ip,-addr,-event,-period,+callindent,+flags', itrace: 'crewp' },
] as const

/** PTM_SHOW_*. */
const shows = [
  'show-mmap-events',
  'show-task-events',
  'show-switch-events',
  'show-lost-events',
  'show-namespace-events',
  'show-bpf-events',
  'show-text-poke-events',
  'show-cgroup-events',
] as const

/** What perf has and we have not. */
const refused = {
  xed: '--xed: perf hands its lines to the program xed; print them with -F +insn and pipe them to it: ptarmigan script … -F +insn | xed -F insn: -A -64. The instructions view disassembles by itself.',
  'show-round-events':
    '--show-round-events: it prints records in the order of the file, which perf refuses for processor traces ("requires ordered events"); -D shows where rounds end.',
} as const

export function makeScriptOptions(values: Values): Result<ScriptOptions, string> {
  for (const [name, sentence] of Object.entries(refused)) if (values[name] === true) return fail(sentence)
  const version = textOf(values, 'perf-version') ?? '6.1'
  if (!isPerfVersion(version)) return fail(`--perf-version ${version}: the text of ${perfVersions.join(', ')} can be printed.`)
  const used = shorts.filter(({ name }) => values[name] === true)
  const fields = chosenFields(values, used.map((short) => short.fields))
  if (!fields.ok) return fields
  if (version === '6.1' && listsOf(values).some((list) => /\bdsoff\b/.test(list))) return fail('-F dsoff: perf 6.1 has no such field; --perf-version 6.12 has.')
  const itrace = chosenItrace(textOf(values, 'itrace'), used.at(-1)?.itrace, version)
  if (!itrace.ok) return itrace
  const cpus = numbers('-C', (values['pt'] === undefined ? textOf(values, 'cpu') : undefined))
  const pids = numbers('--pid', textOf(values, 'pid'))
  const tids = numbers('--tid', textOf(values, 'tid'))
  for (const list of [cpus, pids, tids]) if (!list.ok) return list
  return ok({
    fields: fields.value,
    itrace: itrace.value,
    version,
    ns: used.length > 0 || values['ns'] === true,
    relative_time: values['reltime'] === true,
    delta_time: values['deltatime'] === true,
    pad_dso: values['call-trace'] === true,
    stitch_lbr: values['stitch-lbr'] === true,
    no_inline: values['no-inline'] === true,
    dump: values['dump-raw-trace'] === true,
    header: values['header-only'] === true ? 'only' : values['header'] === true ? 'before' : 'none',
    show_info: values['show-info'] === true,
    hideChains: values['hide-call-graph'] === true,
    show: shows.reduce((bits, name, bit) => bits | (values[name] === true ? 1 << bit : 0), 0),
    time: textOf(values, 'time'),
    cpus: cpus.ok ? cpus.value : [],
    pids: pids.ok ? pids.value : [],
    tids: tids.ok ? tids.value : [],
    comms: (textOf(values, 'comms') ?? '').split(',').filter((comm) => comm !== ''),
  })
}

/** What -F was given. */
const listsOf = (values: Values): string[] => (Array.isArray(values['fields']) ? values['fields'].map(String) : [])

function chosenFields(values: Values, changes: readonly string[]): Result<Fields, string> {
  let fields = defaultFields()
  for (const list of [...changes, ...listsOf(values)]) {
    const parsed = parseFields(list, fields)
    if (!parsed.ok) return parsed
    fields = parsed.value
  }
  return ok(fields)
}

function chosenItrace(given: string | undefined, short: string | undefined, version: PerfVersion): Result<ItraceOptions, string> {
  const text = given ?? short
  return text === undefined || given === '' ? ok(defaultItrace()) : parseItrace(text, version)
}

/** "1,3-5" */
function numbers(option: string, text: string | undefined): Result<number[], string> {
  const list: number[] = []
  for (const word of text === undefined ? [] : text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(word)
    const first = Number(match?.[1])
    const last = Number(match?.[2] ?? match?.[1])
    if (!match || last < first || last - first > 65536) return fail(`${option} ${text}: not a list of numbers such as 0,2-5.`)
    for (let number = first; number <= last; number++) list.push(number)
  }
  return ok(list)
}
