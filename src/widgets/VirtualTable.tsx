// SPDX-License-Identifier: Apache-2.0
// A table of any number of rows that only makes the ones on screen. Keyboard,
// selection, sorting heads and column widths; knows nothing of what it shows.
import { memo, useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { ClipboardEvent, CSSProperties, KeyboardEvent, MouseEvent, PointerEvent, ReactNode } from 'react'
import type { RowRange } from './row-windows'
import {
  clampTop,
  isScaled,
  lastTop,
  rowOfKey,
  RowNames,
  scrollOfTop,
  scrollSpan,
  selectionEnd,
  selectionStart,
  topOfScroll,
  topToPlace,
  topToShow,
  visibleRows,
  type RowGeometry,
  type RowSelection,
} from './virtual-rows'
import './VirtualTable.css'

export type TableColumn = {
  id: string
  title: string
  /** Shown dim after the title. */
  unit?: string
  /** Explains the column to whoever points at its head. */
  hint?: string
  /** Pixels; the least when it grows. */
  width: number
  /** Share of the room that is left. */
  grow?: number
  align?: 'end'
  /** Given: the head sorts. */
  sort?: 'ascending' | 'descending' | 'none'
}

export type LeadIn = { height: number; node: ReactNode }

/** Functions about rows should change only when what they say changes: rows are made again then. */
export type VirtualTableProps = {
  label: string
  columns: readonly TableColumn[]
  rowCount: number
  rowHeight?: number
  cell(row: number, column: string): ReactNode
  /** In place of the cells: a row that is not there yet, a failure. */
  fullRow?: ((row: number) => ReactNode | null) | undefined
  /** A line of its own above a row. */
  leadIn?: ((row: number) => LeadIn | null) | undefined
  rowClass?: ((row: number) => string) | undefined
  selection: RowSelection | null
  onSelect(selection: RowSelection): void
  /** Enter or double click. */
  onActivate?: ((row: number) => void) | undefined
  onSort?(column: string): void
  /** Rows on screen changed. */
  onRange?(range: RowRange): void
  /** Text for Ctrl+C; null leaves the clipboard to the owner. */
  onCopy?(selection: RowSelection): string | null
  /** Keys the table does not use; true when used. */
  onKey?(event: KeyboardEvent, row: number | null): boolean
  /** Brings a row into view each time the object changes; `atTop`: as the first on screen. */
  reveal?: { row: number; atTop?: boolean } | null
  /** Shown when there is no row. */
  empty?: ReactNode
}

const headHeight = 28
const unmeasuredHeight = 480
const leastWidth = 32

type Size = { width: number; height: number }

export function VirtualTable(props: VirtualTableProps) {
  const { columns, rowCount, rowHeight = 22, selection, onSelect, onRange, leadIn } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState<Size>({ width: 0, height: unmeasuredHeight })
  const [top, setTop] = useState(() => firstTop(props.reveal ?? null, rowHeight))
  const [widths, setWidths] = useState<Record<string, number>>({})
  const idBase = useId()

  const bodyHeight = Math.max(rowHeight, size.height - headHeight)
  const geometry: RowGeometry = useMemo(
    () => ({ rowCount, rowHeight, bodyHeight, extraHeight: (row) => leadIn?.(row)?.height ?? 0 }),
    [rowCount, rowHeight, bodyHeight, leadIn],
  )
  const last = lastTop(geometry)
  const shown = Math.min(top, last)
  const { first, end, shift } = visibleRows(geometry, shown)
  const scaled = isScaled(last)

  useMeasuredSize(scroller, setSize)
  useEffect(() => onRange?.({ first, end }), [onRange, first, end])
  const onScroll = useScrollPosition(scroller, shown, last, setTop)
  useExactScrolling(scroller, scaled, rowHeight, bodyHeight, (delta) => setTop((now) => clampTop(geometry, now + delta)))

  useKeptInView(selection?.active ?? null, geometry, shown, setTop)
  const reveal = props.reveal ?? null
  const measured = size.width > 0
  const [revealed, setRevealed] = useState<{ reveal: VirtualTableProps['reveal']; measured: boolean }>({ reveal: null, measured })
  // Once for each request, and again when the size is known: later the reader may be elsewhere. While rendering: the rows are made once.
  if (reveal !== revealed.reveal || (measured && !revealed.measured)) {
    setRevealed({ reveal, measured })
    if (reveal !== null) setTop(reveal.atTop ? clampTop(geometry, reveal.row * geometry.rowHeight) : placed(geometry, top, reveal.row))
  }

  const select = (row: number, extend: boolean) => {
    onSelect({ anchor: extend && selection !== null ? selection.anchor : row, active: row })
    setTop((now) => topToShow(geometry, Math.min(now, last), row))
  }

  const latestSelect = useRef(select)
  useLayoutEffect(() => void (latestSelect.current = select))
  const selectRow = useCallback((row: number, extend: boolean) => latestSelect.current(row, extend), [])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== scroller.current) return
    const active = selection?.active ?? null
    if (event.key === 'Enter' && active !== null && props.onActivate !== undefined) props.onActivate(active)
    else if (event.altKey || !moves(event, active, select, geometry, first)) {
      if (props.onKey?.(event, active) !== true) return
    }
    event.preventDefault()
  }

  const onCopy = (event: ClipboardEvent) => {
    const marked = document.getSelection()
    if (selection === null || props.onCopy === undefined || (marked !== null && !marked.isCollapsed)) return
    const text = props.onCopy(selection)
    event.preventDefault()
    if (text !== null) event.clipboardData.setData('text/plain', text)
  }

  const template = columns.map((column) => columnTrack(column, widths[column.id])).join(' ')
  const leastTotal = columns.reduce((sum, column) => sum + (widths[column.id] ?? column.width), 0)
  const windowStyle = { height: size.height, '--table-columns': template, '--table-row': `${rowHeight}px` } as CSSProperties
  const rows = Array.from({ length: end - first }, (_, index) => first + index)
  const [names] = useState(() => new RowNames())
  const firstName = names.nameOfFirst(first, end)

  return (
    <div className="virtual-table-frame">
      <div
        className="virtual-table"
        ref={scroller}
        role="grid"
        data-scaled={scaled}
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={rowCount + 1}
        aria-colcount={columns.length}
        aria-multiselectable="true"
        aria-activedescendant={
          selection !== null && selection.active >= first && selection.active < end ? `${idBase}-${selection.active}` : undefined
        }
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        onCopy={onCopy}
      >
        <div className="virtual-table-span" role="presentation" style={{ height: size.height + scrollSpan(last), minWidth: leastTotal }}>
          <div className="virtual-table-window" role="presentation" style={windowStyle}>
            <HeadRow columns={columns} onSort={props.onSort} onResize={(id, width) => setWidths((now) => resized(now, id, width))} />
            {rowCount === 0 ? (
              <div className="virtual-table-empty" role="row">
                <div role="gridcell">{props.empty}</div>
              </div>
            ) : (
              <div className="virtual-table-body" role="rowgroup" style={{ height: bodyHeight }}>
                <div role="presentation" style={{ transform: `translateY(${-shift}px)` }}>
                  {rows.map((row) => (
                    <Row
                      key={firstName + row - first}
                      id={`${idBase}-${row}`}
                      row={row}
                      columns={columns}
                      cell={props.cell}
                      fullRow={props.fullRow}
                      leadIn={leadIn}
                      rowClass={props.rowClass}
                      onActivate={props.onActivate}
                      selected={selection !== null && row >= selectionStart(selection) && row < selectionEnd(selection)}
                      active={selection?.active === row}
                      onSelect={selectRow}
                    />
                  ))}
                </div>
              </div>
            )}
          </div>
        </div>
      </div>
    </div>
  )
}

