// SPDX-License-Identifier: Apache-2.0
// Branches of a thread and time range: which way they went, how well they were
// predicted where the source tells it, how often loops turn.
import { useCallback, useMemo, type ReactNode } from 'react'
import { toggled } from '../../lib/toggled'
import { orderBy, someOf, type Codec } from '../../model/detail-codecs'
import { infoValue, threadLabel } from '../../model/names'
import type { NameTables } from '../../model/places'
import { compileSearch } from '../../model/search'
import type { BranchesTable } from '../../model/tables.gen'
import { useDetail, useStore, useTable } from '../../store'
import { Button } from '../../widgets/Button'
import { EmptyState } from '../../widgets/EmptyState'
import { countText, durationText, shareText } from '../../widgets/number-text'
import { BarSpace, ColumnMenu, ViewFrame } from '../../widgets/ViewFrame'
import { VirtualTable } from '../../widgets/VirtualTable'
import type { RowSelection } from '../../widgets/virtual-rows'
import { BranchDetail } from './BranchDetail'
import { branchColumns, defaultBranchColumns, shownBranchColumns } from './branch-columns'
import {
  branchMetric,
  filterBranches,
  fromText,
  kindOf,
  nextBranchOrder,
  sortBranches,
  tellsOf,
  toText,
  type BranchColumn,
} from './branch-layout'
import { useShowAddress } from './show-visit'

const columnIds = branchColumns.map(({ id }) => id)
const orderCodec = orderBy(columnIds, 'seen')
const columnsCodec = someOf<string>(columnIds, defaultBranchColumns)

type Ends = { from: bigint; to: bigint }
/** A branch by its ends, "from-to" in hexadecimal: rows are other ones in another time range. */
const endsCodec: Codec<Ends | null> = {
  parse: (text) => {
    const match = /^([0-9a-f]{1,16})-([0-9a-f]{1,16})$/.exec(text)
    return match ? { from: BigInt(`0x${match[1] ?? ''}`), to: BigInt(`0x${match[2] ?? ''}`) } : null
  },
  format: (ends) => (ends ? `${ends.from.toString(16)}-${ends.to.toString(16)}` : ''),
}

function rowOfEnds(table: BranchesTable | null, ends: Ends | null): number | null {
  for (let row = 0; table && ends && row < table.rows; row++) if (table.from[row] === ends.from && table.to[row] === ends.to) return row
  return null
}

/** `choice`: what switches to the other list. */
export function BranchesList({ choice }: { choice: ReactNode }) {
  const session = useStore((store) => store.session)
  const { thread, range, search } = useStore((store) => store.view)
  const [order, setOrder] = useDetail('branches.order', orderCodec)
  const [shown, setShown] = useDetail('branches.columns', columnsCodec)
  const [ends, setEnds] = useDetail('branches.at', endsCodec)
  const answer = useTable('branches', session.info === null ? null : { ...(thread !== null && { thread }), ...range })
  const table = answer.state === 'ready' ? answer.table : answer.state === 'loading' ? answer.previous : null
  const names = useMemo(() => ({ functions: session.functions, images: session.images }), [session.functions, session.images])
  const told = useMemo(
    () => ({ predictions: table !== null && tellsOf(table, 'missRate'), cycles: table !== null && tellsOf(table, 'cycles') }),
    [table],
  )
  const available = useMemo(() => branchColumns.filter(({ needs }) => needs === undefined || told[needs]), [told])
  const columns = useMemo(() => shownBranchColumns(available, shown, order), [available, shown, order])
  const matches = useMemo(() => {
    const compiled = compileSearch(search)
    return compiled.ok ? compiled.value : null
  }, [search])
  const rows = useMemo(
    () => (table === null ? new Uint32Array() : sortBranches(table, filterBranches(table, names, matches), order, names)),
    [table, names, matches, order],
  )
  const picked = useMemo(() => rowOfEnds(table, ends), [table, ends])
  const place = picked === null ? -1 : rows.indexOf(picked)
  const selection: RowSelection | null = place < 0 ? null : { anchor: place, active: place }
  const cell = useCallback(
    (row: number, column: string) =>
      table === null ? null : <BranchCell table={table} row={rows[row] ?? 0} column={column} names={names} />,
    [table, rows, names],
  )
  const { show, state } = useShowAddress()
  const showRow = (row: number) => {
    if (table !== null) show(table.from[row] ?? 0n)
  }
  const bar = (
    <>
      {choice}
      <span className="bar-text">
        {matches === null ? null : <strong>{countText(rows.length)} of </strong>}
        <strong>{countText(table?.rows ?? 0)}</strong> branches
        {thread === null ? ' of all threads' : ` of ${threadLabel(session.threads, thread)}`}
        {range === null ? '' : ` in ${durationText(range.end_ns - range.start_ns)}`}
        {matches === null ? '' : ` match “${search.trim()}”.`}
      </span>
      <BarSpace />
      {state === '' ? null : (
        <span className="bar-text" role="status">
          {state}
        </span>
      )}
      <ColumnMenu
        items={available.map(({ id, name }) => ({ id, text: name }))}
        shown={shown}
        onToggle={(id) => setShown(toggled(shown, id))}
      />
    </>
  )
  const source = infoValue(session.info, 'source')
  return (
    <ViewFrame
      label="Branches"
      bar={bar}
      notice={answer.state === 'failed' ? <p className="is-warning">{answer.sentence}</p> : noticeOf(source, table, told.predictions)}
      detail={
        table === null || place < 0 || picked === null ? null : (
          <BranchDetail table={table} row={picked} names={names} sampled={source === 'LBR branch stacks'} onShow={() => showRow(picked)} />
        )
      }
    >
      <VirtualTable
        label="Branches"
        columns={columns}
        rowCount={rows.length}
        cell={cell}
        selection={selection}
        onSelect={({ active }) => {
          const row = rows[active]
          if (table !== null && row !== undefined) setEnds({ from: table.from[row] ?? 0n, to: table.to[row] ?? 0n })
        }}
        onActivate={(row) => showRow(rows[row] ?? 0)}
        onSort={(column) => setOrder(nextBranchOrder(order, asColumn(column)))}
        onCopy={() => (table === null || picked === null ? null : copyText(table, picked, columns, names))}
        empty={<NoBranches loading={answer.state === 'loading' && table === null} filtered={(table?.rows ?? 0) > 0} source={source} />}
      />
    </ViewFrame>
  )
}

