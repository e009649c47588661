// SPDX-License-Identifier: Apache-2.0
// Numbers for people: counts, bytes, durations, shares. Always with a unit,
// never more digits than help; '–' stands for a number that is not known.

export const UNKNOWN = '–'

/** 1234567 as 1,234,567. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return UNKNOWN
  const sign = count < 0 ? '-' : ''
  return (
    sign +
    Math.round(Math.abs(count))
      .toString()
      .replace(/\B(?=(\d{3})+$)/g, ',')
  )
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return UNKNOWN
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : threeDigits(value)} ${byteUnits[unit] ?? 'B'}`
}

const timeUnits = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
] as const

/** Nanoseconds in the unit that leaves one to three digits before the point. */
export function formatDuration(ns: number): string {
  if (!Number.isFinite(ns)) return UNKNOWN
  for (const [unit, size] of timeUnits) if (Math.abs(ns) >= size) return `${threeDigits(ns / size)} ${unit}`
  return `${Number.isInteger(ns) ? ns : threeDigits(ns)} ns`
}

/** A part of a whole in percent. */
export function formatShare(part: number, whole: number): string {
  if (!Number.isFinite(part) || !(whole > 0)) return UNKNOWN
  return `${((part / whole) * 100).toFixed(1)} %`
}

/** Instructions per cycle; unknown without cycles. */
export function formatIpc(instructions: number, cycles: number): string {
  if (!(cycles > 0) || !Number.isFinite(instructions)) return UNKNOWN
  return (instructions / cycles).toFixed(2)
}

/** At least three significant digits, and all digits before the point. */
function threeDigits(value: number): string {
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}
