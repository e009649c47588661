// SPDX-License-Identifier: Apache-2.0
// The options of `ptarmigan script`: perf script's, and the sentence why not.
import { fail, ok, type Result } from '../lib/result'
import { defaultFields, parseFields, type Fields } from './fields'
import { addDefault, defaultItrace, noItrace, parseItrace, type ItraceOptions } from './itrace'
import { isPerfVersion, perfVersions, type PerfVersion } from './perf-version'
import type { ScriptOptions } from './script'
import { type Given, kcoreBeside, textOf, type Values } from './values'

export const scriptOptions = {
  fields: { type: 'string', short: 'F', multiple: true },
  itrace: { type: 'string' },
  ns: { type: 'boolean' },
  reltime: { type: 'boolean' },
  deltatime: { type: 'boolean' },
  'no-itrace': { type: 'boolean' },
  'insn-trace': { type: 'string' },
  'call-trace': { type: 'boolean' },
  'call-ret-trace': { type: 'boolean' },
  time: { type: 'string' },
  cpu: { type: 'string', short: 'C' },
  pid: { type: 'string' },
  tid: { type: 'string' },
  comms: { type: 'string', short: 'c' },
  symbols: { type: 'string', short: 'S' },
  'addr-range': { type: 'string' },
  dsos: { type: 'string' },
  'graph-function': { type: 'string' },
  'stop-bt': { type: 'string' },
  'max-stack': { type: 'string' },
  'max-blocks': { type: 'string' },
  'switch-on': { type: 'string' },
  'switch-off': { type: 'string' },
  'show-on-off-events': { type: 'boolean' },
  Latency: { type: 'boolean', short: 'L' },
  'full-source-path': { type: 'boolean' },
  'dump-raw-trace': { type: 'boolean', short: 'D' },
  'dump-unsorted-raw-trace': { type: 'boolean' },
  header: { type: 'boolean' },
  'header-only': { type: 'boolean' },
  'show-info': { type: 'boolean', short: 'I' },
  'hide-call-graph': { type: 'boolean', short: 'G' },
  inline: { type: 'boolean' },
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
  xed: { type: 'boolean' },
  demangle: { type: 'boolean' },
  'show-kernel-path': { type: 'boolean' },
  // They change nothing of what is printed.
  force: { type: 'boolean', short: 'f' },
  verbose: { type: 'boolean', short: 'v', multiple: true },
  'all-cpus': { type: 'boolean', short: 'a' },
  'demangle-kernel': { type: 'boolean' },
  // Lines are read without it.
  addr2line: { type: 'string' },
  'show-round-events': { type: 'boolean' },
  // Refused by a sentence of their own.
  'debug-mode': { type: 'boolean', short: 'd' },
  'per-event-dump': { type: 'boolean' },
  dlfilter: { type: 'string' },
  dlarg: { type: 'string', multiple: true },
} as const

/** Those whose value may be left out. */
const mayHaveValue = ['itrace', 'insn-trace']
/** Those whose value perf does not look at. */
const valueIgnored = ['call-trace', 'call-ret-trace', 'xed']

/** A word as perf takes it: a long name may be cut short where it is the only one, and some need no value. */
export function perfWord(word: string, names: readonly string[]): string {
  const [, cut, rest = ''] = /^--([A-Za-z][\w-]*)(=.*)?$/s.exec(word) ?? []
  if (cut === undefined) return word
  const longer = names.filter((name) => name.startsWith(cut))
  const name = names.includes(cut) || longer.length !== 1 ? cut : (longer[0] ?? cut)
  if (mayHaveValue.includes(name) && rest === '') return `--${name}=`
  // No letters are not the default; a comma is none.
  if (name === 'itrace' && rest === '=') return '--itrace=,'
  return valueIgnored.includes(name) ? `--${name}` : `--${name}${rest}`
}

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

/** What perf has and we have not; the value of which it is told. */
const refused: Readonly<Record<string, [value: unknown, sentence: string]>> = {
  'debug-mode': [true, '--debug-mode: perf then only counts samples whose times go backwards, and prints none.'],
  'per-event-dump': [true, '--per-event-dump: files of each event are not written (perf cannot make them of processor traces at all); print one kind of event with --itrace, or with -F TYPE:FIELDS.'],
}

