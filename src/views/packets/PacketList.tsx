// SPDX-License-Identifier: Apache-2.0
// The packets of one AUX stream as a table of any length: jumping to offsets,
// highlighting a family, the way to the instructions a packet decided.
import { useCallback, useState } from 'react'
import type { ReactNode } from 'react'
import { hexText, pluralText } from '../../lib/exact-text'
import { textAt } from '../../lib/text-column'
import { toggled } from '../../lib/toggled'
import { someOf } from '../../model/detail-codecs'
import { infoValue, threadLabel } from '../../model/names'
import { queueName } from '../../model/places'
import { ALL, type QueuesTable } from '../../model/tables.gen'
import { useDetail, useKeptTop, useStore, useTable } from '../../store'
import { Button } from '../../widgets/Button'
import { DetailFacts, DetailStrip } from '../../widgets/DetailStrip'
import { EmptyState } from '../../widgets/EmptyState'
import { ExactTime } from '../../widgets/ExactTime'
import { bytesText, countText, timeText } from '../../widgets/number-text'
import { BarSpace, JumpBox, ViewFrame } from '../../widgets/ViewFrame'
import { VirtualTable, type TableColumn } from '../../widgets/VirtualTable'
import { selectionEnd, selectionStart, type RowSelection } from '../../widgets/virtual-rows'
import {
  families,
  familiesOf,
  familyOf,
  packetJumpHint,
  packetLine,
  packetTimeText,
  parsePacketJump,
  spacedHex,
  type Family,
} from './layout'
import { usePackets, type FindPacket, type PacketPlace } from './use-packets'

type Props = { queues: QueuesTable; queue: number; picker: ReactNode }

const markedCodec = someOf<Family>(
  families.map(({ id }) => id),
  () => new Set(),
)

const OFFSET_NOT_ORDINAL = 1
const TIME_NOT_ORDINAL = 2

const columns: readonly TableColumn[] = [
  { id: 'offset', title: 'Offset', unit: 'hex', hint: 'Byte of the AUX stream', width: 92, align: 'end' },
  {
    id: 'time',
    title: 'Time',
    unit: 's',
    hint: 'Trace time at the packet, since the trace’s start; dim where it is that of the row before',
    width: 112,
    align: 'end',
  },
  { id: 'bytes', title: 'Bytes', unit: 'hex', width: 128, grow: 1 },
  { id: 'name', title: 'Packet', width: 104 },
  { id: 'text', title: 'Payload', width: 154, grow: 3 },
  { id: 'leads', title: 'Decides', hint: 'First instruction whose way this packet decided', width: 104, grow: 1 },
]

const untimedColumns = columns.filter(({ id }) => id !== 'time')

