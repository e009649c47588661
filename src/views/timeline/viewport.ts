// SPDX-License-Identifier: Apache-2.0
// The stretch of time that is on screen: zooming, panning, and which window of
// the trace to ask for so that small moves need no new question. Pure numbers.

/** In ns since the trace's start. */
export type Viewport = { start: number; end: number }

/** Nothing happens below a few ns, and f64 times are whole there. */
export const LEAST_SPAN = 8

/** Keeps the span and moves it into the trace; longer than the trace becomes the trace. */
export function clampView({ start, end }: Viewport, duration: number): Viewport {
  const whole = Math.max(duration, LEAST_SPAN)
  const span = Math.min(whole, Math.max(LEAST_SPAN, end - start))
  const from = Math.min(Math.max(0, start), whole - span)
  return { start: from, end: from + span }
}

/** Scales the span by `factor`; `at` stays where it is on screen. */
export function zoomView(view: Viewport, factor: number, at: number, duration: number): Viewport {
  const span = view.end - view.start
  const next = Math.min(Math.max(duration, LEAST_SPAN), Math.max(LEAST_SPAN, span * factor))
  const share = (at - view.start) / span
  const start = at - share * next
  return clampView({ start, end: start + next }, duration)
}

/** Moves by `share` of the span. */
export function panView(view: Viewport, share: number, duration: number): Viewport {
  const by = (view.end - view.start) * share
  return clampView({ start: view.start + by, end: view.end + by }, duration)
}

/** A viewport around [start, end] with some air on both sides. */
export function fitView(start: number, end: number, duration: number, air = 0.05): Viewport {
  const margin = (end - start) * air
  return clampView({ start: start - margin, end: end + margin }, duration)
}

const MARK_ZOOM = 0.1

/** A viewport that tells the marks drawn as one apart; around a single one, a tenth of the span. */
export function markView(mark: { time_ns: number; last_ns: number }, view: Viewport, duration: number): Viewport {
  if (mark.last_ns > mark.time_ns) return fitView(mark.time_ns, mark.last_ns, duration)
  const half = ((view.end - view.start) * MARK_ZOOM) / 2
  return clampView({ start: mark.time_ns - half, end: mark.time_ns + half }, duration)
}

export const timeAt = (view: Viewport, x: number, width: number) => view.start + (x / width) * (view.end - view.start)

export const xAt = (view: Viewport, time: number, width: number) => ((time - view.start) / (view.end - view.start)) * width

export type WindowRequest = { start_ns: number; end_ns: number; count: number }

/** A window that holds the viewport and is the same for all viewports near by:
 * spans are powers of two, starts are multiples of half of them. */
export function requestWindow(view: Viewport, duration: number, width: number): WindowRequest {
  const whole = Math.max(duration, LEAST_SPAN)
  const span = 2 ** Math.ceil(Math.log2(view.end - view.start))
  const start = Math.max(0, Math.floor(view.start / (span / 2)) * (span / 2))
  const end = Math.min(whole, start + span * 1.5)
  return { start_ns: start, end_ns: end, count: Math.ceil((width * (end - start)) / (view.end - view.start)) }
}
