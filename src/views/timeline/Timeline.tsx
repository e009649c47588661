// SPDX-License-Identifier: Apache-2.0
// The lanes, their time axis and what pointer and keys do to them.
import { useCallback, useMemo, useRef, useState } from 'react'
import { threadIds, threadLabel, threadName } from '../../model/names'
import type { CallsTable } from '../../model/tables.gen'
import type { TimeRange } from '../../model/view-state'
import { useStore } from '../../store'
import { Button } from '../../widgets/Button'
import { useSize } from '../../widgets/CanvasLayer'
import { durationText, timeText } from '../../widgets/number-text'
import { TimeAxis } from '../../widgets/TimeAxis'
import { CallDetails } from './CallDetails'
import { callAt, callSentence, refreshCall, type SelectedCall } from './describe'
import { Lane } from './Lane'
import { firstBetween, LANE, laneHeight, lanesBetween, laneTops, rowOf, stepCall, type Direction } from './layout'
import { useFound, useNames } from './use-names'
import { useFitKey, useGestures } from './use-gestures'
import { useViewport, useWindow } from './use-viewport'
import { fitView, timeAt, xAt, type Viewport } from './viewport'

const OVERSCAN_PX = 120
/** Right border of the label column. */
const BORDER_PX = 1

export function Timeline({ duration, lanes }: { duration: number; lanes: number[] }) {
  const threads = useStore((store) => store.session.threads)
  const range = useStore((store) => store.view.range)
  const names = useNames()
  const found = useFound()
  const [view, setView, select] = useViewport(duration)
  const [selected, setSelected] = useState<SelectedCall | null>(null)
  const [levels, setLevels] = useState<ReadonlyMap<number, number>>(new Map())
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set())
  const [scrollTop, setScrollTop] = useState(0)
  const [cursor, setCursor] = useState<number | null>(null)
  const tables = useRef(new Map<number, CallsTable>())

  const scroller = useRef<HTMLDivElement>(null)
  const labels = useRef<HTMLDivElement>(null)
  const size = useSize(scroller)
  const left = useSize(labels).width + BORDER_PX
  const width = Math.max(0, size.width - left)
  const request = useWindow(view, duration, width)
  const gestures = useGestures({ scroller, view, duration, width, left, setView, setRange: (start, end) => select({ start, end }) })

  const onLevels = useCallback((thread: number, count: number) => {
    setLevels((old) => ((old.get(thread) ?? 0) >= count ? old : new Map(old).set(thread, count)))
  }, [])
  const onTable = useCallback((thread: number, calls: CallsTable) => {
    tables.current.set(thread, calls)
    setSelected((old) => (old?.thread === thread ? refreshCall(old, calls) : old))
  }, [])
  const onToggle = useCallback((thread: number) => {
    setCollapsed((old) => {
      const next = new Set(old)
      if (!next.delete(thread)) next.add(thread)
      return next
    })
  }, [])

  const tops = useMemo(
    () => laneTops(lanes.map((thread) => laneHeight(levels.get(thread) ?? 0, collapsed.has(thread) ? LANE.collapsed : LANE.open))),
    [lanes, levels, collapsed],
  )
  const { first, end } = lanesBetween(tops, scrollTop - OVERSCAN_PX, scrollTop + size.height + OVERSCAN_PX)
  const zoomTo = useCallback((call: TimeRange) => setView(fitView(call.start_ns, call.end_ns, duration)), [setView, duration])

  const fit = () => {
    const what = selected ?? range
    if (what) zoomTo(what)
    else setView({ start: 0, end: duration })
  }
  useFitKey(fit)

  /** Selects a call and brings it into view. */
  const choose = (call: SelectedCall) => {
    setSelected(call)
    if (call.end_ns < view.start || call.start_ns > view.end) setView(fitView(call.start_ns, call.end_ns, duration, 2))
    const lane = lanes.indexOf(call.thread)
    const y = (tops[lane] ?? 0) + LANE.open.pad + call.depth * LANE.open.rowHeight
    const box = scroller.current
    if (!box || collapsed.has(call.thread)) return
    if (y < box.scrollTop) box.scrollTop = y
    else if (y + LANE.open.rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = y + LANE.open.rowHeight - box.clientHeight
  }

  const step = (direction: Direction) => {
    const thread = selected?.thread ?? lanes[first]
    const calls = thread === undefined ? undefined : tables.current.get(thread)
    if (!calls) return
    const row = rowOf(calls, selected)
    const next = row < 0 ? firstBetween(calls, view) : stepCall(calls, row, direction, view.start)
    if (next >= 0) choose(callAt(calls, next))
  }

  const onKey = (event: React.KeyboardEvent) => {
    const directions: Record<string, Direction> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' }
    const direction = directions[event.key]
    if (event.shiftKey && direction) step(direction)
    else if (event.key === 'Enter' && selected) zoomTo(selected)
    else if (event.key === 'Escape' && selected) setSelected(null)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <section className="view-panel" aria-label="Timeline" onKeyDown={onKey}>
      <div className="view-toolbar">
        <Button
          kind="quiet"
          icon="zoomOut"
          disabled={view.end - view.start >= duration}
          onClick={() => setView({ start: 0, end: duration })}
        >
          Whole trace
        </Button>
        <Button kind="quiet" disabled={!selected && !range} onClick={fit} title="Zoom to the selected call or range (F)">
          Fit selection
        </Button>
        <span className="view-note">
          <strong>{durationText(view.end - view.start)}</strong> from {timeText(Math.round(view.start))}
        </span>
        <span className="toolbar-space" />
        <Legend />
      </div>
      <div className="timeline-head">
        <div className="lane-label" ref={labels} />
        <div className="timeline-axis" style={{ width }}>
          {width > 0 && <TimeAxis start={view.start} end={view.end} />}
          {cursor !== null && !gestures.dragging && (
            <span className="cursor-time" style={{ left: Math.min(width - 90, Math.max(0, cursor + 6)) }}>
              {timeText(Math.round(timeAt(view, cursor, width)))}
            </span>
          )}
        </div>
      </div>
      <div className="timeline-body">
        <div
          ref={scroller}
          className="timeline-scroller"
          data-dragging={gestures.dragging}
          tabIndex={0}
          role="application"
          aria-label="Timeline. W and S zoom, A and D pan, Shift and arrow keys move between calls, Enter zooms to the selected call, F fits the selection."
          onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
          {...gestures.handlers}
          onPointerLeave={() => setCursor(null)}
          onPointerMove={(event) => {
            gestures.handlers.onPointerMove(event)
            const x = event.clientX - event.currentTarget.getBoundingClientRect().left - left
            setCursor(x >= 0 && x <= width ? x : null)
          }}
        >
          <div className="timeline-lanes" style={{ height: tops[tops.length - 1] ?? 0 }}>
            {lanes.slice(first, end).map((thread, index) => {
              const top = tops[first + index] ?? 0
              const height = (tops[first + index + 1] ?? top) - top
              return (
                <Lane
                  key={thread}
                  thread={thread}
                  name={threadName(threads, thread)}
                  ids={threadIds(threads, thread)}
                  view={view}
                  request={request}
                  width={width}
                  top={top}
                  height={height}
                  from={Math.max(0, scrollTop - top)}
                  to={Math.min(height, scrollTop + size.height - top)}
                  collapsed={collapsed.has(thread)}
                  names={names}
                  found={found}
                  selected={selected?.thread === thread ? selected : null}
                  quiet={gestures.dragging}
                  wasClick={gestures.wasClick}
                  onLevels={onLevels}
                  onTable={onTable}
                  onToggle={onToggle}
                  onSelect={setSelected}
                  onZoomTo={zoomTo}
                />
              )
            })}
          </div>
        </div>
        <div className="timeline-overlay" style={{ left, width }} aria-hidden="true">
          {range && <Shade view={view} width={width} start={range.start_ns} end={range.end_ns} />}
          {gestures.selecting && (
            <div
              className="timeline-selecting"
              style={{
                left: xAt(view, gestures.selecting.start, width),
                width: xAt(view, gestures.selecting.end, width) - xAt(view, gestures.selecting.start, width),
              }}
            >
              <span>{durationText(gestures.selecting.end - gestures.selecting.start)}</span>
            </div>
          )}
          {cursor !== null && !gestures.dragging && <div className="timeline-cursor" style={{ left: cursor }} />}
        </div>
      </div>
      <div className="visually-hidden" aria-live="polite">
        {selected && callSentence(selected, names.nameOf(selected.function), threadLabel(threads, selected.thread))}
      </div>
      {selected && (
        <CallDetails
          call={selected}
          thread={threadLabel(threads, selected.thread)}
          names={names}
          onZoom={() => zoomTo(selected)}
          onClose={() => setSelected(null)}
        />
      )}
    </section>
  )
}

/** What the patterns mean. */
function Legend() {
  return (
    <span className="timeline-legend">
      <span>
        <i className="swatch-lost" aria-hidden="true" />
        Trace lost
      </span>
      <span>
        <i className="swatch-off" aria-hidden="true" />
        Not traced
      </span>
    </span>
  )
}

/** Dims what is outside the selected range. */
function Shade({ view, width, start, end }: { view: Viewport; width: number; start: number; end: number }) {
  const from = Math.min(width, Math.max(0, xAt(view, start, width)))
  const to = Math.min(width, Math.max(0, xAt(view, end, width)))
  return (
    <>
      <div className="timeline-shade" style={{ left: 0, width: from }} data-edge={from > 0 && from < width ? 'right' : undefined} />
      <div className="timeline-shade" style={{ left: to, width: width - to }} data-edge={to > 0 && to < width ? 'left' : undefined} />
    </>
  )
}