/** Those that need a value; the others of them were given one. */
const refusedValues = {
  dlfilter: '--dlfilter: it loads a program into perf; pipe the output to a filter of its lines instead.',
  dlarg: '--dlarg: it is for --dlfilter, which cannot be used here.',
} as const

function refusalOf(values: Values): string | undefined {
  for (const [name, [value, sentence]] of Object.entries(refused)) if (values[name] === value) return sentence
  for (const [name, sentence] of Object.entries(refusedValues)) if (values[name] !== undefined) return sentence
  if (values['reltime'] === true && values['deltatime'] === true)
    return "reltime and deltatime - the two don't get along well. Please limit to --reltime or --deltatime."
  const raw = textOf(values, 'insn-trace') ?? ''
  if (raw === 'disasm') return '--insn-trace=disasm: the command line prints bytes; the instructions view disassembles. (perf 6.1 has no such field.)'
  return ['', 'raw'].includes(raw) ? undefined : 'Only accept raw|disasm'
}

export function makeScriptOptions(values: Values, given: readonly Given[]): Result<ScriptOptions, string> {
  const refusal = refusalOf(values)
  if (refusal !== undefined) return fail(refusal)
  const version = textOf(values, 'perf-version') ?? '6.1'
  if (!isPerfVersion(version)) return fail(`--perf-version ${version}: the text of ${perfVersions.join(', ')} can be printed.`)
  const fields = chosenFields(given, version)
  if (!fields.ok) return fields
  const tooNew = version === '6.1' ? given.map(({ name, value }) => (name === 'fields' ? /\b(dsoff|retire_lat|cgroup|brstackdisasm)\b/.exec(value)?.[0] : undefined)).find(Boolean) : undefined
  if (tooNew !== undefined) return fail(`-F ${tooNew}: perf 6.1 has no such field; --perf-version 6.12 has.`)
  if (version === '6.1' && values['addr2line'] !== undefined) return fail('--addr2line: perf 6.1 has no such option; --perf-version 6.12 has.')
  const itrace = values['itrace'] === false ? ok(noItrace()) : chosenItrace(given, version)
  if (!itrace.ok) return itrace
  const cpus = cpuList(values['pt'] === undefined ? textOf(values, 'cpu') : undefined)
  const pids = idList('pid', textOf(values, 'pid'))
  const tids = idList('tid', textOf(values, 'tid'))
  for (const list of [cpus, pids, tids]) if (!list.ok) return list
  const max_stack = wholeNumber('--max-stack', textOf(values, 'max-stack'))
  if (!max_stack.ok) return max_stack
  const max_blocks = wholeNumber('--max-blocks', textOf(values, 'max-blocks'))
  if (!max_blocks.ok) return max_blocks
  const address_range = wholeNumber('--addr-range', textOf(values, 'addr-range'))
  if (!address_range.ok) return address_range
  const symbols = namesOf(values, 'symbols')
  return ok({
    fields: fields.value,
    itrace: itrace.value,
    version,
    ns: given.some(({ name }) => shorts.some((short) => short.name === name)) || values['ns'] === true,
    relative_time: values['reltime'] === true,
    delta_time: values['deltatime'] === true,
    pad_dso: values['call-trace'] === true,
    stitch_lbr: values['stitch-lbr'] === true,
    no_inline: values['inline'] === false,
    kernel_path: values['show-kernel-path'] === true ? kernelPath(values) : undefined,
    no_demangle: values['demangle'] === false,
    not_decoded: values['itrace'] === false,
    dump: values['dump-raw-trace'] === true || values['dump-unsorted-raw-trace'] === true,
    dump_unsorted: values['dump-unsorted-raw-trace'] === true,
    show_rounds: values['show-round-events'] === true,
    header: values['header-only'] === true ? 'only' : values['header'] === true ? 'before' : 'none',
    show_info: values['show-info'] === true,
    hideChains: values['hide-call-graph'] === true,
    show: shows.reduce((bits, name, bit) => bits | (values[name] === true ? 1 << bit : 0), 0),
    raw: values['pt'] !== undefined,
    time: textOf(values, 'time'),
    cpus: cpus.ok ? cpus.value : [],
    pids: pids.ok ? pids.value : [],
    tids: tids.ok ? tids.value : [],
    comms: namesOf(values, 'comms'),
    symbols: symbols.filter((name) => !isAddress(name)),
    addresses: symbols.filter(isAddress).map((name) => BigInt(`0x${name.replace(/^0x/i, '')}`)),
    address_range: address_range.value ?? 0,
    dsos: namesOf(values, 'dsos'),
    graph_functions: namesOf(values, 'graph-function'),
    stop_symbols: namesOf(values, 'stop-bt'),
    max_stack: max_stack.value,
    max_blocks: max_blocks.value ?? 0,
    switch_on: textOf(values, 'switch-on'),
    switch_off: textOf(values, 'switch-off'),
    show_on_off: values['show-on-off-events'] === true,
    latency: values['Latency'] === true,
    full_source_path: values['full-source-path'] === true,
    xed: values['xed'] === true,
  })
}

