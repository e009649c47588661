// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { textColumn } from '../../lib/text-column'
import type { FunctionsTable, ImagesTable, InstructionsTable } from '../../model/tables.gen'
import {
  bitsOf,
  codeOf,
  codeText,
  deltaText,
  gapLost,
  ipcText,
  markOf,
  newSourceLine,
  parseJump,
  perfLine,
  sourceText,
  targetText,
  timeText,
  visitEnd,
} from './layout'

/** Two instructions of main: `test %edi,%edi` and a taken `je` to the second row's successor. */
const table: InstructionsTable = {
  rows: 3,
  ordinal: Float64Array.of(0, 1, 2),
  time_ns: Float64Array.of(100, 100, 112.4),
  ip: BigUint64Array.of(0x401000n, 0x401002n, 0x401010n),
  length: Uint8Array.of(2, 2, 10),
  code_low: BigUint64Array.of(0xff85n, 0x0c74n, 0x0807060504030201n),
  code_high: BigUint64Array.of(0n, 0n, 0x0a09n),
  function: Uint32Array.of(1, 1, 1),
  function_offset: Float64Array.of(0, 2, 16),
  image: Uint32Array.of(1, 1, 1),
  class: Uint8Array.of(0, 1, 0),
  end: Uint8Array.of(0, visitEnd.taken, 0),
  target: BigUint64Array.of(0n, 0x401010n, 0n),
  queue: Uint32Array.of(0, 0, 0),
  cpu: Int32Array.of(3, 3, -1),
  offset: Float64Array.of(64, 64, 70),
  block: BigUint64Array.of(0x401000n, 0x401000n, 0x401010n),
  cycles: Float64Array.of(NaN, 3, NaN),
  cycle_instructions: Float64Array.of(NaN, 8, NaN),
  file: textColumn(['/src/book.c', '/src/book.c', '']),
  line: Uint32Array.of(12, 13, 0),
  inlined: textColumn(['', '', '']),
  mode: Uint8Array.of(2, 1, 0),
  gap_lost: Uint8Array.of(0, 1, 0),
  gap_text: textColumn(['', 'Trace was lost.', 'Not traced.']),
}
const functions: FunctionsTable = {
  rows: 2,
  name: textColumn(['', 'main']),
  image: Uint32Array.of(0, 1),
  address: BigUint64Array.of(0n, 0x401000n),
  size: BigUint64Array.of(0n, 64n),
}
const images: ImagesTable = {
  rows: 2,
  path: textColumn(['', '/usr/bin/book']),
  build_id: textColumn(['', '']),
  own_build_id: textColumn(['', '']),
  debug_link: textColumn(['', '']),
  alternate: textColumn(['', '']),
  alternate_id: textColumn(['', '']),
  alternate_given: new Uint8Array(2),
  status: Uint8Array.of(0, 1),
  anonymous: Uint8Array.of(0, 0),
  machine: new Int32Array(2),
  symbols: Uint32Array.of(0, 1),
  instructions: Float64Array.of(0, 3),
  lost_bytes: Float64Array.of(0, 0),
  gaps: Float64Array.of(0, 0),
  samples: Float64Array.of(0, 0),
  message: textColumn(['', '']),
}
const names = { functions, images }

describe('marks', () => {
  it('points down for a branch ahead', () =>
    expect(markOf(visitEnd.taken, 0x10n, 0x20n)).toEqual({ shape: 'down', taken: true, word: 'branch taken' }))
  it('points up for a loop', () => expect(markOf(visitEnd.jump, 0x20n, 0x10n)?.shape).toBe('up'))
  it('tells a branch not taken', () => expect(markOf(visitEnd.notTaken, 0x20n, 0n)?.taken).toBe(false))
  it('has none inside a block or where a block is only cut', () => expect([0, 1].map((end) => markOf(end, 1n, 1n))).toEqual([null, null]))
})

it('tells tracing that was off from trace that was lost', () => {
  expect([1, 2].map((index) => gapLost(table, index))).toEqual([true, false])
})

