// SPDX-License-Identifier: Apache-2.0
// What the instructions view shows of the `instructions` table: marks at
// branches, times, the text that Ctrl+C gives, and what the jump box
// understands. Pure; no React.
import { cutRatioText, hexText, parseHex, parseOrdinal, secondsText, wholeNs } from '../../lib/exact-text'
import { textAt } from '../../lib/text-column'
import { baseName, pathOf, symbolText, type NameTables } from '../../model/places'
import type { InstructionsTable } from '../../model/tables.gen'
import { countText, durationText, parseTime } from '../../widgets/number-text'

/** Values of the column `end`: enum ptm_end + 1. */
export const visitEnd = {
  none: 0,
  fallthrough: 1,
  notTaken: 2,
  taken: 3,
  jump: 4,
  call: 5,
  return: 6,
  far: 7,
  async: 8,
  off: 9,
  abort: 10,
  lost: 11,
} as const

export type MarkShape = 'down' | 'up' | 'call' | 'return' | 'far' | 'async' | 'off' | 'straight'

/** The sign at an instruction that ends a visit; `taken`: control went elsewhere. */
export type Mark = { shape: MarkShape; taken: boolean; word: string }

const plainMarks: Record<number, Mark> = {
  [visitEnd.notTaken]: { shape: 'straight', taken: false, word: 'branch not taken' },
  [visitEnd.call]: { shape: 'call', taken: true, word: 'call' },
  [visitEnd.return]: { shape: 'return', taken: true, word: 'return' },
  [visitEnd.far]: { shape: 'far', taken: true, word: 'far transfer' },
  [visitEnd.async]: { shape: 'async', taken: true, word: 'interrupted after this instruction' },
  [visitEnd.off]: { shape: 'off', taken: true, word: 'left the traced code' },
  [visitEnd.abort]: { shape: 'async', taken: true, word: 'transaction aborted' },
  [visitEnd.lost]: { shape: 'off', taken: false, word: 'trace is lost after this instruction' },
}

export function markOf(end: number, ip: bigint, target: bigint): Mark | null {
  const plain = plainMarks[end]
  if (plain !== undefined) return plain
  if (end !== visitEnd.taken && end !== visitEnd.jump) return null
  const word = end === visitEnd.taken ? 'branch taken' : 'jump'
  return { shape: target !== 0n && target <= ip ? 'up' : 'down', taken: true, word }
}

/** The gap before this row lost trace; false: tracing was off, nothing went wrong. */
export const gapLost = (table: InstructionsTable, index: number): boolean => table.gap_lost[index] === 1

/** True when a visit ends here: a rule is drawn below. */
export const endsVisit = (end: number): boolean => end !== visitEnd.none && end !== visitEnd.fallthrough

/** The instruction's bytes as they stand in memory. */
export function codeOf(table: InstructionsTable, index: number): Uint8Array {
  const length = Math.min(15, table.length[index] ?? 0)
  const low = table.code_low[index] ?? 0n
  const high = table.code_high[index] ?? 0n
  return Uint8Array.from({ length }, (_, byte) => Number(((byte < 8 ? low : high) >> BigInt((byte % 8) * 8)) & 0xffn))
}

