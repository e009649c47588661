// SPDX-License-Identifier: Apache-2.0
// Executed basic blocks of a thread and time range: what they cost, which to
// look at. A row leads to its instructions.
import { useCallback, useMemo, useState, type ReactNode } from 'react'
import { functionName, threadLabel, whyNoCycles } from '../../model/names'
import { orderBy, someOf } from '../../model/detail-codecs'
import { baseName, pathOf, type NameTables } from '../../model/places'
import { compileSearch } from '../../model/search'
import type { BlocksTable } from '../../model/tables.gen'
import type { Weight } from '../../model/view-state'
import { useDetail, useStore, useTable } from '../../store'
import { Button } from '../../widgets/Button'
import { EmptyState } from '../../widgets/EmptyState'
import { cutRatioText } from '../../lib/exact-text'
import { countText, durationText, shareText } from '../../widgets/number-text'
import { toggled } from '../../lib/toggled'
import { Segmented } from '../../widgets/Segmented'
import { Sentence } from '../../widgets/Sentence'
import { BarSpace, ColumnMenu, ViewFrame } from '../../widgets/ViewFrame'
import { VirtualTable } from '../../widgets/VirtualTable'
import type { RowSelection } from '../../widgets/virtual-rows'
import { BlockDetail } from './BlockDetail'
import { blockColumns, defaultBlockColumns, shownBlockColumns } from './columns'
import {
  addressOf,
  filterRows,
  metric,
  nextOrder,
  placeOfBlock,
  sortRows,
  knownWeight,
  weightLargest,
  weightTotal,
  type BlockColumn,
} from './layout'
import { useShowVisit } from './show-visit'

const columnIds = blockColumns.map(({ id }) => id)
const orderCodec = orderBy(columnIds, 'share')
const columnsCodec = someOf<string>(columnIds, defaultBlockColumns)

