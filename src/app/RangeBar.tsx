// SPDX-License-Identifier: Apache-2.0
// The time range of all views: an overview of the whole trace to pick it from
// with pointer or keys, its text, and buttons to widen and clear it.
import { useCallback, useMemo, useRef, useState } from 'react'
import { traceDuration } from '../model/names'
import type { TimeRange } from '../model/view-state'
import { useStore, useTable } from '../store'
import { Button } from '../widgets/Button'
import { CanvasLayer, useSize, type Draw } from '../widgets/CanvasLayer'
import { durationText, parseTime, timeText } from '../widgets/number-text'
import { usePalette } from '../widgets/theme'
import { TimeAxis } from '../widgets/TimeAxis'
import { drawOverview, drawPending } from './range-draw'
import { densityOf, dragRange, gripAt, markGaps, pendingOf, widenRange, type Grip } from './range-layout'
import './RangeBar.css'

const CLICK_PX = 3
const WHOLE = {}

/** A power of two of buckets, at most one for two pixels: few different questions. */
const bucketsFor = (width: number) => Math.min(1024, Math.max(128, 2 ** Math.floor(Math.log2(Math.max(1, width / 2)))))

function Overview({ duration, width }: { duration: number; width: number }) {
  const thread = useStore((store) => store.view.thread)
  const palette = usePalette()
  const count = width > 0 ? bucketsFor(width) : 0
  const request = useMemo(() => (count > 0 ? { start_ns: 0, end_ns: duration, count } : null), [duration, count])
  const state = useTable('coverage', request)
  const table = state.state === 'ready' ? state.table : state.state === 'loading' ? state.previous : null
  // Gaps may be many: they are asked for once decoding is over.
  const decoding = useStore((store) => store.session.status === 'decoding')
  const gapState = useTable('gaps', decoding ? null : WHOLE)
  const gaps = gapState.state === 'ready' ? gapState.table : null
  const density = useMemo(() => {
    const covered = table && densityOf(table, count, thread)
    return covered && gaps ? markGaps(covered, gaps, thread, duration) : covered
  }, [table, gaps, count, thread, duration])
  // A long trace is seen as a whole before it is decoded: by its bytes.
  const complete = useStore((store) => store.session.status === 'ready')
  const segmentState = useTable('segments', complete ? null : WHOLE)
  const segments = segmentState.state === 'ready' ? segmentState.table : segmentState.state === 'loading' ? segmentState.previous : null
  const pending = useMemo(
    () => (segments && !complete && count > 0 ? pendingOf(segments, count, duration) : null),
    [segments, complete, count, duration],
  )
  const draw = useCallback<Draw>(
    (context, size) => {
      if (pending) drawPending(context, size.width, size.height, pending, palette)
      if (density) drawOverview(context, size.width, size.height, density, palette)
    },
    [density, pending, palette],
  )
  return <CanvasLayer draw={draw} />
}

function Handle({ edge, range, duration }: { edge: 'start' | 'end'; range: TimeRange; duration: number }) {
  const setRange = useStore((store) => store.setRange)
  const at = edge === 'start' ? range.start_ns : range.end_ns
  const moveTo = (time: number) => {
    const to = Math.round(Math.min(duration, Math.max(0, time)))
    setRange(
      edge === 'start' ? { ...range, start_ns: Math.min(to, range.end_ns - 1) } : { ...range, end_ns: Math.max(to, range.start_ns + 1) },
    )
  }
  const onKey = (event: React.KeyboardEvent) => {
    const step = (duration / 100) * (event.shiftKey ? 10 : 1) * (event.altKey ? 0.01 : 1)
    if (event.key === 'ArrowLeft' || event.key === 'ArrowDown') moveTo(at - step)
    else if (event.key === 'ArrowRight' || event.key === 'ArrowUp') moveTo(at + step)
    else if (event.key === 'Home') moveTo(0)
    else if (event.key === 'End') moveTo(duration)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div
      className="range-handle"
      role="slider"
      tabIndex={0}
      aria-label={edge === 'start' ? 'Start of the range' : 'End of the range'}
      aria-valuemin={0}
      aria-valuemax={duration}
      aria-valuenow={at}
      aria-valuetext={timeText(at)}
      style={{ left: `${(at / duration) * 100}%` }}
      onKeyDown={onKey}
    />
  )
}

type Drag = { grip: Grip; from: number; x: number; range: TimeRange | null; moved: boolean }

