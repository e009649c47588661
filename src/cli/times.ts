// SPDX-License-Identifier: Apache-2.0
// perf script's --time: ranges of perf's clock, in ns, both ends included.
import { fail, ok, type Result } from '../lib/result'

export type TimeRange = { start: bigint; end: bigint }

const LAST = (1n << 64n) - 1n
const HUNDRED = 10_000_000n

/** "s[.ns],s[.ns]" with either side left out, several separated by spaces; "10%/2", "10%-20%,30%-40%" of [first, last]. */
export function parseTimes(text: string, first: bigint, last: bigint): Result<TimeRange[], string> {
  if (text.includes('%')) return parsePercents(text.trim(), first, last)
  const ranges: TimeRange[] = []
  for (const word of text.split(/ +/)) {
    const [start = '', end = '', ...more] = word.split(',')
    const from = parseSeconds(start)
    const to = parseSeconds(end)
    if (!word.includes(',') || more.length || from === null || to === null) return fail('Invalid time string')
    const range = { start: from ?? 0n, end: to ?? LAST }
    if (range.start > range.end) return fail('Invalid time string')
    ranges.push(range)
  }
  return inOrder(ranges)
}

/** Ranges must follow each other. */
function inOrder(ranges: TimeRange[]): Result<TimeRange[], string> {
  const overlap = ranges.some((range, index) => {
    const next = ranges[index + 1]
    return next !== undefined && range.end >= next.start
  })
  return overlap ? fail('Invalid time string') : ok(ranges)
}

/** undefined: left out; null: not a time. */
function parseSeconds(text: string): bigint | undefined | null {
  if (text === '') return undefined
  const match = /^(\d+)(?:\.(\d{0,9}))?$/.exec(text)
  return match ? BigInt(match[1] ?? 0) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0')) : null
}

function parsePercents(text: string, first: bigint, last: bigint): Result<TimeRange[], string> {
  // To the nearest ns, as perf rounds.
  const at = (percent: bigint) => first + ((last - first) * percent + HUNDRED / 2n) / HUNDRED
  const ranges: TimeRange[] = []
  for (const word of text.split(',')) {
    const slice = /^ *([\d.]+)%\/(\d+) *$/.exec(word)
    const span = /^ *([\d.]+)%? *- *([\d.]+)% *$/.exec(word)
    const whole = /^ *([\d.]+)% *$/.exec(word)
    if (slice) {
      const size = percentOf(slice[1])
      const number = BigInt(slice[2] ?? 0)
      if (size === null || number < 1n || (number - 1n) * size >= HUNDRED) return fail('Invalid time string')
      ranges.push({ start: at((number - 1n) * size), end: number * size >= HUNDRED ? last : at(number * size) - 1n })
    } else if (span ?? whole) {
      const start = span ? percentOf(span[1]) : 0n
      const end = percentOf((span ?? whole)?.[span ? 2 : 1])
      if (start === null || end === null) return fail('Invalid time string')
      ranges.push({ start: at(start), end: end === HUNDRED ? last : at(end) - 1n })
    } else return fail('Invalid time string')
  }
  return ok(ranges)
}

/** In hundred-thousandths of a percent; null: not a percentage. */
function percentOf(text: string | undefined): bigint | null {
  const value = Number(text)
  return Number.isFinite(value) && value >= 0 && value <= 100 ? BigInt(Math.round(value * 100_000)) : null
}
