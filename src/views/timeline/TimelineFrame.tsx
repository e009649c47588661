// SPDX-License-Identifier: Apache-2.0
// What stands around and over the lanes: the bar, the head with the time axis,
// the range, the stretch being selected and the cursor.
import type { RefObject } from 'react'
import type { TimeRange } from '../../model/view-state'
import { whyNoPath } from '../../model/names'
import { useStore } from '../../store'
import { Button } from '../../widgets/Button'
import { durationText, timeText } from '../../widgets/number-text'
import { TimeAxis } from '../../widgets/TimeAxis'
import { MARK_EVENTS, MARK_SAMPLES } from './layout'
import type { Marks } from './use-marks'
import { timeAt, xAt, type Viewport } from './viewport'

const CURSOR_TEXT_PX = 90

type BarProps = { view: Viewport; duration: number; canFit: boolean; marks: Marks; onWhole(): void; onFit(): void }

export const TimelineBar = ({ view, duration, canFit, marks, onWhole, onFit }: BarProps) => (
  <div className="view-toolbar">
    <Button kind="quiet" icon="zoomOut" disabled={view.end - view.start >= duration} onClick={onWhole}>
      Whole trace
    </Button>
    <Button kind="quiet" disabled={!canFit} onClick={onFit} title="Zoom to the selected call or range (F)">
      Fit selection
    </Button>
    <span className="view-note">
      <strong>{durationText(view.end - view.start)}</strong> from {timeText(Math.round(view.start))}
    </span>
    <span className="toolbar-space" />
    <MarkToggles marks={marks} />
    <Legend />
  </div>
)

type HeadProps = { labels: RefObject<HTMLDivElement | null>; view: Viewport; width: number; cursor: number | null }

export const TimelineHead = ({ labels, view, width, cursor }: HeadProps) => (
  <div className="timeline-head">
    <div className="lane-label" ref={labels} />
    <div className="timeline-axis" style={{ width }}>
      {width > 0 && <TimeAxis start={view.start} end={view.end} />}
      {cursor !== null && (
        <span className="cursor-time" style={{ left: Math.min(width - CURSOR_TEXT_PX, Math.max(0, cursor + 6)) }}>
          {timeText(Math.round(timeAt(view, cursor, width)))}
        </span>
      )}
    </div>
  </div>
)

type OverlayProps = {
  view: Viewport
  left: number
  width: number
  range: TimeRange | null
  selecting: Viewport | null
  cursor: number | null
}

export const TimelineOverlay = ({ view, left, width, range, selecting, cursor }: OverlayProps) => (
  <div className="timeline-overlay" style={{ left, width }} aria-hidden="true">
    {range && <Shade view={view} width={width} start={range.start_ns} end={range.end_ns} />}
    {selecting && (
      <div
        className="timeline-selecting"
        style={{ left: xAt(view, selecting.start, width), width: xAt(view, selecting.end, width) - xAt(view, selecting.start, width) }}
      >
        <span>{durationText(selecting.end - selecting.start)}</span>
      </div>
    )}
    {cursor !== null && <div className="timeline-cursor" style={{ left: cursor }} />}
  </div>
)

/** Which marks are shown, and what they look like. */
function MarkToggles({ marks }: { marks: Marks }) {
  const kinds = [
    { kind: MARK_SAMPLES, text: 'Samples', swatch: 'mark-samples', there: marks.hasSamples },
    { kind: MARK_EVENTS, text: 'PT events', swatch: 'mark-events', there: marks.hasEvents },
  ]
  return (
    <span className="timeline-marks">
      {kinds
        .filter(({ there }) => there)
        .map(({ kind, text, swatch }) => (
          <Button key={kind} kind="quiet" aria-pressed={!marks.hidden.has(kind)} title={`Show or hide: ${text} (M moves between marks)`} onClick={() => marks.toggle(kind)}>
            <i className={swatch} aria-hidden="true" />
            {text}
          </Button>
        ))}
    </span>
  )
}

/** What the patterns mean. */
function Legend() {
  const noPath = useStore((store) => whyNoPath(store.session.info) !== '')
  if (noPath) return <span className="timeline-legend">Each mark is a sample: select one for its call chain (M: the next)</span>
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
