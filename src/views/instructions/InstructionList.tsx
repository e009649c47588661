// SPDX-License-Identifier: Apache-2.0
// The instructions of one thread as a table of any length, with its bar, the
// strip about the selected one, jumping and copying.
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { KeyboardEvent, ReactNode } from 'react'
import { textAt } from '../../lib/text-column'
import { toggled } from '../../lib/toggled'
import { oneOf, someOf } from '../../model/detail-codecs'
import { infoValue, threadLabel, whyNoCycles } from '../../model/names'
import { baseName, type NameTables } from '../../model/places'
import { compileSearch, findFunctions } from '../../model/search'
import type { ThreadsTable } from '../../model/tables.gen'
import { useDetail, useKeptTop, useStore } from '../../store'
import { Icon } from '../../widgets/icons'
import { countText, timeText as timeForPeople } from '../../widgets/number-text'
import { Button } from '../../widgets/Button'
import { Segmented } from '../../widgets/Segmented'
import { Sentence } from '../../widgets/Sentence'
import { BarSpace, ColumnMenu, JumpBox, ViewFrame } from '../../widgets/ViewFrame'
import { VirtualTable } from '../../widgets/VirtualTable'
import type { RowSelection } from '../../widgets/virtual-rows'
import { instructionCell, type CellContext } from './cells'
import { allColumns, columnsShown, defaultColumns } from './columns'
import { InstructionDetail } from './InstructionDetail'
import { endsVisit, gapLost, jumpHint, newSourceLine, type TimeBase } from './layout'
import { useCopy } from './use-copy'
import type { Syntax } from '../../lib/disassemble'
import { useDisassembler } from './use-disassembler'
import { useInstructions } from './use-instructions'
import { useSourceLines } from './use-source-lines'
import { jumpTo } from './jump-to'

type Props = { threads: ThreadsTable; thread: number; picker: ReactNode }

const gapHeight = 26
const sourceHeight = 22
/** Rows of a jump that come later are shown as they come. */
const LONGEST_STAY_MS = 150

const clockCodec = oneOf<TimeBase>('start', 'perf')
const syntaxCodec = oneOf<Syntax>('intel', 'att')
const sourceCodec = oneOf<'shown' | 'hidden'>('shown', 'hidden')
const columnsCodec = someOf<string>(
  allColumns.map(({ id }) => id),
  defaultColumns,
)

