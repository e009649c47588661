// SPDX-License-Identifier: Apache-2.0
// perf's --itrace letters as what the decoder is asked for. Letters of a version
// of perf that does not know them are its "Bad Instruction Tracing options".
import { fail, ok, type Result } from '../lib/result'
import type { PerfVersion } from './perf-version'

/** What --itrace makes of a processor trace; script_options.h numbers them. */
export const Want = {
  BRANCHES: 1 << 0,
  INSTRUCTIONS: 1 << 1,
  ERRORS: 1 << 2,
  TRANSACTIONS: 1 << 3,
  PTWRITES: 1 << 4,
  POWER: 1 << 5,
  EVENTS: 1 << 6,
  CYCLES: 1 << 7,
  OTHERS: 1 << 8,
} as const

/** enum ptm_period_unit. */
export const PeriodUnit = { INSTRUCTIONS: 0, TICKS: 1, NS: 2 } as const

export type ItraceOptions = {
  want: number
  period_unit: number
  period: number
  /** Flags of which a branch must have one; 0: all branches. */
  branch_filter: number
  /** Bits by perf's error code: errors that are not printed. */
  error_filter: number
  skip: number
  /** Entries; 0: none. */
  chain_size: number
  branch_stack_size: number
  /** The same for the file's own samples. */
  added_chain_size: number
  added_branch_size: number
  approximate_ipc: boolean
  timeless: boolean
  /** 1: decoded without code; 2: from PSB to PSB. */
  quick: number
}

const CALLS = (1 << 1) | (1 << 5) | (1 << 9)
const RETURNS = (1 << 2) | (1 << 8)
const OVERFLOW_CODE = 7
const LOST_CODE = 8
const DEFAULT_PERIOD_NS = 100_000
const DEFAULT_CHAIN = 16
const DEFAULT_BRANCHES = 64
const MOST_ENTRIES = 1024
const units: Record<string, { unit: number; factor: number }> = {
  i: { unit: PeriodUnit.INSTRUCTIONS, factor: 1 },
  t: { unit: PeriodUnit.TICKS, factor: 1 },
  ms: { unit: PeriodUnit.NS, factor: 1_000_000 },
  us: { unit: PeriodUnit.NS, factor: 1000 },
  ns: { unit: PeriodUnit.NS, factor: 1 },
}

export function noItrace(): ItraceOptions {
  return {
    want: 0,
    period_unit: PeriodUnit.NS,
    period: DEFAULT_PERIOD_NS,
    branch_filter: 0,
    error_filter: 0,
    skip: 0,
    chain_size: 0,
    branch_stack_size: 0,
    added_chain_size: 0,
    added_branch_size: 0,
    approximate_ipc: false,
    timeless: false,
    quick: 0,
  }
}

/** What perf script does without --itrace: calls, and all that is not flow. */
export const defaultItrace = (): ItraceOptions => addDefault(noItrace())

/** The same besides what was asked for before. */
export function addDefault(options: ItraceOptions): ItraceOptions {
  const { BRANCHES, TRANSACTIONS, PTWRITES, POWER, EVENTS, ERRORS } = Want
  return { ...options, want: options.want | BRANCHES | TRANSACTIONS | PTWRITES | POWER | EVENTS | ERRORS, branch_filter: options.branch_filter | CALLS }
}

/** Letters that make nothing of Intel's processor traces: other makers' events. */
const idle = 'fmtaM'
const switches: Record<string, { want?: number; filter?: number }> = {
  b: { want: Want.BRANCHES },
  c: { want: Want.BRANCHES, filter: CALLS },
  r: { want: Want.BRANCHES, filter: RETURNS },
  x: { want: Want.TRANSACTIONS },
  w: { want: Want.PTWRITES },
  p: { want: Want.POWER },
  I: { want: Want.EVENTS },
  o: { want: Want.OTHERS },
}