/** Moves the selection for a key; false when the key does not move. */
function moves(
  event: KeyboardEvent,
  active: number | null,
  select: (row: number, extend: boolean) => void,
  geometry: RowGeometry,
  first: number,
): boolean {
  const pageRows = Math.floor(geometry.bodyHeight / geometry.rowHeight)
  const isStart = active === null && (event.key === 'ArrowDown' || event.key === 'ArrowUp')
  const next = isStart ? Math.min(first, geometry.rowCount - 1) : rowOfKey(event.key, active ?? first, geometry.rowCount, pageRows)
  if (next === null || next < 0) return false
  select(next, event.shiftKey)
  return true
}

/** Where a table that opens on a row stands until its size is known: what is asked for first is what will be seen. */
function firstTop(reveal: VirtualTableProps['reveal'], rowHeight: number): number {
  if (!reveal) return 0
  return rowHeight * (reveal.atTop ? reveal.row : Math.max(0, reveal.row - Math.floor(unmeasuredHeight / 3 / rowHeight)))
}

/** The position that shows `row`: unmoved when it is well on screen. */
function placed(geometry: RowGeometry, top: number, row: number): number {
  const { first, end } = visibleRows(geometry, top)
  return row > first && row < end - 2 ? top : topToPlace(geometry, row)
}

