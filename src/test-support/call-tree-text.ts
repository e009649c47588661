// SPDX-License-Identifier: Apache-2.0
// Writes a call_tree table as indented text, for tests:
//   thread 1
//     main self=5 instr=50 cycles=10 calls=1
import { ALL, type CallTreeTable } from '../model/tables.gen'
import { makeTable } from './make-table'

/** Functions that the text may name; row 0 is the unknown one. */
export const FUNCTIONS = ['[unknown]', 'main', 'parse', 'match', 'alloc', 'free', 'log', 'read']

export function callTreeFromText(text: string): CallTreeTable {
  const rows: Record<string, number>[] = []
  const stack: number[] = []
  let thread = 0
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const depth = (line.length - line.trimStart().length) / 2
    const [name = '', ...fields] = line.trim().split(/\s+/)
    const field = (id: string) =>
      Number(fields.find((one) => one.startsWith(`${id}=`))?.slice(id.length + 1) ?? (id === 'cycles' ? NaN : 0))
    if (name === 'thread') thread = Number(fields[0])
    stack[depth] = rows.length
    rows.push({
      parent: depth === 0 ? ALL : (stack[depth - 1] ?? ALL),
      function: name === 'thread' ? 0 : FUNCTIONS.indexOf(name),
      thread,
      calls: field('calls'),
      self_ns: field('self'),
      self_instructions: field('instr'),
      self_cycles: name === 'thread' ? NaN : field('cycles'),
    })
  }
  return makeTable('call_tree', rows)
}