const asColumn = (id: string): BranchColumn => branchColumns.find((column) => column.id === id)?.id ?? 'seen'

function noticeOf(source: string, table: BranchesTable | null, predictions: boolean): ReactNode {
  if (table === null || table.rows === 0) return null
  if (source === 'LBR branch stacks')
    return predictions ? null : <p>No mispredictions: these branch stacks were recorded without flags, or the CPU does not tell.</p>
  return (
    <p>{source} tells which way every branch went, not how it was predicted. For mispredictions record branch stacks: perf record -b.</p>
  )
}

function BranchCell({ table, row, column, names }: { table: BranchesTable; row: number; column: string; names: NameTables }) {
  const text = cellText(table, row, column, names)
  switch (column) {
    case 'from':
    case 'to':
      return (
        <span className={column === 'to' ? 'mono blk-muted' : 'mono'} title={text}>
          {text}
        </span>
      )
    case 'kind':
      return <span className="blk-muted">{text}</span>
    case 'takenShare':
    case 'missRate': {
      const share = branchMetric(table, row, column)
      if (Number.isNaN(share)) return ''
      return (
        <span className="blk-share">
          <span className={column === 'missRate' ? 'blk-bar is-miss' : 'blk-bar'} style={{ width: `${share * 100}%` }} />
          {text}
        </span>
      )
    }
    default:
      return text
  }
}

/** What a cell says, as plain text: shown, and copied. */
function cellText(table: BranchesTable, row: number, column: string, names: NameTables): string {
  const id = asColumn(column)
  switch (id) {
    case 'from':
      return fromText(table, row, names)
    case 'to':
      return toText(table, row, names)
    case 'kind':
      return kindOf(table, row)
    case 'takenShare':
    case 'missRate': {
      const share = branchMetric(table, row, id)
      return Number.isNaN(share) ? '' : shareText(share)
    }
    case 'trips':
    case 'cycles': {
      const value = branchMetric(table, row, id)
      return Number.isNaN(value) ? '' : value.toFixed(value < 100 ? 1 : 0)
    }
    default: {
      const value = branchMetric(table, row, id)
      return Number.isNaN(value) ? '' : countText(value)
    }
  }
}

function copyText(table: BranchesTable, row: number, columns: readonly { id: string; title: string }[], names: NameTables): string {
  const line = columns.map(({ id }) => cellText(table, row, id, names)).join('\t')
  return `${columns.map(({ title }) => title).join('\t')}\n${line}\n`
}

function NoBranches({ loading, filtered, source }: { loading: boolean; filtered: boolean; source: string }) {
  const { setSearch, setRange, setThread, setTab } = useStore.getState()
  const { range, thread } = useStore((store) => store.view)
  if (loading) return <EmptyState title="Reading branches…" />
  if (filtered)
    return (
      <EmptyState title="No branch matches the search">
        <p>The search looks at symbols and addresses of both ends.</p>
        <Button onClick={() => setSearch('')}>Clear the search</Button>
      </EmptyState>
    )
  if (source === 'Samples')
    return (
      <EmptyState title="These samples hold no branches">
        <p>Record branch stacks to see which way branches go and how they are predicted: perf record -b.</p>
      </EmptyState>
    )
  if (range !== null || thread !== null)
    return (
      <EmptyState title="No branch was seen here">
        <p>The selected thread branched nowhere in the selected time, as far as the trace is decoded.</p>
        {range === null ? null : <Button onClick={() => setRange(null)}>Whole trace</Button>}{' '}
        {thread === null ? null : <Button onClick={() => setThread(null)}>All threads</Button>}
      </EmptyState>
    )
  return (
    <EmptyState title="No branch is decoded">
      <p>Branches are found by following the trace through the code. That needs the programs and libraries that ran.</p>
      <Button onClick={() => setTab('files')}>Show files</Button>
    </EmptyState>
  )
}
