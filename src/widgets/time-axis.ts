// SPDX-License-Identifier: Apache-2.0
// Where a time axis has its ticks and what they are called. Zoomed in far from
// zero the ticks count from an anchor, so that labels stay short and exact.
import { timeText, timeUnitFor, type TimeUnit } from './number-text'

export type Tick = { time: number; label: string }
/** `anchor` is what "+" labels count from; null when labels are plain times. */
export type Ticks = { step: number; anchor: { time: number; label: string } | null; ticks: Tick[] }

const MOST_TICKS = 200
/** Labels with more digits than this before or after the point become offsets. */
const MOST_DIGITS = 6

/** Smallest of 1, 2, 5 times a power of ten that is at least `least`, in ns and at least 1. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  const factor = [1, 2, 5, 10].find((one) => one * power >= least * 0.999999) ?? 10
  return factor * power
}

function decimalsFor(step: number, unit: TimeUnit): number {
  return Math.max(0, Math.ceil(Math.log10(unit.ns / step) - 1e-9))
}

function label(time: number, step: number, unit: TimeUnit): string {
  return `${(time / unit.ns).toFixed(decimalsFor(step, unit))} ${unit.name}`
}

/** Ticks of [start, end] (ns) drawn `width` wide, at least `spacing` apart. */
export function timeTicks(start: number, end: number, width: number, spacing: number): Ticks {
  const span = end - start
  if (!(span > 0) || !(width > 0)) return { step: 1, anchor: null, ticks: [] }
  const step = niceStep((span * spacing) / width)
  const first = Math.ceil(start / step) * step
  const unit = timeUnitFor(Math.max(Math.abs(end), step))
  const digits = Math.floor(Math.log10(Math.max(1, end / unit.ns))) + 1 + decimalsFor(step, unit)
  const base = digits > MOST_DIGITS ? Math.floor(start / niceStep(span)) * niceStep(span) : null
  const offsetUnit = base === null ? unit : timeUnitFor(Math.max(end - base, step))
  const ticks: Tick[] = []
  for (let index = 0; index < MOST_TICKS; index++) {
    const time = first + index * step
    if (time > end) break
    ticks.push({ time, label: base === null ? label(time, step, unit) : `+${label(time - base, step, offsetUnit)}` })
  }
  return { step, anchor: base === null ? null : { time: base, label: timeText(base) }, ticks }
}