function Strip({ duration }: { duration: number }) {
  const range = useStore((store) => store.view.range)
  const setRange = useStore((store) => store.setRange)
  const strip = useRef<HTMLDivElement>(null)
  const { width } = useSize(strip)
  const drag = useRef<Drag | null>(null)
  const [draft, setDraft] = useState<TimeRange | null>(null)
  const [cursor, setCursor] = useState<Grip>('new')
  const shown = draft ?? range

  const xOf = (event: React.PointerEvent) => event.clientX - event.currentTarget.getBoundingClientRect().left
  const timeOf = (x: number) => (x / Math.max(1, width)) * duration

  const onPointerDown = (event: React.PointerEvent) => {
    if (event.button !== 0) return
    const x = xOf(event)
    drag.current = { grip: gripAt(x, width, range, duration), from: timeOf(x), x, range, moved: false }
    event.currentTarget.setPointerCapture(event.pointerId)
  }
  const onPointerMove = (event: React.PointerEvent) => {
    const x = xOf(event)
    const now = drag.current
    if (!now) return setCursor(gripAt(x, width, range, duration))
    if (!now.moved && Math.abs(x - now.x) < CLICK_PX) return
    now.moved = true
    setDraft(dragRange(now.grip, now.range, now.from, timeOf(x), duration))
  }
  const finish = () => {
    if (drag.current?.moved && draft) setRange(draft)
    drag.current = null
    setDraft(null)
  }
  return (
    <div
      ref={strip}
      className="range-strip"
      data-grip={cursor}
      title={shown ? undefined : 'Drag to select a time range for all views'}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={finish}
      onPointerCancel={finish}
      onDoubleClick={() => setRange(null)}
    >
      <div className="range-overview">
        <Overview duration={duration} width={width} />
      </div>
      <div className="range-axis">
        <TimeAxis start={0} end={duration} />
      </div>
      {shown && (
        <>
          <div className="range-outside" style={{ left: 0, width: `${(shown.start_ns / duration) * 100}%` }} />
          <div className="range-outside" style={{ left: `${(shown.end_ns / duration) * 100}%`, right: 0 }} />
          <div
            className="range-window"
            style={{ left: `${(shown.start_ns / duration) * 100}%`, width: `${((shown.end_ns - shown.start_ns) / duration) * 100}%` }}
          />
          <Handle edge="start" range={shown} duration={duration} />
          <Handle edge="end" range={shown} duration={duration} />
        </>
      )}
    </div>
  )
}

/** A time that can be typed over: 12.5 ms, 300 us. */
function TimeField({ label, time, onTime }: { label: string; time: number; onTime(time: number): void }) {
  const [text, setText] = useState<string | null>(null)
  const dropped = useRef(false)
  const finish = () => {
    const parsed = text === null || dropped.current ? null : parseTime(text)
    dropped.current = false
    if (parsed !== null) onTime(parsed)
    setText(null)
  }
  return (
    <input
      className="range-field"
      aria-label={label}
      title="Type a time, for instance 12.5 ms or 300 us"
      value={text ?? timeText(time)}
      aria-invalid={text !== null && parseTime(text) === null}
      spellCheck={false}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setText(event.target.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        event.stopPropagation()
        dropped.current = event.key === 'Escape'
        if (event.key === 'Enter' || event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}

export function RangeBar() {
  const duration = useStore((store) => traceDuration(store.session.info))
  const range = useStore((store) => store.view.range)
  const setRange = useStore((store) => store.setRange)
  if (duration === 0) return null
  const shown = range ?? { start_ns: 0, end_ns: duration }
  const set = (start_ns: number, end_ns: number) => {
    const from = Math.max(0, Math.min(start_ns, duration))
    const to = Math.max(0, Math.min(end_ns, duration))
    setRange(from === 0 && to === duration ? null : { start_ns: from, end_ns: to })
  }
  return (
    <section className="range-bar" aria-label="Time range of all views">
      <Strip duration={duration} />
      <div className="range-side">
        <div className="range-text">
          <TimeField label="From" time={shown.start_ns} onTime={(time) => set(time, shown.end_ns)} />
          <span aria-hidden="true">–</span>
          <TimeField label="To" time={shown.end_ns} onTime={(time) => set(shown.start_ns, time)} />
        </div>
        <div className="range-actions">
          <strong>{range ? durationText(range.end_ns - range.start_ns) : 'Whole trace'}</strong>
          <Button
            kind="quiet"
            icon="zoomOut"
            disabled={!range}
            onClick={() => range && setRange(widenRange(range, duration))}
            title="Make the range three times as long (Z)"
          >
            Widen
          </Button>
          <Button kind="quiet" icon="close" disabled={!range} onClick={() => setRange(null)} title="Show the whole trace (Escape)">
            Clear
          </Button>
        </div>
      </div>
    </section>
  )
}
