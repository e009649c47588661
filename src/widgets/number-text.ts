// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them: counts, bytes, shares, durations and times.
// Durations are rounded to what can be read; times keep every nanosecond.

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** 18,402,113; a dash for what is not known. */
export function countText(count: number): string {
  return Number.isFinite(count) ? whole.format(count) : '–'
}

/** Four digits at most before the unit: 18.4 M. */
export function shortCount(count: number): string {
  if (!Number.isFinite(count)) return '–'
  const units = ['', ' K', ' M', ' G', ' T'] as const
  let value = Math.abs(count)
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 && Number.isInteger(value) ? 0 : decimals(value)
  return `${count < 0 ? '-' : ''}${value.toFixed(digits)}${units[unit] ?? ''}`
}

const decimals = (value: number) => (value < 9.995 ? 2 : value < 99.95 ? 1 : 0)

export function bytesText(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–'
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  let value = bytes
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return unit === 0 ? `${whole.format(value)} bytes` : `${value.toFixed(decimals(value))} ${units[unit] ?? ''}`
}

/** A part of one as per cent; what is not nothing is never shown as 0. */
export function shareText(share: number): string {
  if (!Number.isFinite(share)) return '–'
  const percent = share * 100
  if (percent > 0 && percent < 0.01) return '<0.01%'
  if (percent < 100 && percent > 99.99) return '>99.99%'
  return `${percent.toFixed(percent >= 99.95 || percent === 0 ? 0 : percent >= 10 ? 1 : 2)}%`
}

const timeUnits = [
  { name: 'ns', ns: 1 },
  { name: 'µs', ns: 1e3 },
  { name: 'ms', ns: 1e6 },
  { name: 's', ns: 1e9 },
] as const
export type TimeUnit = (typeof timeUnits)[number]

/** Largest unit of which `ns` is at least one. */
export function timeUnitFor(ns: number): TimeUnit {
  const size = Math.abs(ns)
  let best: TimeUnit = timeUnits[0]
  for (const unit of timeUnits) if (size >= unit.ns) best = unit
  return best
}

/** Rounded to four digits: 412.8 ms. */
export function durationText(ns: number): string {
  if (!Number.isFinite(ns)) return '–'
  const unit = timeUnitFor(Math.abs(ns) * 1.00005)
  const value = ns / unit.ns
  if (unit.ns === 1) return `${Number.isInteger(ns) ? ns : value.toFixed(1)} ns`
  const size = Math.abs(value)
  return `${value.toFixed(size < 9.9995 ? 3 : size < 99.995 ? 2 : size < 999.95 ? 1 : 0)} ${unit.name}`
}

/** Exact to the nanosecond, in the unit that fits: 12.345678 ms. */
export function timeText(ns: number): string {
  if (!Number.isFinite(ns)) return '–'
  const unit = timeUnitFor(ns)
  const digits = Math.round(Math.log10(unit.ns))
  const text = (ns / unit.ns).toFixed(digits)
  const trimmed = text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text
  return `${trimmed} ${unit.name}`
}

/** Reads 12.5ms, 300 us, 1.2s, 40 (ns); null when it is none of these. */
export function parseTime(text: string): number | null {
  const match = /^\s*([\d.,_ ]*\d\.?)\s*(ns|us|µs|μs|ms|s)?\s*$/i.exec(text)
  if (!match) return null
  const value = Number((match[1] ?? '').replace(/[,_ ]/g, ''))
  const name = (match[2] ?? 'ns').toLowerCase().replace(/^(us|μs)$/, 'µs')
  const unit = timeUnits.find((one) => one.name === name)
  return Number.isFinite(value) && unit ? value * unit.ns : null
}