export const codeText = (code: Uint8Array): string => Array.from(code, (byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** The mode the code ran in. */
export function bitsOf(table: InstructionsTable, index: number): 16 | 32 | 64 {
  const mode = table.mode[index]
  return mode === 0 ? 16 : mode === 1 ? 32 : 64
}

/** A 64-bit address with all its digits would drown the table: at least six, as many as needed. */
export const addressText = (ip: bigint): string => ip.toString(16).padStart(6, '0')

export type TimeBase = 'start' | 'perf'

/** Seconds with nine decimals, from the trace's start or on perf's clock. */
export function timeText(time_ns: number, base: TimeBase, start_ns: bigint): string {
  const whole = wholeNs(time_ns)
  return whole === null ? '' : secondsText(base === 'perf' ? whole + start_ns : whole)
}

/** "+12 ns" since the row before; '' when no time passed or none is known. */
export function deltaText(time_ns: number, before_ns: number): string {
  const delta = time_ns - before_ns
  return Number.isNaN(delta) || delta === 0 ? '' : `${delta > 0 ? '+' : ''}${durationText(delta)}`
}

/** "2.50": instructions per cycle since the last measurement; '' where none ends. */
export function ipcText(table: InstructionsTable, index: number): string {
  const cycles = table.cycles[index] ?? NaN
  return cycles > 0 ? cutRatioText(table.cycle_instructions[index] ?? NaN, cycles) : ''
}

export function cyclesText(table: InstructionsTable, index: number): string {
  const cycles = table.cycles[index] ?? NaN
  return Number.isNaN(cycles) ? '' : countText(cycles)
}

/** "book.c:120"; '' unknown. */
export function sourceText(table: InstructionsTable, index: number): string {
  const line = table.line[index] ?? 0
  const file = textAt(table.file, index)
  return file === '' || line === 0 ? '' : `${baseName(file)}:${line}`
}

type RowOf = { table: InstructionsTable; index: number }

/** The source line that begins at a row: another than the row's before, or the first after a gap; null: the same, or its text is not known. */
export function newSourceLine(
  { table, index }: RowOf,
  before: RowOf | null,
  lineOf: (file: string, line: number) => string | null,
): { file: string; line: number; text: string } | null {
  const file = textAt(table.file, index)
  const line = table.line[index] ?? 0
  const goesOn =
    before !== null && textAt(table.gap_text, index) === '' && before.table.line[before.index] === line && textAt(before.table.file, before.index) === file
  const text = goesOn ? null : lineOf(file, line)
  return text === null ? null : { file, line, text }
}

/** Where a branch went, by the row it led to when that is known: "main+0x12", else an address. */
export function targetText(
  table: InstructionsTable,
  index: number,
  next: { table: InstructionsTable; index: number } | null,
  names: NameTables,
): string {
  const target = table.target[index] ?? 0n
  if (target === 0n) return ''
  const led = next !== null && next.table.ip[next.index] === target
  const symbol = led ? symbolText(names, next.table.function[next.index] ?? 0, next.table.function_offset[next.index] ?? 0) : ''
  return symbol === '' ? hexText(target) : symbol
}

/** Who ran the rows that are copied. */
export type CopiedThread = { comm: string; tid: number; start_ns: bigint }

/** One row the way `perf script --insn-trace` prints it, with the disassembly behind it. */
export function perfLine(table: InstructionsTable, index: number, thread: CopiedThread, names: NameTables, text: string): string {
  const cpu = table.cpu[index] ?? -1
  const place = cpu < 0 ? '' : `[${String(cpu).padStart(3, '0')}] `
  const time = timeText(table.time_ns[index] ?? NaN, 'perf', thread.start_ns)
  const when = time === '' ? '' : `${time.padStart(15)}: `
  const ip = (table.ip[index] ?? 0n).toString(16).padStart(16)
  const symbol = symbolText(names, table.function[index] ?? 0, table.function_offset[index] ?? 0) || '[unknown]'
  const image = pathOf(names.images, table.image[index] ?? 0) || '[unknown]'
  const line = `${thread.comm.padStart(16)} ${String(thread.tid).padStart(5)} ${place}${when}${ip} ${symbol} (${image}) insn: ${codeText(codeOf(table, index))}`
  return text === '' ? line : `${line}\t\t${text}`
}

export type Jump =
  | { kind: 'time'; time_ns: number }
  | { kind: 'ordinal'; ordinal: number }
  | { kind: 'address'; ip: bigint }
  | { kind: 'unclear'; sentence: string }

export const jumpHint = '1.5ms · #12345 · 0x401000 · 12.000345678 (time as perf prints it)'

/** Reads the jump box. A bare number with nine decimals is a time as perf prints it. */
export function parseJump(text: string, start_ns: bigint): Jump {
  const typed = text.trim().replace(/:$/, '')
  const duration = /s$/i.test(typed) ? parseTime(typed) : null
  if (duration !== null) return { kind: 'time', time_ns: duration }
  const ordinal = parseOrdinal(typed)
  if (ordinal !== null) return { kind: 'ordinal', ordinal }
  const ip = parseHex(typed)
  if (ip !== null) return { kind: 'address', ip }
  const perf = /^(\d+)\.(\d{6}|\d{9})$/.exec(typed)
  if (perf !== null) return perfTime(perf[1] ?? '0', perf[2] ?? '0', start_ns)
  if (/^[\d.,_]+$/.test(typed)) {
    return {
      kind: 'unclear',
      sentence: `“${typed}” needs a unit: ${typed}ms is a time since the start, #${typed} the number of an instruction.`,
    }
  }
  return { kind: 'unclear', sentence: `“${typed}” is no time (1.5ms), no number of an instruction (#12345) and no address (0x401000).` }
}

function perfTime(seconds: string, decimals: string, start_ns: bigint): Jump {
  const absolute = BigInt(seconds) * 1_000_000_000n + BigInt(decimals.padEnd(9, '0'))
  const time_ns = Number(absolute - start_ns)
  if (time_ns >= 0) return { kind: 'time', time_ns }
  return {
    kind: 'unclear',
    sentence: `${seconds}.${decimals} s on perf’s clock is before the trace’s start at ${secondsText(start_ns)} s.`,
  }
}