/** The file that perf takes the kernel's code from; "": none that was given. */
function kernelPath(values: Values): string {
  const kallsyms = textOf(values, 'kallsyms')
  if (kallsyms === undefined) return textOf(values, 'vmlinux') ?? ''
  return kcoreBeside(kallsyms) ?? ''
}

/** A list of names; of an empty one nothing is printed, as in perf. */
const namesOf = (values: Values, option: string): string[] => textOf(values, option)?.split(',') ?? []

/** perf takes all that can be read as a hexadecimal number for an address, be it a function's name or not. */
const isAddress = (name: string): boolean => /^(0x)?[0-9a-f]{1,16}$/i.test(name)

const shortOf = (name: string) => shorts.find((short) => short.name === name)

/** What -F, and the options that stand for it, make of the fields, each of what was there before. */
function chosenFields(given: readonly Given[], version: PerfVersion): Result<Fields, string> {
  let fields = defaultFields(version !== '6.1')
  for (const { name, value } of given) {
    const list = name === 'fields' ? value : shortOf(name)?.fields
    const parsed = list === undefined ? ok(fields) : parseFields(list, fields)
    if (!parsed.ok) return parsed
    fields = parsed.value
  }
  return ok(fields)
}

/** --itrace, and the options that stand for it, add up. */
function chosenItrace(given: readonly Given[], version: PerfVersion): Result<ItraceOptions, string> {
  let options: ItraceOptions | undefined
  for (const { name, value } of given) {
    const text = name === 'itrace' ? value : shortOf(name)?.itrace
    if (text === undefined) continue
    const parsed: Result<ItraceOptions, string> = text === '' ? ok(addDefault(options ?? noItrace())) : parseItrace(text, version, options)
    if (!parsed.ok) return parsed
    options = parsed.value
  }
  return ok(options ?? defaultItrace())
}

function wholeNumber(option: string, text: string | undefined): Result<number | undefined, string> {
  if (text === undefined) return ok(undefined)
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return value <= 0xffff_ffff ? ok(value) : fail(`${option} ${text}: not a whole number.`)
}

/** What strtoul(3) takes of a text in base 0 (a leading 0x: 16, a 0: 8): the number and the rest. */
function takeNumber(text: string): [number, string] {
  const digits = /^(0x[0-9a-f]+|0[0-7]*|\d+|)/i.exec(text)?.[0] ?? ''
  const value = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
  return [value, text.slice(digits.length)]
}

const MOST_CPUS = 32_767

/** "0,2-5" as perf reads it: up to what is no number; a number that is left out is 0, and none may be twice. */
function cpuList(text: string | undefined): Result<number[], string> {
  const list = new Set<number>()
  const invalid = fail('Invalid cpu_list')
  let rest = text ?? ''
  if (text !== undefined && !/^\d/.test(text)) return invalid
  while (/^\d/.test(rest)) {
    const [first, behind] = takeNumber(rest)
    const [last, end] = behind.startsWith('-') ? takeNumber(behind.slice(1)) : [first, behind]
    if ((end !== '' && !end.startsWith(',')) || last < first || Math.max(first, last) >= MOST_CPUS) return invalid
    for (let number = first; number <= last; number++) {
      if (list.has(number)) return invalid
      list.add(number)
    }
    rest = end.slice(1)
  }
  return ok([...list])
}

/** "1,5": no ranges; a number that is left out is 0, as in perf. */
function idList(what: 'pid' | 'tid', text: string | undefined): Result<number[], string> {
  const words = text === undefined ? [] : text.split(',')
  if (words.some((word) => !/^(\s*[+-]?\d+)?$/.test(word))) return fail(`problems parsing ${what} list`)
  return ok(words.map(Number))
}
