// SPDX-License-Identifier: Apache-2.0
// The columns of the instructions table: which there are, which are shown at
// first, how wide.
import type { TableColumn } from '../../widgets/VirtualTable'
import type { TimeBase } from './layout'

export type InstructionColumn = TableColumn & { name: string; needsCycles?: boolean; wideOnly?: boolean }

export const allColumns: readonly InstructionColumn[] = [
  {
    id: 'ordinal',
    name: 'Number',
    title: '#',
    hint: 'Number of the instruction in its thread; 0 is the first',
    width: 60,
    align: 'end',
    wideOnly: true,
  },
  {
    id: 'time',
    name: 'Time',
    title: 'Time',
    unit: 's',
    hint: 'Dim where no packet has moved the clock since the row before',
    width: 112,
    align: 'end',
  },
  {
    id: 'delta',
    name: 'Time since the row before',
    title: 'Δ',
    hint: 'Time since the row before',
    width: 76,
    align: 'end',
    wideOnly: true,
  },
  { id: 'cpu', name: 'CPU', title: 'CPU', hint: 'CPU that executed it', width: 48, align: 'end', wideOnly: true },
  { id: 'address', name: 'Address', title: 'Address', unit: 'hex', width: 116, align: 'end' },
  { id: 'symbol', name: 'Symbol', title: 'Symbol', hint: 'Function and offset in it, as perf prints it', width: 110, grow: 2 },
  { id: 'bytes', name: 'Bytes', title: 'Bytes', unit: 'hex', width: 150, wideOnly: true },
  { id: 'instruction', name: 'Instruction', title: 'Instruction', width: 180, grow: 3 },
  { id: 'target', name: 'Goes to', title: 'Goes to', hint: 'Where control went after a branch', width: 120, grow: 2 },
  {
    id: 'cycles',
    name: 'Cycles',
    title: 'Cycles',
    hint: 'Core cycles since the measurement before, where one ends',
    width: 60,
    align: 'end',
    needsCycles: true,
    wideOnly: true,
  },
  {
    id: 'ipc',
    name: 'IPC',
    title: 'IPC',
    hint: 'Instructions per core cycle since the measurement before, cut to two decimals as perf does',
    width: 58,
    align: 'end',
    needsCycles: true,
  },
  { id: 'source', name: 'Source', title: 'Source', hint: 'File and line', width: 120, grow: 1, wideOnly: true },
]

/** Narrow screens begin with fewer columns; the menu has them all. */
export function defaultColumns(): ReadonlySet<string> {
  const narrow = typeof matchMedia === 'function' && matchMedia('(max-width: 1000px)').matches
  return new Set(allColumns.filter((column) => !(narrow && column.wideOnly)).map((column) => column.id))
}

const digitWidth = 7.4

export function columnsShown(
  columns: readonly InstructionColumn[],
  shown: ReadonlySet<string>,
  rowCount: number,
  timeBase: TimeBase,
): TableColumn[] {
  const wide: Record<string, number> = {
    ordinal: Math.max(44, 22 + digitWidth * rowCount.toLocaleString('en-US').length),
    time: timeBase === 'perf' ? 148 : 112,
  }
  return columns.filter((column) => shown.has(column.id)).map((column) => ({ ...column, width: wide[column.id] ?? column.width }))
}