export function InstructionList({ threads, thread, picker }: Props) {
  const rowCount = threads.instructions[thread] ?? 0
  const session = useStore((store) => store.session)
  const range = useStore((store) => store.view.range)
  const [visible, setVisible] = useState({ first: 0, end: 0 })
  const [timeBase, setTimeBase] = useDetail('instructions.clock', clockCodec)
  const [shown, setShown] = useDetail('instructions.columns', columnsCodec)
  const [syntax, setSyntax] = useDetail('instructions.syntax', syntaxCodec)
  const [sourceShown, setSourceShown] = useDetail('instructions.source', sourceCodec)
  const { lineOf, available: hasSources } = useSourceLines()
  const target = useTarget(thread, rowCount)
  const held = useInstructions(thread, visible, rowCount, target)
  const { selection, reveal, select, keepTop } = useSelection(thread, target, held.find)
  const onRange = useCallback(
    (rows: typeof visible) => {
      setVisible(rows)
      keepTop(rows.first)
    },
    [keepTop],
  )
  const { find } = held
  const textOf = useDisassembler(syntax)
  const names = useMemo(() => ({ functions: session.functions, images: session.images }), [session.functions, session.images])
  const found = useFound(names)
  const start_ns = useMemo(() => startOf(infoValue(session.info, 'start_time_ns')), [session.info])
  const context: CellContext = useMemo(
    () => ({ names, timeBase, start_ns, textOf, found, find, lineOf }),
    [names, timeBase, start_ns, textOf, found, find, lineOf],
  )
  const cell = useCallback((row: number, column: string) => instructionCell(context, row, column), [context])
  const fullRow = useCallback((row: number) => (find(row) === null ? <span className="ins-waiting">#{countText(row)}</span> : null), [find])
  const noCycles = whyNoCycles(session.info)
  const hasCpu = session.queues === null || session.queues.cpu.some((cpu) => cpu >= 0)
  const hasCycles = noCycles === ''
  const hasLines = held.hasLines
  const available = useMemo(
    () =>
      allColumns.filter(
        (column) => (hasCycles || !column.needsCycles) && (hasCpu || column.id !== 'cpu') && (hasLines || column.id !== 'source'),
      ),
    [hasCycles, hasCpu, hasLines],
  )
  const copy = useCopy({ thread, threads, context, rowCount })
  const showTime = useStore((store) => store.showTime)
  const columns = useMemo(() => columnsShown(available, shown, rowCount, timeBase), [available, shown, rowCount, timeBase])

  const leadIn = useCallback(
    (row: number) => {
      const place = find(row)
      if (place === null) return null
      const gap = textAt(place.table.gap_text, place.index)
      const source = sourceShown === 'hidden' ? null : newSourceLine(place, row === 0 ? null : find(row - 1), lineOf)
      if (gap === '' && source === null) return null
      return {
        height: (gap === '' ? 0 : gapHeight) + (source === null ? 0 : sourceHeight),
        node: (
          <>
            {gap === '' ? null : <GapLine text={gap} lost={gapLost(place.table, place.index)} />}
            {source === null ? null : <SourceLine {...source} />}
          </>
        ),
      }
    },
    [find, lineOf, sourceShown],
  )
  const rowClass = useCallback(
    (row: number) => {
      const place = find(row)
      if (place === null) return ''
      const time = place.table.time_ns[place.index] ?? NaN
      const outside = range !== null && (time < range.start_ns || time >= range.end_ns)
      return `${endsVisit(place.table.end[place.index] ?? 0) ? 'ins-end' : ''} ${outside ? 'ins-outside' : ''}`
    },
    [find, range],
  )
  const selected = selection === null ? null : find(selection.active)
  const bar = (
    <>
      {picker}
      <span className="bar-text">
        <strong>{countText(rowCount)}</strong> instructions
        {picker === null ? ` of ${threadLabel(threads, thread)}` : ''}
      </span>
      <JumpBox
        label="Go to time, number or address"
        placeholder="1.5ms, #12345, 0x401000"
        hint={`Go to ${jumpHint}`}
        onJump={(text) => jumpTo(text, threads, thread, start_ns)}
      />
      {range === null ? null : (
        <Button onClick={() => void showTime(thread, range.start_ns)} title="Go to the first instruction of the selected time range">
          Range from {timeForPeople(range.start_ns)}
        </Button>
      )}
      <BarSpace />
      {copy.state === '' ? null : (
        <span className="bar-text" role="status">
          {copy.state}
        </span>
      )}
      <Segmented<TimeBase>
        label="Time"
        value={timeBase}
        onChange={setTimeBase}
        choices={[
          { value: 'start', label: 'From start', title: 'Seconds since the trace’s start' },
          { value: 'perf', label: 'perf’s clock', title: 'Seconds as perf script prints them' },
        ]}
      />
      <ColumnMenu
        items={available.map((column) => ({ id: column.id, text: column.name }))}
        shown={shown}
        onToggle={(id) => setShown(toggled(shown, id))}
      >
        <Segmented<Syntax>
          label="Syntax of instructions"
          value={syntax}
          onChange={setSyntax}
          choices={[
            { value: 'intel', label: 'Intel' },
            { value: 'att', label: 'AT&T', title: 'As objdump and perf print by default' },
          ]}
        />
        {hasSources ? (
          <label>
            <input
              type="checkbox"
              checked={sourceShown === 'shown'}
              onChange={(event) => setSourceShown(event.target.checked ? 'shown' : 'hidden')}
            />
            Source lines between the rows
          </label>
        ) : null}
      </ColumnMenu>
    </>
  )
  const notice =
    held.failure !== '' || picker !== null || noCycles !== '' ? (
      <>
        {held.failure === '' ? null : <p className="is-warning">{held.failure}</p>}
        {picker === null ? null : (
          <p>All threads are selected. Instructions have an order within one thread only, so one is picked above.</p>
        )}
        {noCycles === '' ? null : <p>No cycles and IPC: <Sentence text={noCycles} /></p>}
      </>
    ) : null
  return (
    <ViewFrame
      label="Instructions"
      bar={bar}
      notice={notice}
      detail={
        selected === null || selection === null ? null : (
          <InstructionDetail place={selected} row={selection.active} context={context} selection={selection} />
        )
      }
    >
      <VirtualTable
        label={`Instructions of ${threadLabel(threads, thread)}`}
        columns={columns}
        rowCount={rowCount}
        cell={cell}
        fullRow={fullRow}
        leadIn={leadIn}
        rowClass={rowClass}
        selection={selection}
        onSelect={select}
        reveal={reveal}
        onRange={onRange}
        onCopy={copy.onCopy}
        onKey={(event, row) => linkKey(event, row, find)}
      />
    </ViewFrame>
  )
}

/** Functions that are searched for; null without a search. */
function useFound(names: NameTables): Uint8Array | null {
  const search = useStore((store) => store.view.search)
  return useMemo(() => {
    const compiled = compileSearch(search)
    return compiled.ok ? findFunctions(compiled.value, names) : null
  }, [names, search])
}

/** P shows the packet, B the block of the selected instruction. */
function linkKey(event: KeyboardEvent, row: number | null, find: CellContext['find']): boolean {
  const place = row === null || event.ctrlKey || event.metaKey ? null : find(row)
  if (place === null) return false
  const { showPacket, showBlock } = useStore.getState()
  if (event.key === 'p') showPacket(place.table.queue[place.index] ?? 0, place.table.offset[place.index] ?? 0)
  else if (event.key === 'b') showBlock(place.table.block[place.index] ?? 0n)
  else return false
  return true
}

/** Not `lost`: tracing was off, nothing went wrong. */
const GapLine = ({ text, lost }: { text: string; lost: boolean }) => (
  <div className={`ins-gap ${lost ? '' : 'is-off'}`} title={text}>
    {lost ? <Icon name="warning" size={14} /> : null}
    <span>{text}</span>
  </div>
)

/** A line of the source, above the first of its instructions. */
const SourceLine = ({ file, line, text }: { file: string; line: number; text: string }) => (
  <div className="ins-source" title={`${file}:${line}`}>
    <span className="ins-source-place">
      {baseName(file)}:{line}
    </span>
    <code>{text}</code>
  </div>
)

const startOf = (text: string): bigint => (/^\d+$/.test(text) ? BigInt(text) : 0n)

/** Row of the store's instruction. */
function useTarget(thread: number, rowCount: number): number | null {
  const instruction = useStore((store) => store.view.instruction)
  return instruction !== null && instruction.thread === thread ? Math.max(0, Math.min(instruction.ordinal, rowCount - 1)) : null
}

/** True once `of` has been the same for LONGEST_STAY_MS. */
function useIsLate(of: unknown): boolean {
  const [late, setLate] = useState(of)
  useEffect(() => {
    const timer = setTimeout(() => setLate(of), LONGEST_STAY_MS)
    return () => clearTimeout(timer)
  }, [of])
  return late === of
}

/**
 * The selection here, and the store's instruction: a jump from elsewhere moves the one, selecting here moves the other.
 * What is on screen stays there until `target` is held, but not for long: then all is drawn once.
 */
function useSelection(thread: number, target: number | null, find: CellContext['find']) {
  const instruction = useStore((store) => store.view.instruction)
  const keepView = useStore((store) => store.keepView)
  const { asked, keepTop } = useKeptTop('top', thread)
  const isLate = useIsLate(instruction)
  const [first] = useState(target)
  const [selection, setSelection] = useState<RowSelection | null>(first === null ? null : { anchor: first, active: first })
  const [reveal, setReveal] = useState<{ row: number; atTop?: boolean } | null>(asked ?? (first === null ? null : { row: first }))
  const [seen, setSeen] = useState({ instruction, asked })
  const isThere = target === null || target === selection?.active || isLate || find(target) !== null
  if ((instruction !== seen.instruction && isThere) || asked !== seen.asked) {
    setSeen({ instruction, asked })
    const row = instruction === seen.instruction ? null : target
    const moved = row !== null && row !== selection?.active
    if (moved) setSelection({ anchor: row, active: row })
    if (asked !== null && asked !== seen.asked) setReveal(asked)
    else if (moved) setReveal({ row })
  }
  const select = (next: RowSelection) => {
    setSelection(next)
    keepView({ instruction: { thread, ordinal: next.active } })
  }
  return { selection, reveal, select, keepTop }
}