describe('cells', () => {
  it('takes bytes from both halves', () => expect(codeText(codeOf(table, 2))).toBe('01 02 03 04 05 06 07 08 09 0a'))
  it('reads code in the mode it ran in', () => expect([0, 1, 2].map((index) => bitsOf(table, index))).toEqual([64, 32, 16]))
  it('counts time from the start or on perf’s clock', () => {
    expect(timeText(112.4, 'start', 12_000_000_000n)).toBe('0.000000112')
    expect(timeText(112.4, 'perf', 12_000_000_000n)).toBe('12.000000112')
    expect(timeText(NaN, 'perf', 0n)).toBe('')
  })
  it('shows time only when it passed', () =>
    expect([deltaText(112, 100), deltaText(100, 100), deltaText(1, NaN)]).toEqual(['+12 ns', '', '']))
  it('shows IPC where a measurement ends, cut as perf cuts it', () =>
    expect([0, 1].map((index) => ipcText(table, index))).toEqual(['', '2.66']))
  it('names the source line', () => expect([0, 2].map((index) => sourceText(table, index))).toEqual(['book.c:12', '']))
  it('names the target by the row it led to', () => {
    expect(targetText(table, 1, { table, index: 2 }, names)).toBe('main+0x10')
    expect(targetText(table, 1, { table, index: 0 }, names)).toBe('0x401010')
    expect(targetText(table, 0, null, names)).toBe('')
  })
})

it('copies rows as perf prints them', () => {
  const thread = { comm: 'book', tid: 77, start_ns: 12_000_000_000n }
  expect(perfLine(table, 1, thread, names, 'je 0x401010')).toBe(
    '            book    77 [003]    12.000000100:           401002 main+0x2 (/usr/bin/book) insn: 74 0c\t\tje 0x401010',
  )
  expect(perfLine(table, 2, thread, { functions: null, images: null }, '')).toBe(
    '            book    77    12.000000112:           401010 [unknown] ([unknown]) insn: 01 02 03 04 05 06 07 08 09 0a',
  )
})

describe('the jump box', () => {
  it('reads a time', () => expect(parseJump('1.5ms', 0n)).toEqual({ kind: 'time', time_ns: 1_500_000 }))
  it('reads the number of an instruction', () => expect(parseJump('#12,345', 0n)).toEqual({ kind: 'ordinal', ordinal: 12_345 }))
  it('reads an address', () => expect(parseJump(' 0x401000 ', 0n)).toEqual({ kind: 'address', ip: 0x401000n }))
  it('reads a time that perf printed', () => expect(parseJump('12.000000345:', 12_000_000_000n)).toEqual({ kind: 'time', time_ns: 345 }))
  it('says what is before the start', () =>
    expect(parseJump('11.000000345', 12_000_000_000n)).toEqual({
      kind: 'unclear',
      sentence: '11.000000345 s on perf’s clock is before the trace’s start at 12.000000000 s.',
    }))
  it('asks for a unit', () =>
    expect(parseJump('15', 0n)).toMatchObject({ kind: 'unclear', sentence: expect.stringContaining('needs a unit') }))
})

it('a source line is told where it begins, when its text is known', () => {
  const lines = (texts: Record<number, string>, before: number | null) =>
    [0, 1, 2].map((index) => {
      const row = newSourceLine({ table, index }, before === null ? null : { table, index: before }, (_, line) => texts[line] ?? null)
      return row ? `${row.file}:${row.line} ${row.text}` : 'none'
    })
  expect(lines({ 12: 'if (x)', 13: '  y();' }, null)).toEqual(['/src/book.c:12 if (x)', '/src/book.c:13   y();', 'none'])
  expect(lines({ 12: 'if (x)', 13: '  y();' }, 0)).toEqual(['none', '/src/book.c:13   y();', 'none'])
  // After a gap a line begins anew.
  expect(lines({ 12: 'if (x)', 13: '  y();' }, 1)).toEqual(['/src/book.c:12 if (x)', '/src/book.c:13   y();', 'none'])
  expect(lines({}, null)).toEqual(['none', 'none', 'none'])
})
