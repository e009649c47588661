// SPDX-License-Identifier: Apache-2.0
// The columns of the branches list.
import type { TableColumn } from '../../widgets/VirtualTable'
import type { BranchColumn, BranchOrder } from './branch-layout'

/** What a source must tell for a column to have anything in it. */
type Needs = 'predictions' | 'cycles'
type Column = Omit<TableColumn, 'id' | 'sort'> & { id: BranchColumn; name: string; needs?: Needs; wideOnly?: boolean; offAtFirst?: boolean }

export const branchColumns: readonly Column[] = [
  { id: 'from', name: 'Branch', title: 'Branch', hint: 'Function and offset of the branch', width: 190, grow: 3 },
  { id: 'kind', name: 'Kind', title: 'Kind', hint: 'What the instruction is', width: 140, wideOnly: true },
  { id: 'to', name: 'To', title: 'To', hint: 'Where it goes', width: 150, grow: 2, wideOnly: true },
  { id: 'seen', name: 'Executed', title: 'Executed', hint: 'Times it was seen, taken or not', width: 96, align: 'end' },
  {
    id: 'takenShare',
    name: 'Share taken',
    title: 'Taken',
    hint: 'Share of a conditional branch’s executions that were taken',
    width: 110,
    align: 'end',
  },
  { id: 'taken', name: 'Times taken', title: 'Times taken', width: 104, align: 'end', offAtFirst: true },
  {
    id: 'notTaken',
    name: 'Times not taken',
    title: 'Not taken',
    hint: 'Times a conditional branch was passed by',
    width: 96,
    align: 'end',
    wideOnly: true,
  },
  {
    id: 'missRate',
    name: 'Mispredicted share',
    title: 'Mispredicted',
    hint: 'Share of the recorded times that the CPU had predicted wrongly',
    width: 122,
    align: 'end',
    needs: 'predictions',
  },
  {
    id: 'mispredicted',
    name: 'Times mispredicted',
    title: 'Misses',
    hint: 'Times that the CPU had predicted it wrongly',
    width: 84,
    align: 'end',
    needs: 'predictions',
  },
  {
    id: 'trips',
    name: 'Turns of its loop',
    title: 'Turns',
    unit: 'mean',
    hint: 'How often the loop that it closes goes round, on average',
    width: 104,
    align: 'end',
  },
  {
    id: 'cycles',
    name: 'Cycles before it',
    title: 'Cycles',
    unit: 'mean',
    hint: 'Core cycles since the branch before, on average',
    width: 108,
    align: 'end',
    needs: 'cycles',
  },
  {
    id: 'measured',
    name: 'Measurements',
    title: 'Measured',
    hint: 'How many entries the mean of cycles rests on',
    width: 108,
    align: 'end',
    needs: 'cycles',
    wideOnly: true,
  },
]

export function defaultBranchColumns(): ReadonlySet<string> {
  const narrow = typeof matchMedia === 'function' && matchMedia('(max-width: 1000px)').matches
  return new Set(branchColumns.filter((column) => !column.offAtFirst && !(narrow && column.wideOnly)).map((column) => column.id))
}

export const shownBranchColumns = (columns: readonly Column[], shown: ReadonlySet<string>, order: BranchOrder): TableColumn[] =>
  columns
    .filter((column) => shown.has(column.id))
    .map((column) => ({ ...column, sort: order.column === column.id ? order.direction : ('none' as const) }))
