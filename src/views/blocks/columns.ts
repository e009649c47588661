// SPDX-License-Identifier: Apache-2.0
// The columns of the blocks table.
import type { Weight } from '../../model/view-state'
import type { TableColumn } from '../../widgets/VirtualTable'
import type { BlockColumn, BlockOrder } from './layout'

type Column = Omit<TableColumn, 'id' | 'sort'> & {
  id: BlockColumn
  name: string
  needsCycles?: boolean
  wideOnly?: boolean
  offAtFirst?: boolean
}

export const blockColumns: readonly Column[] = [
  { id: 'symbol', name: 'Symbol', title: 'Block', hint: 'Function and offset of its first instruction', width: 200, grow: 3 },
  { id: 'share', name: 'Share', title: 'Share', hint: 'Share of everything in this table', width: 116, align: 'end' },
  { id: 'visits', name: 'Visits', title: 'Visits', hint: 'Times the block was executed', width: 92, align: 'end' },
  {
    id: 'taken',
    name: 'Branch taken',
    title: 'Taken',
    unit: '%',
    hint: 'Share of visits whose conditional branch was taken',
    width: 86,
    align: 'end',
    wideOnly: true,
  },
  {
    id: 'size',
    name: 'Instructions in the block',
    title: 'Size',
    unit: 'insn',
    hint: 'Instructions the block holds',
    width: 92,
    align: 'end',
    wideOnly: true,
  },
  {
    id: 'instructions',
    name: 'Instructions executed',
    title: 'Executed',
    unit: 'insn',
    hint: 'Instructions executed in all visits',
    width: 128,
    align: 'end',
    wideOnly: true,
  },
  { id: 'ns', name: 'Time', title: 'Time', hint: 'Time between the packets around its visits', width: 88, align: 'end' },
  { id: 'nsPerVisit', name: 'Time per visit', title: 'Time/visit', hint: 'Mean over all visits', width: 98, align: 'end', wideOnly: true },
  {
    id: 'cycles',
    name: 'Cycles',
    title: 'Cycles',
    hint: 'Core cycles measured',
    width: 96,
    align: 'end',
    needsCycles: true,
    wideOnly: true,
  },
  {
    id: 'cyclesPerVisit',
    name: 'Cycles per visit',
    title: 'Cycles/visit',
    hint: 'Mean over the visits that were measured',
    width: 112,
    align: 'end',
    needsCycles: true,
    wideOnly: true,
  },
  {
    id: 'ipc',
    name: 'IPC',
    title: 'IPC',
    hint: 'Instructions per core cycle, cut to two decimals as perf does',
    width: 60,
    align: 'end',
    needsCycles: true,
  },
  {
    id: 'measured',
    name: 'Visits measured',
    title: 'Measured',
    unit: 'visits',
    hint: 'Visits that cycles and IPC rest on: few make them chance',
    width: 136,
    align: 'end',
    needsCycles: true,
  },
  { id: 'address', name: 'Address', title: 'Address', unit: 'hex', width: 116, align: 'end', offAtFirst: true },
  { id: 'binary', name: 'Binary', title: 'Binary', width: 110, grow: 1, wideOnly: true },
]

export function defaultBlockColumns(): ReadonlySet<string> {
  const narrow = typeof matchMedia === 'function' && matchMedia('(max-width: 1000px)').matches
  return new Set(blockColumns.filter((column) => !column.offAtFirst && !(narrow && column.wideOnly)).map((column) => column.id))
}

const weightWord: Record<Weight, string> = { time: 'of time', cycles: 'of cycles', instructions: 'of insn' }

export function shownBlockColumns(
  columns: readonly Column[],
  shown: ReadonlySet<string>,
  order: BlockOrder,
  weight: Weight,
): TableColumn[] {
  return columns
    .filter((column) => shown.has(column.id))
    .map((column) => ({
      ...column,
      ...(column.id === 'share' && { unit: weightWord[weight] }),
      sort: order.column === column.id ? order.direction : ('none' as const),
    }))
}