export function PacketList({ queues, queue, picker }: Props) {
  const rowCount = queues.packets[queue] ?? 0
  const [visible, setVisible] = useState({ first: 0, end: 0 })
  const [marked, setMarked] = useDetail('packets.marked', markedCodec)
  const { find, failure } = usePackets(queue, visible, rowCount)
  const { selection, reveal, select, goTo, problem, keepTop } = usePacketSelection(queue, find)
  const onRange = useCallback(
    (rows: typeof visible) => {
      setVisible(rows)
      keepTop(rows.first)
    },
    [keepTop],
  )
  const threads = useStore((store) => store.session.threads)
  const source = useStore((store) => infoValue(store.session.info, 'source'))
  const offered = familiesOf(source)
  const isTimed = source !== 'Intel BTS'
  const selected = selection === null ? null : find(selection.active)

  const jump = (text: string): string => {
    const wanted = parsePacketJump(text, queues.aux_bytes[queue] ?? 0)
    if (wanted.kind === 'unclear') return wanted.sentence
    if (wanted.kind === 'ordinal' && wanted.ordinal >= rowCount)
      return `This stream has ${pluralText(rowCount, 'packet')} as far as it is decoded: the last one is #${countText(rowCount - 1)}.`
    goTo(
      wanted.kind === 'ordinal'
        ? { first: wanted.ordinal, flags: 0 }
        : wanted.kind === 'offset'
          ? { first: wanted.offset, flags: OFFSET_NOT_ORDINAL }
          : { start_ns: wanted.time_ns, flags: TIME_NOT_ORDINAL },
    )
    return ''
  }
  const cell = useCallback((row: number, column: string) => packetCell(find, row, column, threads), [find, threads])
  const fullRow = useCallback((row: number) => (find(row) === null ? <span>#{countText(row)}</span> : null), [find])
  const activate = useCallback((row: number) => openInstructions(find(row)), [find])
  const rowClass = useCallback(
    (row: number) => {
      const place = find(row)
      if (place === null) return ''
      const name = textAt(place.table.name, place.index)
      const family = familyOf(name)
      return `pkt-${family} ${name === 'PSB' ? 'pkt-begins' : ''} ${marked.size > 0 ? (marked.has(family) ? 'is-marked' : 'is-dimmed') : ''}`
    },
    [find, marked],
  )
  const copy = (rows: RowSelection): string | null => {
    const lines: string[] = []
    for (let row = selectionStart(rows); row < selectionEnd(rows); row++) {
      const place = find(row)
      if (place !== null) lines.push(lineOf(place))
    }
    return lines.length === 0 ? null : `${lines.join('\n')}\n`
  }
  const bar = (
    <>
      {picker}
      <JumpBox label="Go to offset, number or time" placeholder="0x1f40, #12345, 1.5ms" hint={`Go to ${packetJumpHint}`} onJump={jump} />
      <BarSpace />
      {offered.length > 0 && <FamilyChips families={offered} marked={marked} onToggle={(family) => setMarked(toggled(marked, family))} />}
    </>
  )
  const sentence = failure || problem
  return (
    <ViewFrame
      label="Packets"
      bar={bar}
      notice={
        sentence === '' && isTimed ? null : (
          <>
            {sentence === '' ? null : <p className="is-warning">{sentence}</p>}
            {isTimed ? null : <p>BTS records carry no time: the Timeline tab tells between which times each buffer of them was filled.</p>}
          </>
        )
      }
      detail={
        selected === null || selection === null ? null : (
          <PacketDetail place={selected} row={selection.active} where={queueName(queues, queue, threads)} isTimed={isTimed} />
        )
      }
    >
      <VirtualTable
        label={`Packets of ${queueName(queues, queue, threads)}`}
        columns={isTimed ? columns : untimedColumns}
        rowCount={rowCount}
        cell={cell}
        fullRow={fullRow}
        rowClass={rowClass}
        selection={selection}
        onSelect={select}
        onActivate={activate}
        reveal={reveal}
        onRange={onRange}
        onCopy={copy}
        empty={
          <EmptyState title="No packet of this stream is decoded yet">
            <p>The stream has {bytesText(queues.aux_bytes[queue] ?? 0)}. Packets appear as decoding reaches them.</p>
          </EmptyState>
        }
      />
    </ViewFrame>
  )
}

const lineOf = ({ table, index }: PacketPlace): string =>
  packetLine(table.offset[index] ?? 0, textAt(table.bytes, index), textAt(table.name, index), textAt(table.text, index))

type ChipsProps = { families: typeof families; marked: ReadonlySet<Family>; onToggle(family: Family): void }

/** Pressed: rows of the family stand out, the others step back. */
const FamilyChips = ({ families: offered, marked, onToggle }: ChipsProps) => (
  <div className="pkt-chips" role="group" aria-label="Highlight packets">
    {offered.map(({ id, name, hint }) => (
      <button
        key={id}
        type="button"
        className={`pkt-chip pkt-${id}`}
        aria-pressed={marked.has(id)}
        title={`Highlight ${hint}`}
        onClick={() => onToggle(id)}
      >
        <span className="pkt-dot" aria-hidden="true" />
        {name}
      </button>
    ))}
  </div>
)

/** `reveals`: also scrolls there. */
type Wanted = { first?: number; start_ns?: number; flags: number }
type Asked = { wanted: Wanted; reveals: boolean }

/** The selection here; jumps by offset or time ask for the row's number first. */
function usePacketSelection(queue: number, find: FindPacket) {
  const packet = useStore((store) => store.view.packet)
  const keepView = useStore((store) => store.keepView)
  const { asked: atTop, keepTop } = useKeptTop('packetTop', queue)
  const ask = (at: typeof packet, reveals: boolean): Asked | null =>
    at !== null && at.queue === queue ? { wanted: { first: at.offset, flags: OFFSET_NOT_ORDINAL }, reveals } : null
  const [selection, setSelection] = useState<RowSelection | null>(null)
  const [reveal, setReveal] = useState<{ row: number; atTop?: boolean } | null>(atTop)
  const [asked, setAsked] = useState(ask(packet, atTop === null))
  const [problem, setProblem] = useState('')
  const [seen, setSeen] = useState({ packet, atTop })
  const answer = useTable('packets', asked === null ? null : { queue, count: 1, ...asked.wanted })
  if (packet !== seen.packet || atTop !== seen.atTop) {
    setSeen({ packet, atTop })
    const scrolls = atTop !== null && atTop !== seen.atTop
    if (scrolls) setReveal(atTop)
    if (packet !== seen.packet) setAsked(ask(packet, !scrolls))
  } else if (asked !== null && answer.state !== 'loading') {
    setAsked(null)
    const row = answer.state === 'ready' ? answer.table.ordinal[0] : undefined
    setProblem(
      answer.state === 'failed' ? answer.sentence : row === undefined ? 'There is no packet there, as far as the stream is decoded.' : '',
    )
    if (row !== undefined) {
      setSelection({ anchor: row, active: row })
      if (asked.reveals) setReveal({ row })
    }
  }
  const select = (next: RowSelection) => {
    setSelection(next)
    const place = find(next.active)
    if (place === null) return
    const at = { queue, offset: place.table.offset[place.index] ?? 0 }
    setSeen({ packet: at, atTop })
    keepView({ packet: at })
  }
  const goTo = (wanted: Wanted) => setAsked({ wanted, reveals: true })
  return { selection, reveal, problem, select, goTo, keepTop }
}

function packetCell(find: FindPacket, row: number, column: string, threads: Parameters<typeof threadLabel>[0]): ReactNode {
  const place = find(row)
  if (place === null) return null
  const { table, index } = place
  switch (column) {
    case 'offset':
      return <span className="mono pkt-muted">{(table.offset[index] ?? 0).toString(16)}</span>
    case 'time':
      return <ExactTime text={packetTimeText(table.time_ns[index] ?? NaN)} same={sameTime(place, row === 0 ? null : find(row - 1))} />
    case 'name':
      return (
        <span className="pkt-name">
          <span className="pkt-dot" aria-hidden="true" />
          {textAt(table.name, index)}
        </span>
      )
    case 'text':
      return (
        <span className="mono" title={textAt(table.text, index)}>
          {textAt(table.text, index)}
        </span>
      )
    case 'bytes':
      return (
        <span className="mono pkt-muted" title={spacedHex(textAt(table.bytes, index))}>
          {spacedHex(textAt(table.bytes, index))}
        </span>
      )
    case 'leads':
      return <LeadsCell place={place} threads={threads} />
    default:
      return null
  }
}

const sameTime = ({ table, index }: PacketPlace, before: PacketPlace | null): boolean =>
  before !== null && before.table.time_ns[before.index] === table.time_ns[index]

function LeadsCell({ place, threads }: { place: PacketPlace; threads: Parameters<typeof threadLabel>[0] }) {
  const ordinal = place.table.first_ordinal[place.index] ?? NaN
  const thread = place.table.thread[place.index] ?? ALL
  if (Number.isNaN(ordinal) || thread === ALL) return null
  return (
    <button
      type="button"
      className="pkt-link"
      tabIndex={-1}
      title={`Show the instruction in ${threadLabel(threads, thread)} (Enter)`}
      onClick={() => openInstructions(place)}
    >
      #{countText(ordinal)}
    </button>
  )
}

function openInstructions(place: PacketPlace | null): void {
  const ordinal = place?.table.first_ordinal[place.index] ?? NaN
  const thread = place?.table.thread[place.index] ?? ALL
  if (!Number.isNaN(ordinal) && thread !== ALL) useStore.getState().showInstruction(thread, ordinal)
}

function PacketDetail({ place, row, where, isTimed }: { place: PacketPlace; row: number; where: string; isTimed: boolean }) {
  const threads = useStore((store) => store.session.threads)
  const { table, index } = place
  const name = textAt(table.name, index)
  const ordinal = table.first_ordinal[index] ?? NaN
  const thread = table.thread[index] ?? ALL
  const family = families.find(({ id }) => id === familyOf(name))
  const facts = [
    { name: 'Number', value: `#${countText(row)} of ${where}` },
    { name: 'Offset', value: `${hexText(table.offset[index] ?? 0)}, ${bytesText(table.size[index] ?? 0)}` },
    { name: 'Bytes', value: spacedHex(textAt(table.bytes, index)) },
    { name: 'Payload', value: hexText(table.payload[index] ?? 0n) },
    {
      name: 'Time',
      value: Number.isNaN(table.time_ns[index])
        ? isTimed
          ? 'not known yet at this packet'
          : ''
        : `${timeText(table.time_ns[index] ?? NaN)} from the start`,
    },
    { name: 'Kind', value: family === undefined || name === 'BRANCH' ? '' : family.hint },
  ]
  return (
    <DetailStrip
      title={
        <>
          <span className="mono">{name}</span>
          <span className="detail-at">{textAt(table.text, index)}</span>
        </>
      }
      actions={
        <Button
          disabled={Number.isNaN(ordinal) || thread === ALL}
          title={
            Number.isNaN(ordinal)
              ? 'This packet decides no instruction'
              : `#${countText(ordinal)} of ${threadLabel(threads, thread)} (Enter)`
          }
          onClick={() => openInstructions(place)}
        >
          Show instructions
        </Button>
      }
    >
      <DetailFacts facts={facts.filter((fact) => fact.value !== '')} />
    </DetailStrip>
  )
}
