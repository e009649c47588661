// SPDX-License-Identifier: Apache-2.0
// The distribution of a block's cycle measurements, from rows of table
// `block_cycles`. Pure.
import type { BlockCyclesTable } from './tables.gen'

/** Cycles per measurement. The median and the 90th percentile are values that were measured (nearest rank), not means of two. */
export type CycleSpread = { count: number; min: number; median: number; p90: number; max: number }

/** The spread of the rows [first, end), which ascend in cycles; null when they hold no measurement. */
export function spreadOf(table: BlockCyclesTable, first = 0, end = table.rows): CycleSpread | null {
  let count = 0
  for (let row = first; row < end; row++) count += table.count[row] ?? 0
  if (count === 0) return null
  const ranked = (share: number): number => {
    let left = Math.ceil(share * count)
    for (let row = first; row < end; row++) {
      left -= table.count[row] ?? 0
      if (left <= 0) return table.cycles[row] ?? NaN
    }
    return NaN
  }
  return { count, min: table.cycles[first] ?? NaN, median: ranked(0.5), p90: ranked(0.9), max: table.cycles[end - 1] ?? NaN }
}

/** Key of a block in what spreadsByBlock returns. */
export const blockKey = (ip: bigint, fn: number): string => `${ip}/${fn}`

/** The spreads of all blocks of an answer. */
export function spreadsByBlock(table: BlockCyclesTable): Map<string, CycleSpread> {
  const spreads = new Map<string, CycleSpread>()
  const keyOf = (row: number) => blockKey(table.ip[row] ?? 0n, table.function[row] ?? 0)
  for (let first = 0, end; first < table.rows; first = end) {
    for (end = first + 1; end < table.rows && keyOf(end) === keyOf(first);) end++
    const spread = spreadOf(table, first, end)
    if (spread !== null) spreads.set(keyOf(first), spread)
  }
  return spreads
}

/** Bars of equal width in cycles: [from, to] with how many measurements lie in them. */
export type CycleBar = { from: number; to: number; count: number }

/**
 * A histogram of at most `most` bars of equal width from the least to the 99th
 * percentile; the last bar takes all beyond it, so that one interrupt does not
 * squeeze the rest into a single bar.
 */
export function cycleBars(table: BlockCyclesTable, most: number): CycleBar[] {
  const spread = spreadOf(table)
  if (spread === null) return []
  let left = Math.ceil(spread.count * 0.99)
  let high = spread.max
  for (let row = 0; row < table.rows; row++) {
    left -= table.count[row] ?? 0
    if (left <= 0) {
      high = table.cycles[row] ?? high
      break
    }
  }
  const width = Math.max(1, Math.ceil((high - spread.min + 1) / most))
  const bars: CycleBar[] = []
  for (let from = spread.min; from <= high; from += width) bars.push({ from, to: from + width - 1, count: 0 })
  for (let row = 0; row < table.rows; row++) {
    const bar = bars[Math.min(bars.length - 1, Math.floor(((table.cycles[row] ?? 0) - spread.min) / width))]
    if (bar !== undefined) bar.count += table.count[row] ?? 0
  }
  const last = bars[bars.length - 1]
  if (last !== undefined) last.to = Math.max(last.to, spread.max)
  return bars
}
