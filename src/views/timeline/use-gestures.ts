// SPDX-License-Identifier: Apache-2.0
// Pointer, wheel and keys of the timeline as calls of a few verbs. Knows nothing
// of calls and lanes.
import { useEffect, useRef, useState } from 'react'
import { clampView, panView, timeAt, zoomView, type Viewport } from './viewport'

const CLICK_PX = 4
const WHEEL_ZOOM = 1.0015
const KEY_ZOOM = 0.7
const KEY_PAN = 0.15

type Surface = {
  scroller: React.RefObject<HTMLElement | null>
  view: Viewport
  duration: number
  /** Of the plot, and where it begins in the scroller. */
  width: number
  left: number
  setView(view: Viewport): void
  setRange(start: number, end: number): void
}

type Drag = { kind: 'pan' | 'select'; x: number; y: number; scrollTop: number; view: Viewport; moved: boolean }
export type Selecting = { start: number; end: number }

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest('input, select, textarea, [role="radiogroup"], [role="slider"], dialog') !== null

/** The latest value, for listeners that are set up once. */
function useLatest<Value>(value: Value): React.RefObject<Value> {
  const latest = useRef(value)
  useEffect(() => {
    latest.current = value
  })
  return latest
}

/** Wheel zooms at the pointer, sideways or with shift it pans; over the labels it scrolls. */
function useWheel(surface: React.RefObject<Surface>, element: React.RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const scroller = element.current
    if (!scroller) return
    const onWheel = (event: WheelEvent) => {
      const { view, duration, width, left, setView } = surface.current
      const x = event.clientX - scroller.getBoundingClientRect().left - left
      if (x < 0) return
      event.preventDefault()
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
      const sideways = event.shiftKey ? event.deltaX + event.deltaY : event.deltaX
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) setView(panView(view, (sideways * lines) / width, duration))
      else setView(zoomView(view, WHEEL_ZOOM ** (event.deltaY * lines), timeAt(view, x, width), duration))
    }
    scroller.addEventListener('wheel', onWheel, { passive: false })
    return () => scroller.removeEventListener('wheel', onWheel)
  }, [surface, element])
}

/** W and S zoom, A and D or the arrows pan, Home shows all. */
function useMoveKeys(surface: React.RefObject<Surface>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || isTyping(event.target)) return
      const { view, duration, setView } = surface.current
      const middle = (view.start + view.end) / 2
      const moves: Record<string, () => Viewport> = {
        w: () => zoomView(view, KEY_ZOOM, middle, duration),
        s: () => zoomView(view, 1 / KEY_ZOOM, middle, duration),
        a: () => panView(view, -KEY_PAN, duration),
        d: () => panView(view, KEY_PAN, duration),
        ArrowLeft: () => panView(view, -KEY_PAN, duration),
        ArrowRight: () => panView(view, KEY_PAN, duration),
        Home: () => ({ start: 0, end: duration }),
      }
      const move = moves[event.key]
      if (!move) return
      event.preventDefault()
      setView(move())
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [surface])
}

/** A letter's key, wherever the focus is; the action is told whether Shift was down. */
export function useLetterKey(letter: string, action: (shift: boolean) => void): void {
  const latest = useLatest(action)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== letter || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      latest.current(event.shiftKey)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [latest, letter])
}

/** Drag pans, shift and drag selects a range. `wasClick` tells whether the last press went nowhere. */
export function useGestures(given: Surface) {
  const surface = useLatest(given)
  useWheel(surface, given.scroller)
  useMoveKeys(surface)
  const drag = useRef<Drag | null>(null)
  const [selecting, setSelecting] = useState<Selecting | null>(null)
  const [dragging, setDragging] = useState(false)
  const wasClick = useRef(true)

  const timeOf = (event: React.PointerEvent) => {
    const { scroller, view, left, width, duration } = surface.current
    const x = event.clientX - (scroller.current?.getBoundingClientRect().left ?? 0) - left
    return Math.min(duration, Math.max(0, timeAt(view, x, width)))
  }

  const onPointerDown = (event: React.PointerEvent) => {
    if (event.button !== 0 || !(event.target instanceof Element) || !event.target.closest('[data-plot]')) return
    const { view, scroller } = surface.current
    wasClick.current = true
    drag.current = {
      kind: event.shiftKey ? 'select' : 'pan',
      x: event.clientX,
      y: event.clientY,
      scrollTop: scroller.current?.scrollTop ?? 0,
      view,
      moved: false,
    }
    if (event.shiftKey) event.preventDefault()
  }

  const onPointerMove = (event: React.PointerEvent) => {
    const now = drag.current
    if (!now) return
    const byX = event.clientX - now.x
    const byY = event.clientY - now.y
    if (!now.moved && Math.hypot(byX, byY) < CLICK_PX) return
    if (!now.moved) {
      now.moved = true
      wasClick.current = false
      setDragging(true)
      event.currentTarget.setPointerCapture(event.pointerId)
    }
    const { width, duration, scroller, setView } = surface.current
    const span = now.view.end - now.view.start
    if (now.kind === 'select') {
      const anchor = timeAt(now.view, now.x - (scroller.current?.getBoundingClientRect().left ?? 0) - surface.current.left, width)
      const here = timeOf(event)
      setSelecting({ start: Math.max(0, Math.min(anchor, here)), end: Math.max(anchor, here) })
      return
    }
    const shift = (-byX / width) * span
    setView(clampView({ start: now.view.start + shift, end: now.view.end + shift }, duration))
    scroller.current?.scrollTo({ top: now.scrollTop - byY })
  }

  const finish = () => {
    if (drag.current?.kind === 'select' && selecting) surface.current.setRange(selecting.start, selecting.end)
    drag.current = null
    setSelecting(null)
    setDragging(false)
  }

  return { dragging, selecting, wasClick, handlers: { onPointerDown, onPointerMove, onPointerUp: finish, onPointerCancel: finish } }
}
