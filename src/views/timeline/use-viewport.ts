// SPDX-License-Identifier: Apache-2.0
// The viewport as React state, and the window of the trace to ask for.
import { useEffect, useRef, useState } from 'react'
import type { TimeRange } from '../../model/view-state'
import { useKept, useStore } from '../../store'
import type { Selecting } from './use-gestures'
import { clampView, fitView, requestWindow, type Viewport, type WindowRequest } from './viewport'

const ASK_AFTER_MS = 90
const COUNT_STEP = 256

/** The window to ask for: settles a moment after the viewport does. */
export function useWindow(view: Viewport, duration: number, width: number): WindowRequest | null {
  const [asked, setAsked] = useState<WindowRequest | null>(null)
  const wait = useRef(0)
  const { start_ns, end_ns, count } = requestWindow(view, duration, width)
  // Zooming within the window asks for more detail in steps, not with every pixel.
  const detail = Math.ceil(count / COUNT_STEP) * COUNT_STEP
  useEffect(() => {
    if (detail === 0) return
    const timer = setTimeout(() => setAsked({ start_ns, end_ns, count: detail }), wait.current)
    wait.current = ASK_AFTER_MS
    return () => clearTimeout(timer)
  }, [start_ns, end_ns, detail])
  return asked
}

/** What the store asks for: a stretch that was looked at before or that a link names, else the range, else all. */
function askedView(stored: TimeRange | null, range: TimeRange | null, duration: number): Viewport {
  if (stored) return clampView({ start: stored.start_ns, end: stored.end_ns }, duration)
  return range ? fitView(range.start_ns, range.end_ns, duration, 0) : { start: 0, end: duration }
}

/** The viewport: follows the range and the links of elsewhere, and is remembered once it rests. */
export function useViewport(duration: number): [Viewport, (view: Viewport) => void, (range: Selecting) => void] {
  const range = useStore((store) => store.view.range)
  const stored = useStore((store) => store.view.timeline)
  const setRange = useStore((store) => store.setRange)
  const keepView = useStore((store) => store.keepView)
  const { keep, forget } = useKept()
  const [view, setView] = useState(() => askedView(stored, range, duration))
  const own = useRef({ range, stored })
  useEffect(() => {
    if (range === own.current.range && stored === own.current.stored) return
    own.current = { range, stored }
    forget()
    setView(askedView(stored, range, duration))
  }, [range, stored, duration, forget])
  const timelineOf = ({ start, end }: Viewport): TimeRange | null =>
    own.current.range === null && start === 0 && end === duration ? null : { start_ns: start, end_ns: end }
  const move = (next: Viewport) => {
    setView(next)
    keep(() => {
      own.current = { ...own.current, stored: timelineOf(next) }
      return { timeline: own.current.stored }
    })
  }
  const select = ({ start, end }: Selecting) => {
    const selected = { start_ns: Math.floor(start), end_ns: Math.ceil(end) }
    own.current = { range: selected, stored: { start_ns: view.start, end_ns: view.end } }
    setRange(selected)
    keepView({ timeline: own.current.stored })
  }
  return [view, move, select]
}
