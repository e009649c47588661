// SPDX-License-Identifier: Apache-2.0
// One thread of the timeline: asks for its calls and gaps, draws the part of
// the lane that is on screen, tells what is under the pointer.
import { memo, useCallback, useEffect, useMemo, useState } from 'react'
import { textAt } from '../../lib/text-column'
import type { CallsTable, GapsTable, MarksTable, Tables } from '../../model/tables.gen'
import type { TimeRange } from '../../model/view-state'
import { useTable, type TableState } from '../../store'
import { CanvasLayer, type Draw } from '../../widgets/CanvasLayer'
import { IconButton } from '../../widgets/Button'
import { Facts } from '../../widgets/Facts'
import { bytesText, countText, durationText, timeText } from '../../widgets/number-text'
import { usePalette } from '../../widgets/theme'
import { Tooltip } from '../../widgets/Tooltip'
import { callAt, callFacts, type FunctionNames, type SelectedCall } from './describe'
import { drawLane } from './draw'
import { callUnder, gapUnder, laneShape, layoutCalls, layoutGaps, layoutMarks, levelsOf, MARK_SAMPLES, markUnder, rowOf, type GapBox, type MarkBox } from './layout'
import { markAt, markRow, type SelectedMark } from './use-marks'
import type { Viewport, WindowRequest } from './viewport'

export type LaneProps = {
  thread: number
  name: string
  ids: string
  /** Whose guest's it is. */
  guest: string
  view: Viewport
  request: WindowRequest | null
  width: number
  top: number
  height: number
  /** Part of the lane that is on screen, in pixels from its top. */
  from: number
  to: number
  collapsed: boolean
  names: FunctionNames
  found: Uint8Array | null
  selected: SelectedCall | null
  /** Of all lanes; null: none are known yet. */
  marks: MarksTable | null
  hiddenMarks: ReadonlySet<number>
  /** Whether the lane has a strip of marks. */
  marked: boolean
  selectedMark: SelectedMark | null
  onMark(mark: SelectedMark | null): void
  /** True while the timeline is dragged: no tooltips. */
  quiet: boolean
  wasClick: React.RefObject<boolean>
  onLevels(thread: number, levels: number): void
  onTable(thread: number, calls: CallsTable): void
  onToggle(thread: number): void
  onSelect(call: SelectedCall | null): void
  onZoomTo(range: TimeRange): void
}

const latest = <Name extends 'calls' | 'gaps'>(state: TableState<Name>): Tables[Name] | null =>
  state.state === 'ready' ? state.table : state.state === 'loading' ? state.previous : null

/** The pointer in the window, and in the lane's plot. */
type Pointer = { clientX: number; clientY: number; x: number; y: number }