/** Parses what follows --itrace=. Spaces and commas separate, as in perf. `before`: what was asked for already; its period does not count, as in perf. */
export function parseItrace(text: string, version: PerfVersion = '6.1', before: ItraceOptions = noItrace()): Result<ItraceOptions, string> {
  const { period_unit, period } = noItrace()
  const options = { ...before, period_unit, period }
  let rest = text
  while (rest) {
    const letter = rest.charAt(0)
    rest = rest.slice(1)
    const used = takeLetter(options, letter, rest, version)
    if (used < 0) return fail(`Bad Instruction Tracing options '${text}'`)
    rest = rest.slice(used)
  }
  return ok(options)
}

/** Takes one letter with what follows it; how many characters of that it used, -1: perf refuses it. */
function takeLetter(options: ItraceOptions, letter: string, rest: string, version: PerfVersion): number {
  const turn = switches[letter]
  if (turn) {
    options.want |= turn.want ?? 0
    options.branch_filter |= turn.filter ?? 0
    return 0
  }
  if (letter === ' ' || letter === ',' || idle.includes(letter)) return 0
  switch (letter) {
    case 'i':
      options.want |= Want.INSTRUCTIONS
      return takePeriod(options, rest)
    case 'y':
      if (version === '6.1') return -1
      options.want |= Want.CYCLES
      return takePeriod(options, rest)
    case 'e':
      options.want |= Want.ERRORS
      return takeErrors(options, rest)
    case 'd': {
      const signs = signed(rest)
      return endsInSign(rest, signs) ? -1 : signs.length
    }
    case 'g':
    case 'G':
    case 'l':
    case 'L':
      return takeEntries(options, letter, rest)
    case 's': {
      const count = /^ *(\d+)/.exec(rest)
      options.skip = Number(count?.[1] ?? 0)
      return count ? count[0].length : -1
    }
    case 'q':
      options.quick += 1
      return 0
    case 'A':
      options.approximate_ipc = true
      return 0
    case 'T':
      // Of newer perfs, for Arm's traces: it changes nothing of Intel's.
      return version === '6.1' ? -1 : 0
    case 'Z':
      options.timeless = true
      return 0
    default:
      return -1
  }
}

/** "+o-l" and the like: one letter behind each sign. */
const signed = (text: string): string => /^(?: |[+-] *[a-z])*/.exec(text)?.[0] ?? ''

/** perf refuses a sign without a letter. */
const endsInSign = (rest: string, used: string): boolean => /^[+-]/.test(rest.slice(used.length))

function takeErrors(options: ItraceOptions, rest: string): number {
  const signs = signed(rest)
  if (/- *o/.test(signs)) options.error_filter |= 1 << OVERFLOW_CODE
  if (/- *l/.test(signs)) options.error_filter |= 1 << LOST_CODE
  return endsInSign(rest, signs) ? -1 : signs.length
}

function takeEntries(options: ItraceOptions, letter: 'g' | 'G' | 'l' | 'L', rest: string): number {
  const [all = '', count = ''] = /^[ ,]*(\d+)/.exec(rest) ?? []
  const entries = count === '' ? (letter.toLowerCase() === 'g' ? DEFAULT_CHAIN : DEFAULT_BRANCHES) : Number(count)
  if (entries < 1 || entries > MOST_ENTRIES) return -1
  // Of a letter and its capital the last one's number counts for both.
  const fields = letter.toLowerCase() === 'g' ? (['chain_size', 'added_chain_size'] as const) : (['branch_stack_size', 'added_branch_size'] as const)
  const capital = letter !== letter.toLowerCase()
  for (const [row, field] of fields.entries()) if (options[field] > 0 || (row === 1) === capital) options[field] = entries
  return all.length
}

/** A number with a unit; the unit may be left out only at the end. */
function takePeriod(options: ItraceOptions, rest: string): number {
  const [all = '', count = ''] = /^[ ,]*(\d+)[ ,]*/.exec(rest) ?? []
  if (count === '') return 0
  const [unit] = /^(i|t|ms|us|ns)/.exec(rest.slice(all.length)) ?? []
  if (unit === undefined && all.length < rest.length) return -1
  const { unit: of, factor } = units[unit ?? 'ns'] ?? { unit: PeriodUnit.NS, factor: 1 }
  options.period_unit = of
  options.period = Number(count) * factor
  return all.length + (unit?.length ?? 0)
}
