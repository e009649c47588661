// SPDX-License-Identifier: Apache-2.0
// The cells of one instruction: what layout.ts says, set in type.
import type { ReactNode } from 'react'
import { textAt } from '../../lib/text-column'
import { functionName } from '../../model/names'
import type { NameTables } from '../../model/places'
import type { InstructionsTable } from '../../model/tables.gen'
import type { RowPlace } from '../../widgets/row-windows'
import { ExactTime } from '../../widgets/ExactTime'
import { countText } from '../../widgets/number-text'
import {
  addressText,
  codeOf,
  codeText,
  cyclesText,
  deltaText,
  ipcText,
  markOf,
  sourceText,
  targetText,
  timeText,
  type MarkShape,
  type TimeBase,
} from './layout'
import type { TextOf } from './use-disassembler'
import type { LineOf } from './use-source-lines'

export type Place = RowPlace<InstructionsTable>

export type CellContext = {
  names: NameTables
  timeBase: TimeBase
  start_ns: bigint
  textOf: TextOf
  /** By row of functions: 1 when it is searched for; null without a search. */
  found: Uint8Array | null
  lineOf: LineOf
  /** The place of a row, when it is held. */
  find(row: number): Place | null
}

export function instructionCell(context: CellContext, row: number, column: string): ReactNode {
  const place = context.find(row)
  if (place === null) return null
  const { table, index } = place
  const before = row === 0 ? null : context.find(row - 1)
  switch (column) {
    case 'ordinal':
      return <span className="ins-faint">{countText(row)}</span>
    case 'time':
      return <ExactTime text={timeText(table.time_ns[index] ?? NaN, context.timeBase, context.start_ns)} same={sameTime(place, before)} />
    case 'delta':
      return before === null ? '' : deltaText(table.time_ns[index] ?? NaN, before.table.time_ns[before.index] ?? NaN)
    case 'address':
      return <span className="ins-code">{addressText(table.ip[index] ?? 0n)}</span>
    case 'symbol':
      return <SymbolCell place={place} before={before} context={context} />
    case 'bytes':
      return <BytesCell text={codeText(codeOf(table, index))} />
    case 'instruction':
      return <InstructionCell text={context.textOf(table, index)} code={() => codeText(codeOf(table, index))} />
    case 'target':
      return <TargetCell place={place} next={context.find(row + 1)} names={context.names} />
    case 'cycles':
      return cyclesText(table, index)
    case 'ipc':
      return ipcText(table, index)
    case 'source':
      return <span title={textAt(table.file, index)}>{sourceText(table, index)}</span>
    case 'cpu':
      return (table.cpu[index] ?? -1) < 0 ? '' : table.cpu[index]
    default:
      return null
  }
}

const sameTime = (place: Place, before: Place | null): boolean =>
  before !== null && before.table.time_ns[before.index] === place.table.time_ns[place.index]

function SymbolCell({ place, before, context }: { place: Place; before: Place | null; context: CellContext }) {
  const { names, found } = context
  const row = place.table.function[place.index] ?? 0
  const name = row === 0 ? '' : functionName(names.functions, names.images, row)
  if (name === '') return <span className="ins-faint">no symbol</span>
  const same = before !== null && before.table.function[before.index] === row
  return (
    <span className="ins-code" title={name}>
      <span className={found?.[row] === 1 ? 'ins-found' : same ? 'ins-faint' : ''}>{name}</span>
      <span className="ins-faint">+0x{(place.table.function_offset[place.index] ?? 0).toString(16)}</span>
    </span>
  )
}

const BytesCell = ({ text }: { text: string }) => (
  <span className="ins-code ins-muted" title={text}>
    {text}
  </span>
)

function InstructionCell({ text, code }: { text: string; code(): string }) {
  if (text === '') return <span className="ins-code ins-muted">{code()}</span>
  const space = text.indexOf(' ')
  if (space < 0) return <span className="ins-code ins-mnemonic">{text}</span>
  return (
    <span className="ins-code" title={text}>
      <span className="ins-mnemonic">{text.slice(0, space)}</span>
      {text.slice(space)}
    </span>
  )
}

function TargetCell({ place, next, names }: { place: Place; next: Place | null; names: NameTables }) {
  const { table, index } = place
  const mark = markOf(table.end[index] ?? 0, table.ip[index] ?? 0n, table.target[index] ?? 0n)
  if (mark === null) return null
  const target = targetText(table, index, next, names)
  const text = mark.taken && target !== '' ? target : mark.word
  return (
    <span className={`ins-target ${mark.taken ? 'is-taken' : ''}`} title={target === '' ? mark.word : `${mark.word}: ${target}`}>
      <MarkIcon shape={mark.shape} />
      <span className="visually-hidden">{mark.taken ? `${mark.word} to ` : ''}</span>
      <span className="ins-target-text">{text}</span>
    </span>
  )
}

/** Strokes of the marks on a 16 by 16 grid. */
const strokes: Record<MarkShape, string> = {
  down: 'M3 3h5v9M5 9.5l3 3 3-3',
  up: 'M3 13h5V4M5 6.5l3-3 3 3',
  call: 'M3 3v6h9M9.5 6l3 3-3 3',
  return: 'M13 3v6H4M6.5 6l-3 3 3 3',
  far: 'M3 13 13 3M7 3h6v6',
  async: 'M9 2 4.5 9H11L7 14',
  off: 'M3 8h7M12.5 4v8',
  straight: 'M8 3v9',
}

export const MarkIcon = ({ shape }: { shape: MarkShape }) => (
  <svg className={`ins-mark is-${shape}`} viewBox="0 0 16 16" aria-hidden="true">
    <path d={strokes[shape]} />
  </svg>
)
