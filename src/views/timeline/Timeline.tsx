// SPDX-License-Identifier: Apache-2.0
// The lanes, their time axis and what pointer and keys do to them.
import { useCallback, useRef, useState } from 'react'
import { threadGuest, threadIds, threadLabel, threadName } from '../../model/names'
import type { TimeRange } from '../../model/view-state'
import { useKeptScroll, useStore } from '../../store'
import { useSize } from '../../widgets/CanvasLayer'
import { CallDetails } from './CallDetails'
import { callSentence, type SelectedCall } from './describe'
import { Lane } from './Lane'
import { lanesBetween, type Direction } from './layout'
import { useFound, useNames } from './use-names'
import { TimelineBar, TimelineHead, TimelineOverlay } from './TimelineFrame'
import { MarkDetails, markSentence } from './MarkDetails'
import { useLanes } from './use-lanes'
import { stepMark, useMarks, type SelectedMark } from './use-marks'
import { useSelectedCall } from './use-selected-call'
import { useGestures, useLetterKey } from './use-gestures'
import { useViewport, useWindow } from './use-viewport'
import { fitView, markView } from './viewport'

const directions: Record<string, Direction> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' }

const OVERSCAN_PX = 120
/** Right border of the label column. */
const BORDER_PX = 1

export function Timeline({ duration, lanes }: { duration: number; lanes: number[] }) {
  const threads = useStore((store) => store.session.threads)
  const range = useStore((store) => store.view.range)
  const names = useNames()
  const found = useFound()
  const [view, setView, select] = useViewport(duration)
  const [scrollTop, setScrollTop] = useState(0)
  const [cursor, setCursor] = useState<number | null>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const labels = useRef<HTMLDivElement>(null)
  const size = useSize(scroller)
  const left = useSize(labels).width + BORDER_PX
  const width = Math.max(0, size.width - left)
  const request = useWindow(view, duration, width)
  const marks = useMarks(request)
  const [mark, setMark] = useState<SelectedMark | null>(null)
  const { tops, collapsed, onLevels, onToggle } = useLanes(lanes, marks.marked)
  const keepTop = useKeptScroll('timeline.top', scroller, tops[tops.length - 1] ?? 0)
  const gestures = useGestures({ scroller, view, duration, width, left, setView, setRange: (start, end) => select({ start, end }) })

  const { first, end } = lanesBetween(tops, scrollTop - OVERSCAN_PX, scrollTop + size.height + OVERSCAN_PX)
  const { selected, setSelected, onTable, step } = useSelectedCall({
    lanes,
    tops,
    collapsed,
    marked: marks.marked,
    first,
    view,
    setView,
    duration,
    scroller,
  })
  const zoomTo = useCallback((call: TimeRange) => setView(fitView(call.start_ns, call.end_ns, duration)), [setView, duration])

  const selectMark = useCallback(
    (chosen: SelectedMark | null) => {
      setMark(chosen)
      if (chosen) setSelected(null)
    },
    [setSelected],
  )
  const selectCall = useCallback(
    (call: SelectedCall | null) => {
      setSelected(call)
      setMark(null)
    },
    [setSelected],
  )
  const goToMark = (by: 1 | -1) => {
    const next = stepMark(marks, lanes, mark, by, view.start)
    if (!next) return
    selectMark(next)
    if (next.time_ns < view.start || next.time_ns > view.end) setView(fitView(next.time_ns, next.time_ns, duration))
  }
  const zoomToMark = (to: SelectedMark) => setView(markView(to, view, duration))

  const fit = () => {
    const what = selected ?? (mark ? { start_ns: mark.time_ns, end_ns: mark.last_ns } : null) ?? range
    if (what) zoomTo(what)
    else setView({ start: 0, end: duration })
  }
  useLetterKey('f', fit)
  useLetterKey('m', (shift) => goToMark(shift ? -1 : 1))
  const shownCursor = gestures.dragging ? null : cursor

  const onKey = (event: React.KeyboardEvent) => {
    const direction = directions[event.key]
    if (event.shiftKey && direction) {
      setMark(null)
      step(direction)
    } else if (event.key === 'Enter' && selected) zoomTo(selected)
    else if (event.key === 'Enter' && mark && event.target === scroller.current) zoomToMark(mark)
    else if (event.key === 'Escape' && (selected || mark)) selectCall(null)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <section className="view-panel" aria-label="Timeline" onKeyDown={onKey}>
      <TimelineBar
        view={view}
        duration={duration}
        canFit={selected !== null || mark !== null || range !== null}
        marks={marks}
        onWhole={() => setView({ start: 0, end: duration })}
        onFit={fit}
      />
      {marks.note !== '' && <div className="timeline-note">{marks.note}</div>}
      <TimelineHead labels={labels} view={view} width={width} cursor={shownCursor} />
      <div className="timeline-body">
        <div
          ref={scroller}
          className="timeline-scroller"
          data-dragging={gestures.dragging}
          tabIndex={0}
          role="application"
          aria-label="Timeline. W and S zoom, A and D pan, Shift and arrow keys move between calls, M and Shift M between marks, Enter zooms to the selected call, F fits the selection."
          onScroll={(event) => {
            setScrollTop(event.currentTarget.scrollTop)
            keepTop(event.currentTarget.scrollTop)
          }}
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
                  guest={threadGuest(threads, thread)}
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
                  marks={marks.table}
                  hiddenMarks={marks.hidden}
                  marked={marks.marked.has(thread)}
                  selectedMark={mark?.thread === thread ? mark : null}
                  onMark={selectMark}
                  onSelect={selectCall}
                  onZoomTo={zoomTo}
                />
              )
            })}
          </div>
        </div>
        <TimelineOverlay view={view} left={left} width={width} range={range} selecting={gestures.selecting} cursor={shownCursor} />
      </div>
      <div className="visually-hidden" aria-live="polite">
        {selected && callSentence(selected, names.nameOf(selected.function), threadLabel(threads, selected.thread))}
        {mark && markSentence(mark, threadLabel(threads, mark.thread))}
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
      {mark && <MarkDetails mark={mark} thread={threadLabel(threads, mark.thread)} onZoom={() => zoomToMark(mark)} onClose={() => setMark(null)} />}
    </section>
  )
}