/** `choice`: what switches to the other list. */
export function BlocksList({ choice }: { choice: ReactNode }) {
  const session = useStore((store) => store.session)
  const { thread, range, weight, search, block } = useStore((store) => store.view)
  const store = useStore.getState
  const [order, setOrder] = useDetail('blocks.order', orderCodec)
  const [shown, setShown] = useDetail('blocks.columns', columnsCodec)
  const answer = useTable('blocks', session.info === null ? null : { ...(thread !== null && { thread }), ...range })
  const table = answer.state === 'ready' ? answer.table : answer.state === 'loading' ? answer.previous : null
  const noCycles = whyNoCycles(session.info)
  const asked: Weight = weight === 'cycles' && noCycles !== '' ? 'time' : weight
  const weighed = useMemo(() => knownWeight(table, asked), [table, asked])
  const hasCycles = noCycles === ''
  const available = useMemo(() => blockColumns.filter((column) => hasCycles || !column.needsCycles), [hasCycles])
  const columns = useMemo(() => shownBlockColumns(available, shown, order, weighed), [available, shown, order, weighed])
  const names = useMemo(() => ({ functions: session.functions, images: session.images }), [session.functions, session.images])
  const compiled = useMemo(() => compileSearch(search), [search])
  const matches = compiled.ok ? compiled.value : null
  const rows = useMemo(
    () => (table === null ? new Uint32Array() : sortRows(table, filterRows(table, names, matches), order, names, weighed)),
    [table, names, matches, order, weighed],
  )
  const total = useMemo(() => (table === null ? 0 : weightTotal(table, weighed)), [table, weighed])
  const largest = useMemo(() => (table === null ? 1 : weightLargest(table, weighed)), [table, weighed])
  const { selection, reveal, select } = useBlockSelection(table, rows, block)

  const selected = selection === null ? undefined : rows[selection.active]
  const cell = useCallback(
    (row: number, column: string) =>
      table === null ? null : (
        <BlockCell table={table} row={rows[row] ?? 0} column={column} names={names} total={total} largest={largest} weight={weighed} />
      ),
    [table, rows, names, total, largest, weighed],
  )
  const { show: showVisit, state: visitState } = useShowVisit()
  const activate = useCallback((row: number) => void (table !== null && showVisit(table, rows[row] ?? 0)), [table, rows, showVisit])
  const bar = (
    <>
      {choice}
      <span className="bar-text">
        {matches === null ? null : <strong>{countText(rows.length)} of </strong>}
        <strong>{countText(table?.rows ?? 0)}</strong> blocks
        {thread === null ? ' of all threads' : ` of ${threadLabel(session.threads, thread)}`}
        {range === null ? '' : ` in ${durationText(range.end_ns - range.start_ns)}`}
        {matches === null ? <span className="blk-hint">. Search finds symbols, binaries, addresses.</span> : ` match “${search.trim()}”.`}
      </span>
      <BarSpace />
      {visitState === '' ? null : (
        <span className="bar-text" role="status">
          {visitState}
        </span>
      )}
      <Segmented<Weight>
        label="Share of"
        value={weighed}
        onChange={store().setWeight}
        choices={[
          { value: 'time', label: 'Time' },
          { value: 'cycles', label: 'Cycles', ...(noCycles !== '' && { disabledBecause: noCycles }) },
          { value: 'instructions', label: 'Instructions' },
        ]}
      />
      <ColumnMenu
        items={available.map((column) => ({ id: column.id, text: column.name }))}
        shown={shown}
        onToggle={(id) => setShown(toggled(shown, id))}
      />
    </>
  )
  const failure = answer.state === 'failed' ? answer.sentence : ''
  const notice =
    failure !== '' || noCycles !== '' || weighed !== asked ? (
      <>
        {failure === '' ? null : <p className="is-warning">{failure}</p>}
        {weighed === asked ? null : <p>By {weighed}: no {asked} is known for what is shown.</p>}
        {noCycles === '' ? null : <p>No cycles and IPC: <Sentence text={noCycles} /></p>}
      </>
    ) : null
  return (
    <ViewFrame
      label="Blocks"
      bar={bar}
      notice={notice}
      detail={
        table === null || selected === undefined ? null : (
          <BlockDetail
            table={table}
            row={selected}
            names={names}
            total={total}
            weight={weighed}
            onShow={() => showVisit(table, selected)}
          />
        )
      }
    >
      <VirtualTable
        label="Basic blocks"
        columns={columns}
        rowCount={rows.length}
        cell={cell}
        selection={selection}
        onSelect={select}
        onActivate={activate}
        onSort={(column) => setOrder(nextOrder(order, asColumn(column)))}
        onCopy={() =>
          table === null
            ? null
            : copyText(
                rows,
                selection,
                columns.map(({ id, title, unit }) => ({ id, title: unit === undefined ? title : `${title} ${unit}` })),
                { table, names, total, weight: weighed },
              )
        }
        reveal={reveal}
        empty={<NoBlocks loading={answer.state === 'loading' && table === null} filtered={(table?.rows ?? 0) > 0} />}
      />
    </ViewFrame>
  )
}

const asColumn = (id: string): BlockColumn => blockColumns.find((column) => column.id === id)?.id ?? 'share'

/** Selection by block, not by row: sorting and filtering keep it. */
function useBlockSelection(table: BlocksTable | null, rows: Uint32Array, wanted: bigint | null) {
  const keepView = useStore((store) => store.keepView)
  const [ip, setIp] = useState<bigint | null>(null)
  const [seen, setSeen] = useState<bigint | null>(null)
  /** The block to bring into view once it is in the table. */
  const [awaited, setAwaited] = useState<bigint | null>(null)
  const [reveal, setReveal] = useState<{ row: number } | null>(null)
  const place = table === null || ip === null ? -1 : placeOfBlock(table, rows, ip)
  if (wanted !== seen) {
    setSeen(wanted)
    setAwaited(wanted)
    setIp(wanted)
  } else if (awaited !== null && awaited === ip && place >= 0) {
    setAwaited(null)
    setReveal({ row: place })
  }
  const selection: RowSelection | null = place < 0 ? null : { anchor: place, active: place }
  const select = (next: RowSelection) => {
    const row = rows[next.active]
    const chosen = table === null || row === undefined ? undefined : table.ip[row]
    if (chosen === undefined) return
    setIp(chosen)
    setSeen(chosen)
    keepView({ block: chosen })
  }
  return { selection, reveal, select }
}

/** `largest`: what the longest bar stands for. */
type CellProps = { table: BlocksTable; row: number; column: string; names: NameTables; total: number; largest: number; weight: Weight }

