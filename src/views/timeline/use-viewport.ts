// SPDX-License-Identifier: Apache-2.0
// The viewport as React state, and the window of the trace to ask for.
import { useEffect, useRef, useState } from 'react'
import { useStore } from '../../store'
import type { Selecting } from './use-gestures'
import { fitView, requestWindow, type Viewport, type WindowRequest } from './viewport'

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

/** The viewport, which follows the range that is selected elsewhere. */
export function useViewport(duration: number): [Viewport, (view: Viewport) => void, (range: Selecting) => void] {
  const range = useStore((store) => store.view.range)
  const setRange = useStore((store) => store.setRange)
  const [view, setView] = useState<Viewport>(() =>
    range ? fitView(range.start_ns, range.end_ns, duration, 0) : { start: 0, end: duration },
  )
  const own = useRef(range)
  const fitted = useRef<Viewport | null>(null)
  useEffect(() => {
    if (range === own.current) return
    own.current = range
    if (range) {
      fitted.current = fitView(range.start_ns, range.end_ns, duration, 0)
      setView(fitted.current)
    } else setView((now) => (now === fitted.current ? { start: 0, end: duration } : now))
  }, [range, duration])
  const select = ({ start, end }: Selecting) => {
    const selected = { start_ns: Math.floor(start), end_ns: Math.ceil(end) }
    own.current = selected
    setRange(selected)
  }
  return [view, setView, select]
}
