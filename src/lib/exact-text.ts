// SPDX-License-Identifier: Apache-2.0
// Numbers written exactly the way perf writes them, so that a reader can
// compare two programs by eye. Rounded numbers for people are elsewhere.

/** Seconds with all nine decimals, as perf prints them. */
export function secondsText(ns: bigint): string {
  const sign = ns < 0n ? '-' : ''
  const size = ns < 0n ? -ns : ns
  return `${sign}${size / 1_000_000_000n}.${(size % 1_000_000_000n).toString().padStart(9, '0')}`
}

/** ns as a whole number; null for NaN. */
export const wholeNs = (ns: number): bigint | null => (Number.isFinite(ns) ? BigInt(Math.round(ns)) : null)

/** Two decimals, cut and not rounded: the way perf prints IPC. A dash when it cannot be known. */
export function cutRatioText(above: number, below: number): string {
  if (!(below > 0) || !Number.isFinite(above)) return '–'
  const hundredths = Math.floor((above * 100) / below)
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`
}

export const hexText = (value: bigint | number): string => `0x${value.toString(16)}`

/** Reads 0x401000, with or without 0x when `bare`; null when it is no such number. */
export function parseHex(text: string, bare = false): bigint | null {
  const digits = (bare ? /^(?:0x)?([0-9a-f]{1,16})$/i : /^0x([0-9a-f]{1,16})$/i).exec(text.trim())?.[1]
  return digits === undefined ? null : BigInt(`0x${digits}`)
}

/** Reads #12,345; null when it is no such number. */
export function parseOrdinal(text: string): number | null {
  const digits = /^#\s*(\d[\d,_]*)$/.exec(text.trim())?.[1]
  return digits === undefined ? null : Number(digits.replace(/[,_]/g, ''))
}

/** "1 visit", "1,234 visits". */
export function pluralText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US', { maximumFractionDigits: 0 })} ${count === 1 ? one : many}`
}