function BlockCell({ table, row, column, names, total, largest, weight }: CellProps) {
  if (column === 'symbol') return <SymbolCell table={table} row={row} names={names} />
  if (column === 'share') {
    const share = total > 0 ? metric(table, row, 'share', weight) / total : NaN
    const bar = Math.min(1, (metric(table, row, 'share', weight) || 0) / largest)
    return (
      <span className="blk-share">
        {bar > 0 && <span className="blk-bar" style={{ width: `${bar * 100}%` }} />}
        {shareText(share)}
      </span>
    )
  }
  const text = cellText({ table, names, total, weight }, row, column)
  if (column === 'address') return <span className="mono blk-muted">{text}</span>
  if (column === 'binary')
    return (
      <span className="blk-muted" title={pathOf(names.images, table.image[row] ?? 0)}>
        {text}
      </span>
    )
  return text
}

function SymbolCell({ table, row, names }: Pick<CellProps, 'table' | 'row' | 'names'>) {
  const fn = table.function[row] ?? 0
  const name = fn === 0 ? '' : functionName(names.functions, names.images, fn)
  if (name === '') return <span className="mono blk-muted">{addressOf(table, row)}</span>
  return (
    <span className="mono" title={name}>
      {name}
      <span className="blk-faint">+0x{(table.function_offset[row] ?? 0).toString(16)}</span>
    </span>
  )
}

type TextContext = { table: BlocksTable; names: NameTables; total: number; weight: Weight }

/** What a cell says, as plain text: shown, and copied. */
function cellText({ table, names, total, weight }: TextContext, row: number, column: string): string {
  switch (column) {
    case 'symbol':
      return `${functionName(names.functions, names.images, table.function[row] ?? 0)}+0x${(table.function_offset[row] ?? 0).toString(16)}`
    case 'share':
      return shareText(metric(table, row, 'share', weight) / total)
    case 'visits':
    case 'size':
    case 'instructions':
      return countText(metric(table, row, column, weight))
    case 'cycles':
      return (table.cycle_visits[row] ?? 0) > 0 ? countText(table.cycles[row] ?? NaN) : '–'
    case 'taken': {
      const share = metric(table, row, 'taken', weight)
      return Number.isNaN(share) ? '' : (share * 100).toFixed(1)
    }
    case 'ns':
    case 'nsPerVisit': {
      const ns = metric(table, row, column, weight)
      return ns > 0 && ns < 0.05 ? '<0.1 ns' : durationText(ns)
    }
    case 'cyclesPerVisit': {
      const cycles = metric(table, row, column, weight)
      return Number.isNaN(cycles) ? '–' : cycles.toFixed(cycles < 100 ? 1 : 0)
    }
    case 'ipc':
      return cutRatioText(table.cycle_instructions[row] ?? NaN, table.cycles[row] ?? NaN)
    case 'measured':
      return countText(table.cycle_visits[row] ?? NaN)
    case 'address':
      return (table.ip[row] ?? 0n).toString(16)
    case 'binary':
      return baseName(pathOf(names.images, table.image[row] ?? 0))
    default:
      return ''
  }
}

function copyText(
  rows: Uint32Array,
  selection: RowSelection | null,
  columns: { id: string; title: string }[],
  context: TextContext,
): string | null {
  const row = selection === null ? undefined : rows[selection.active]
  if (row === undefined) return null
  const line = columns.map(({ id }) => cellText(context, row, id)).join('\t')
  return `${columns.map(({ title }) => title).join('\t')}\n${line}\n`
}

function NoBlocks({ loading, filtered }: { loading: boolean; filtered: boolean }) {
  const { setSearch, setRange, setThread, setTab } = useStore.getState()
  const { range, thread } = useStore((store) => store.view)
  if (loading) return <EmptyState title="Reading blocks…" />
  if (filtered)
    return (
      <EmptyState title="No block matches the search">
        <p>The search looks at symbols, paths of binaries and addresses.</p>
        <Button onClick={() => setSearch('')}>Clear the search</Button>
      </EmptyState>
    )
  if (range !== null || thread !== null)
    return (
      <EmptyState title="No block was executed here">
        <p>The selected thread ran no traced code in the selected time, as far as the trace is decoded.</p>
        {range === null ? null : <Button onClick={() => setRange(null)}>Whole trace</Button>}{' '}
        {thread === null ? null : <Button onClick={() => setThread(null)}>All threads</Button>}
      </EmptyState>
    )
  return (
    <EmptyState title="No block is decoded">
      <p>Blocks are found by following the trace through the code. That needs the programs and libraries that ran.</p>
      <Button onClick={() => setTab('files')}>Show files</Button>
    </EmptyState>
  )
}