function columnTrack(column: TableColumn, width: number | undefined): string {
  if (width !== undefined) return `${width}px`
  return column.grow === undefined ? `${column.width}px` : `minmax(${column.width}px, ${column.grow}fr)`
}

function resized(widths: Record<string, number>, id: string, width: number | null): Record<string, number> {
  const rest = Object.fromEntries(Object.entries(widths).filter(([other]) => other !== id))
  return width === null ? rest : { ...rest, [id]: Math.max(leastWidth, width) }
}

/** Follows the element's size; browsers without layout (tests) keep the first guess. */
function useMeasuredSize(element: React.RefObject<HTMLDivElement | null>, onSize: (size: Size) => void) {
  useLayoutEffect(() => {
    const node = element.current
    if (node === null || typeof ResizeObserver === 'undefined') return
    const measure = () => node.clientHeight > 0 && onSize({ width: node.clientWidth, height: node.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(node)
    return () => observer.disconnect()
  }, [element, onSize])
}

const scrollAcross = (node: HTMLElement, by: number) => void (node.scrollLeft += by)
const scrollDown = (node: HTMLElement, top: number) => void (node.scrollTop = top)

/** Keeps the scroll bar where `top` is and reads it when the reader moves it. */
function useScrollPosition(element: React.RefObject<HTMLDivElement | null>, top: number, last: number, setTop: (top: number) => void) {
  const own = useRef(0)
  useLayoutEffect(() => {
    const node = element.current
    if (node === null) return
    const wanted = scrollOfTop(top, last)
    if (Math.abs(node.scrollTop - wanted) >= 1) scrollDown(node, wanted)
    own.current = node.scrollTop
  }, [element, top, last])
  return () => {
    const node = element.current
    if (node === null || Math.abs(node.scrollTop - own.current) < 1) return
    own.current = node.scrollTop
    setTop(topOfScroll(node.scrollTop, last))
  }
}

/** When the table gets lower, or rows above turn out taller, the active row stays on screen if it was. */
function useKeptInView(active: number | null, geometry: RowGeometry, top: number, setTop: (top: number) => void) {
  const before = useRef(geometry)
  useLayoutEffect(() => {
    if (before.current === geometry) return
    if (active !== null && topToShow(before.current, top, active) === top) setTop(topToShow(geometry, top, active))
    before.current = geometry
  }, [active, geometry, top, setTop])
}

/** Where one pixel of the scroll bar is many rows, wheel and finger still move by pixels of rows. */
function useExactScrolling(
  element: React.RefObject<HTMLDivElement | null>,
  scaled: boolean,
  rowHeight: number,
  bodyHeight: number,
  onMove: (delta: number) => void,
) {
  const move = useRef(onMove)
  useLayoutEffect(() => void (move.current = onMove))
  useEffect(() => {
    const node = element.current
    if (node === null || !scaled) return
    let touchY = 0
    const wheel = (event: WheelEvent) => {
      if (event.ctrlKey || event.shiftKey || event.deltaY === 0) return
      event.preventDefault()
      const unit =
        event.deltaMode === WheelEvent.DOM_DELTA_LINE ? rowHeight : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? bodyHeight : 1
      move.current(event.deltaY * unit)
      scrollAcross(node, event.deltaX * unit)
    }
    const touchStart = (event: TouchEvent) => void (touchY = event.touches[0]?.clientY ?? 0)
    const touchMove = (event: TouchEvent) => {
      const y = event.touches[0]?.clientY ?? touchY
      move.current(touchY - y)
      touchY = y
    }
    node.addEventListener('wheel', wheel, { passive: false })
    node.addEventListener('touchstart', touchStart, { passive: true })
    node.addEventListener('touchmove', touchMove, { passive: true })
    return () => {
      node.removeEventListener('wheel', wheel)
      node.removeEventListener('touchstart', touchStart)
      node.removeEventListener('touchmove', touchMove)
    }
  }, [element, scaled, rowHeight, bodyHeight])
}

type HeadProps = {
  columns: readonly TableColumn[]
  onSort: ((column: string) => void) | undefined
  onResize(column: string, width: number | null): void
}

function HeadRow({ columns, onSort, onResize }: HeadProps) {
  return (
    <div className="virtual-table-head" role="row" aria-rowindex={1} style={{ height: headHeight }}>
      {columns.map((column) => (
        <div
          key={column.id}
          role="columnheader"
          className={`virtual-table-headcell ${column.align === 'end' ? 'is-end' : ''}`}
          aria-sort={column.sort}
          title={column.hint}
        >
          {column.sort === undefined ? (
            <HeadTitle column={column} />
          ) : (
            <button type="button" onClick={() => onSort?.(column.id)}>
              <HeadTitle column={column} />
              <span className={`virtual-table-sort is-${column.sort}`} aria-hidden="true" />
            </button>
          )}
          <ResizeHandle onResize={(width) => onResize(column.id, width)} />
        </div>
      ))}
    </div>
  )
}

const HeadTitle = ({ column }: { column: TableColumn }) => (
  <span className="virtual-table-title">
    {column.title}
    {column.unit === undefined ? null : <small>{column.unit}</small>}
  </span>
)

/** Pulls a column's edge; a double click gives the width back. For the pointer only: no content depends on it. */
function ResizeHandle({ onResize }: { onResize(width: number | null): void }) {
  const start = useRef<{ x: number; width: number } | null>(null)
  const onPointerDown = (event: PointerEvent<HTMLSpanElement>) => {
    const cell = event.currentTarget.parentElement
    if (cell === null) return
    event.preventDefault()
    event.currentTarget.setPointerCapture(event.pointerId)
    start.current = { x: event.clientX, width: cell.getBoundingClientRect().width }
  }
  const onPointerMove = (event: PointerEvent) => {
    if (start.current !== null) onResize(start.current.width + event.clientX - start.current.x)
  }
  return (
    <span
      className="virtual-table-resize"
      aria-hidden="true"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => void (start.current = null)}
      onDoubleClick={() => onResize(null)}
    />
  )
}

type RowProps = Pick<VirtualTableProps, 'columns' | 'cell' | 'fullRow' | 'leadIn' | 'rowClass' | 'onActivate'> & {
  id: string
  row: number
  selected: boolean
  active: boolean
  onSelect(row: number, extend: boolean): void
}

/** Made again only when its own content may differ: scrolling by three rows makes three. */
const Row = memo(function Row({ id, row, columns, cell, fullRow, leadIn, rowClass, onActivate, selected, active, onSelect }: RowProps) {
  const lead = leadIn?.(row) ?? null
  const full = fullRow?.(row) ?? null
  const onClick = (event: MouseEvent) => {
    const marked = document.getSelection()
    if (!event.shiftKey && marked !== null && !marked.isCollapsed) return
    onSelect(row, event.shiftKey)
  }
  return (
    <>
      {lead === null ? null : (
        <div className="virtual-table-lead" role="row" style={{ height: lead.height }}>
          <div role="gridcell" aria-colspan={columns.length}>
            {lead.node}
          </div>
        </div>
      )}
      <div
        id={id}
        className={`virtual-table-row ${active ? 'is-active' : ''} ${rowClass?.(row) ?? ''}`}
        role="row"
        aria-rowindex={row + 2}
        aria-selected={selected}
        onMouseDown={(event) => event.shiftKey && event.preventDefault()}
        onClick={onClick}
        onDoubleClick={() => onActivate?.(row)}
      >
        {full === null ? (
          columns.map((column) => (
            <div key={column.id} role="gridcell" className={`virtual-table-cell ${column.align === 'end' ? 'is-end' : ''}`}>
              {cell(row, column.id)}
            </div>
          ))
        ) : (
          <div role="gridcell" className="virtual-table-full" aria-colspan={columns.length}>
            {full}
          </div>
        )}
      </div>
    </>
  )
})
