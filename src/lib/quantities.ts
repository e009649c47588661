// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them, always with their unit, and quantities as
// people type them. Knows nothing of traces.

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** 1,234,567; a dash for what is not known. */
export const countText = (count: number): string => (Number.isFinite(count) ? grouped.format(count) : '–')

/** "1 visit", "2 visits". */
export const pluralText = (count: number, one: string, many = `${one}s`): string => `${countText(count)} ${count === 1 ? one : many}`

const threeDigits = (value: number): string => (value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2))

export function bytesText(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–'
  if (bytes < 1024) return `${countText(bytes)} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${threeDigits(value)} ${units[unit]}`
}

/** A length of time in the unit that suits it: 12 ns, 1.23 µs, 4.56 ms, 7.89 s. */
export function durationText(ns: number): string {
  if (!Number.isFinite(ns)) return '–'
  const size = Math.abs(ns)
  const sign = ns < 0 ? '−' : ''
  if (size < 999.5) return `${sign}${Number.isInteger(size) ? size : threeDigits(size)} ns`
  if (size < 999_500) return `${sign}${threeDigits(size / 1e3)} µs`
  if (size < 999_500_000) return `${sign}${threeDigits(size / 1e6)} ms`
  return `${sign}${threeDigits(size / 1e9)} s`
}

/** Seconds with all nine decimals, as perf prints them. */
export function secondsText(ns: bigint): string {
  const sign = ns < 0n ? '-' : ''
  const size = ns < 0n ? -ns : ns
  return `${sign}${size / 1_000_000_000n}.${(size % 1_000_000_000n).toString().padStart(9, '0')}`
}

/** ns as a whole number; null for NaN. */
export const wholeNs = (ns: number): bigint | null => (Number.isFinite(ns) ? BigInt(Math.round(ns)) : null)

export const percentText = (share: number): string => {
  if (!Number.isFinite(share)) return '–'
  const percent = share * 100
  return `${percent > 0 && percent < 0.05 ? '<0.1' : percent.toFixed(1)} %`
}

/** Two decimals, cut and not rounded: the way perf prints IPC, so that the two can be compared. */
export function cutRatioText(above: number, below: number): string {
  if (!(below > 0) || !Number.isFinite(above)) return '–'
  const hundredths = Math.floor((above * 100) / below)
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`
}

export const hexText = (value: bigint | number): string => `0x${value.toString(16)}`

/** "3 ms", "1.5us", "12,000 ns" in ns; null when it is no length of time. */
export function parseDuration(text: string): number | null {
  const match = /^\+?([\d,_]*\.?\d+|\d[\d,_]*)\s*(ns|us|µs|μs|ms|s)$/i.exec(text.trim())
  const scale: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9 }
  const value = Number(match?.[1]?.replace(/[,_]/g, ''))
  const unit = scale[match?.[2]?.toLowerCase() ?? '']
  return unit === undefined || Number.isNaN(value) ? null : value * unit
}