export const Lane = memo(function Lane(props: LaneProps) {
  const { thread, view, request, width, height, from, to, names, found, selected, onLevels, onTable, onSelect, onZoomTo } = props
  const palette = usePalette()
  const [pointer, setPointer] = useState<Pointer | null>(null)
  const shape = laneShape(props.collapsed, props.marked)
  const { marks, hiddenMarks, selectedMark } = props

  const window = useMemo(() => request && { ...request, thread }, [request, thread])
  const callState = useTable('calls', window)
  const gapState = useTable(
    'gaps',
    useMemo(() => window && { thread, start_ns: window.start_ns, end_ns: window.end_ns }, [window, thread]),
  )
  const calls = latest(callState)
  const gaps = latest(gapState)

  useEffect(() => {
    if (!calls) return
    onLevels(thread, levelsOf(calls, thread))
    onTable(thread, calls)
  }, [calls, thread, onLevels, onTable])

  const callBoxes = useMemo(() => calls && layoutCalls(calls, thread, view, width), [calls, thread, view, width])
  const gapBoxes = useMemo(() => (gaps ? layoutGaps(gaps, thread, view, width) : []), [gaps, thread, view, width])
  const selectedRow = useMemo(() => (calls ? rowOf(calls, selected) : -1), [calls, selected])
  const markBoxes = useMemo(
    () => (marks && shape.marks > 0 ? layoutMarks(marks, thread, view, width).filter((box) => !hiddenMarks.has(box.kind)) : []),
    [marks, shape, thread, view, width, hiddenMarks],
  )
  const hoveredMark = pointer && pointer.y < shape.marks ? markUnder(markBoxes, pointer.x) : null
  const chosenMark = useMemo(() => {
    const row = markRow(marks, selectedMark)
    return (row >= 0 && markBoxes.find((box) => box.row === row)) || null
  }, [marks, markBoxes, selectedMark])
  const hovered = pointer && pointer.y >= shape.marks && callBoxes ? callUnder(callBoxes, pointer.x, pointer.y, shape) : -1
  const draw = useCallback<Draw>(
    (context, size) =>
      drawLane(context, size.height, {
        calls,
        boxes: callBoxes,
        gaps: gapBoxes,
        marks: markBoxes,
        hoveredMark,
        selectedMark: chosenMark,
        shape,
        height,
        scrolled: from,
        nameOf: names.nameOf,
        groupOf: names.groupOf,
        shadeOf: names.shadeOf,
        found,
        hovered,
        selected: selectedRow,
        palette,
      }),
    [calls, callBoxes, gapBoxes, markBoxes, hoveredMark, chosenMark, shape, height, from, names, found, hovered, selectedRow, palette],
  )

  const pointerAt = (event: React.MouseEvent<HTMLElement>): Pointer => {
    const box = event.currentTarget.getBoundingClientRect()
    return { clientX: event.clientX, clientY: event.clientY, x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const callFrom = (event: React.MouseEvent<HTMLElement>): SelectedCall | null => {
    const { x, y } = pointerAt(event)
    const row = callBoxes ? callUnder(callBoxes, x, y, shape) : -1
    return calls && row >= 0 ? callAt(calls, row) : null
  }
  const onDoubleClick = (event: React.MouseEvent<HTMLElement>) => {
    const call = callFrom(event)
    const gap = gapUnder(gapBoxes, pointerAt(event).x)
    if (call) onZoomTo(call)
    else if (gap && gaps) onZoomTo({ start_ns: gaps.start_ns[gap.row] ?? 0, end_ns: gaps.end_ns[gap.row] ?? 0 })
  }

  const onClick = (event: React.MouseEvent<HTMLElement>) => {
    if (!props.wasClick.current) return
    const { x, y } = pointerAt(event)
    const box = y < shape.marks ? markUnder(markBoxes, x) : null
    if (box && marks) props.onMark(markAt(marks, box.row))
    else onSelect(callFrom(event))
  }

  const failed = callState.state === 'failed' ? callState.sentence : ''
  return (
    <div className="lane" style={{ top: props.top, height }} data-thread={thread}>
      <div className="lane-label">
        <IconButton
          icon={props.collapsed ? 'right' : 'down'}
          label={`${props.collapsed ? 'Expand' : 'Collapse'} ${props.name}`}
          aria-expanded={!props.collapsed}
          onClick={() => props.onToggle(thread)}
        />
        <span title={`${props.name} ${props.ids} ${props.guest}`.trimEnd()}>
          {props.name} <small>{props.ids}</small>
        </span>
        {props.guest !== '' && <small>{props.guest}</small>}
      </div>
      <div
        className="lane-plot"
        data-plot="true"
        onPointerMove={(event) => setPointer(pointerAt(event))}
        onPointerLeave={() => setPointer(null)}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
      >
        <div style={{ position: 'absolute', left: 0, right: 0, top: from, height: Math.max(0, to - from) }}>
          <CanvasLayer draw={draw} />
        </div>
        {failed && <div className="lane-failed">{failed}</div>}
      </div>
      {pointer && !props.quiet && hoveredMark && marks && <MarkTip at={pointer} box={hoveredMark} marks={marks} />}
      {pointer && !props.quiet && !hoveredMark && (
        <UnderPointer at={pointer} call={hovered} gap={gapUnder(gapBoxes, pointer.x)} calls={calls} gaps={gaps} names={names} />
      )}
    </div>
  )
})

type UnderProps = { at: Pointer; call: number; gap: GapBox | null; calls: CallsTable | null; gaps: GapsTable | null; names: FunctionNames }

/** Lost trace hides what ran; below trace that was off a call still stands. */
function UnderPointer({ at, call, gap, calls, gaps, names }: UnderProps) {
  const shownGap = gap && gaps
  const shownCall = calls && call >= 0 && !gap?.lost
  if (!shownGap && !shownCall) return null
  const fn = calls?.function[call] ?? 0
  return (
    <Tooltip x={at.clientX} y={at.clientY}>
      {shownCall && (
        <>
          <div className="tooltip-title">{names.nameOf(fn)}</div>
          <div className="tooltip-sub">{names.imagePathOf(fn)}</div>
          <Facts facts={callFacts(calls, call)} />
        </>
      )}
      {shownGap && <GapText gap={gap} gaps={gaps} names={names} under={shownCall === true} />}
    </Tooltip>
  )
}

function MarkTip({ at, box, marks }: { at: Pointer; box: MarkBox; marks: MarksTable }) {
  const mark = markAt(marks, box.row)
  const what = mark.kind === MARK_SAMPLES ? (box.count > 1 ? `${countText(box.count)} samples` : 'sample') : mark.text
  const facts = [{ name: 'Time', value: timeText(mark.time_ns) }]
  if (mark.symbol !== '') facts.push({ name: 'At', value: mark.symbol })
  if (box.count > 1) facts.push({ name: 'Here', value: `${countText(box.count)}; zoom in to see each` })
  return (
    <Tooltip x={at.clientX} y={at.clientY}>
      <div className="tooltip-title">{textAt(marks.name, box.row)}</div>
      <div className="tooltip-sub">{what}</div>
      <Facts facts={facts} />
    </Tooltip>
  )
}

function GapText({ gap, gaps, names, under }: { gap: GapBox; gaps: GapsTable; names: FunctionNames; under: boolean }) {
  const start = gaps.start_ns[gap.row] ?? NaN
  const missing = gaps.missing_ns[gap.row] ?? NaN
  const bytes = gaps.bytes[gap.row] ?? 0
  return (
    <div className={under ? 'tooltip-part' : undefined}>
      <div className={`tooltip-title ${gap.lost ? 'gap-lost' : ''}`}>
        {gap.lost ? 'Trace was lost' : under ? 'Not traced here' : 'Not traced'}
      </div>
      <div>{names.gapText(gaps, gap.row)}</div>
      <Facts
        facts={[
          { name: 'From', value: timeText(start) },
          { name: gap.lost ? 'Time lost' : 'Duration', value: durationText(missing) },
          ...(gap.lost && bytes > 0 ? [{ name: 'Trace lost', value: bytesText(bytes) }] : []),
          ...(gap.several ? [{ name: 'Here', value: 'several gaps; zoom in to see each' }] : []),
        ]}
      />
    </div>
  )
}
