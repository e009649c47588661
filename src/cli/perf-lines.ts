// SPDX-License-Identifier: Apache-2.0
// Lines of `perf script` 6.1 from the samples table, byte for byte: branches,
// instructions and trace errors. Writes bytes; decides nothing about which.
import type { ByteWriter } from '../lib/byte-writer'
import type { TextColumn } from '../lib/text-column'
import type { Tables } from '../model/tables.gen'
import type { Fields } from './fields'
import { flagsText } from './perf-flags'

export const SampleKind = { BRANCH: 1, INSTRUCTION: 2, ERROR: 4 } as const

export type LineStyle = {
  fields: Fields
  branches_name: string
  instructions_name: string
  /** Width of the longest event name of the session. */
  event_width: number
  /** Nanoseconds instead of microseconds. */
  ns: boolean
}

const errorMessages = [
  '',
  'Memory allocation failed',
  'Internal error',
  'Bad packet',
  'No more data',
  'Failed to get instruction',
  "Trace doesn't match instruction",
  'Overflow packet',
  'Lost trace data',
  'Unknown error!',
  'Never-ending loop (refer perf config intel-pt.max-loops)',
  'Broken emulated ptwrite',
]

const encoder = new TextEncoder()
const unknownSymbol = encoder.encode(' [unknown]')
const unknownDso = encoder.encode(' ([unknown])')
/** Every line's parts but its texts, generously. */
const LINE_BYTES = 512
const SPACE = 0x20

/** 64-bit columns as 32-bit halves: low at 2 * row, high after it. */
type Halves = Uint32Array
const halves = (column: BigUint64Array): Halves => new Uint32Array(column.buffer, column.byteOffset, column.length * 2)

type Place = { address: Halves; symbol: TextColumn; offset: Halves; dso: TextColumn }

export class PerfLines {
  private readonly flags = new Map<number, Uint8Array>()
  private readonly events: Record<number, Uint8Array>

  constructor(
    private readonly style: LineStyle,
    private readonly out: ByteWriter,
  ) {
    const event = (name: string) => encoder.encode(`${name.padStart(style.event_width)}: `)
    this.events = { [SampleKind.BRANCH]: event(style.branches_name), [SampleKind.INSTRUCTION]: event(style.instructions_name) }
  }

  /** Appends the table's rows; the writer grows as needed. */
  write(table: Tables['samples']): void {
    const columns = new Columns(table)
    for (let row = 0; row < table.rows; row++) {
      this.out.reserve(LINE_BYTES)
      if (table.kind[row] === SampleKind.ERROR) this.error(columns, row)
      else this.sample(columns, row)
    }
  }

  private sample(columns: Columns, row: number): void {
    const { fields } = this.style
    const { out } = this
    const branch = columns.table.kind[row] === SampleKind.BRANCH
    this.start(columns, row)
    if (branch) {
      if (fields.ip) {
        out.byte(SPACE)
        this.place(columns.ip, row)
      }
      if (fields.addr || !fields.chosen) {
        arrow(out)
        this.place(columns.addr, row)
      }
      if (fields.ipc) this.ipc(columns, row)
      this.instruction(columns, row)
    } else {
      if (fields.addr) out.hex(columns.addr.address[row * 2] ?? 0, columns.addr.address[row * 2 + 1] ?? 0, 16)
      if (fields.ip) {
        out.byte(SPACE)
        this.place(columns.ip, row)
      }
      this.instruction(columns, row)
      if (fields.ipc) this.ipc(columns, row)
    }
    out.byte(0x0a)
  }

  private start(columns: Columns, row: number): void {
    const { fields, ns } = this.style
    const { out } = this
    const { table } = columns
    if (fields.comm) {
      padLeft(out, table.comm, row, 16)
      out.byte(SPACE)
    }
    if (fields.pid || fields.tid) this.ids(table.pid[row] ?? 0, table.tid[row] ?? 0)
    const cpu = table.cpu[row] ?? -1
    if (fields.cpu && (cpu >= 0 || fields.asked.has('cpu'))) {
      out.byte(0x5b)
      out.zeros(cpu, 3)
      out.byte(0x5d)
      out.byte(SPACE)
    }
    if (fields.time) this.time(columns, row, ns)
    if (fields.period) {
      out.spaces(9)
      out.byte(0x31)
      out.byte(SPACE)
    }
    if (fields.event) copyAll(out, this.events[table.kind[row] ?? 0] ?? unknownSymbol)
    if (fields.flags) copyAll(out, this.flagsOf(table.flags[row] ?? 0))
  }

  private ids(pid: number, tid: number): void {
    const { fields } = this.style
    const { out } = this
    out.decimal(fields.pid ? pid : tid, 5)
    if (fields.pid && fields.tid) {
      out.byte(0x2f)
      const from = out.length
      out.decimal(tid)
      out.spaces(5 - (out.length - from))
    }
    out.byte(SPACE)
  }

  private time(columns: Columns, row: number, ns: boolean): void {
    const { out } = this
    const low = columns.time[row * 2] ?? 0
    const high = columns.time[row * 2 + 1] ?? 0
    // Without a time in the samples perf leaves the field out.
    if (low === 0 && high === 0) return
    const [seconds, rest] = splitTime(low, high)
    out.decimal(seconds, 5)
    out.byte(0x2e)
    if (ns) out.zeros(rest, 9)
    else out.zeros(Math.floor(rest / 1000), 6)
    out.byte(0x3a)
    out.byte(SPACE)
  }

  private flagsOf(flags: number): Uint8Array {
    let text = this.flags.get(flags)
    if (!text) this.flags.set(flags, (text = encoder.encode(flagsText(flags))))
    return text
  }

  private place(place: Place, row: number): void {
    const { fields } = this.style
    const { out } = this
    out.hex(place.address[row * 2] ?? 0, place.address[row * 2 + 1] ?? 0, 16)
    if (fields.sym) this.symbol(place, row)
    if (fields.dso) {
      const start = place.dso.offsets[row] ?? 0
      const end = place.dso.offsets[row + 1] ?? 0
      if (start === end) return copyAll(out, unknownDso)
      out.byte(SPACE)
      out.byte(0x28)
      out.copy(place.dso.pool, start, end)
      out.reserve(LINE_BYTES)
      out.byte(0x29)
    }
  }

  private symbol(place: Place, row: number): void {
    const { out } = this
    const start = place.symbol.offsets[row] ?? 0
    const end = place.symbol.offsets[row + 1] ?? 0
    if (start === end) return copyAll(out, unknownSymbol)
    out.byte(SPACE)
    out.copy(place.symbol.pool, start, end)
    out.reserve(LINE_BYTES)
    if (!this.style.fields.symoff) return
    out.byte(0x2b)
    out.byte(0x30)
    out.byte(0x78)
    out.hex(place.offset[row * 2] ?? 0, place.offset[row * 2 + 1] ?? 0)
  }

  private instruction(columns: Columns, row: number): void {
    const { fields } = this.style
    const { out } = this
    const length = columns.table.length[row] ?? 0
    if (fields.insnlen) {
      literal(out, ' ilen: ')
      out.decimal(length)
    }
    if (!fields.insn || length === 0) return
    literal(out, ' insn:')
    for (let byte = 0; byte < length && byte < 16; byte++) {
      const words = byte < 8 ? columns.code_low : columns.code_high
      out.byte(SPACE)
      out.hexByte((words[row * 2 + ((byte & 7) >> 2)] ?? 0) >>> ((byte & 3) * 8))
    }
  }

  private ipc(columns: Columns, row: number): void {
    const instructions = columns.table.ipc_instructions[row] ?? 0
    const cycles = columns.table.ipc_cycles[row] ?? 0
    if (!(instructions > 0) || !(cycles > 0)) return
    const { out } = this
    const hundredths = Math.floor((instructions * 100) / cycles)
    literal(out, ' \t IPC: ')
    out.decimal(Math.floor(hundredths / 100))
    out.byte(0x2e)
    out.zeros(hundredths % 100, 2)
    literal(out, ' (')
    out.decimal(instructions)
    out.byte(0x2f)
    out.decimal(cycles)
    literal(out, ') ')
  }

  private error(columns: Columns, row: number): void {
    const { out } = this
    const { table } = columns
    literal(out, ' instruction trace error type 1 time ')
    const low = columns.time[row * 2] ?? 0
    const high = columns.time[row * 2 + 1] ?? 0
    if (low === 0 && high === 0) out.byte(0x30)
    else {
      const [seconds, rest] = splitTime(low, high)
      out.decimal(seconds)
      out.byte(0x2e)
      out.zeros(rest, 9)
    }
    literal(out, ' cpu ')
    out.decimal(table.cpu[row] ?? -1)
    literal(out, ' pid ')
    out.decimal(table.pid[row] ?? -1)
    literal(out, ' tid ')
    out.decimal(table.tid[row] ?? -1)
    const ip_low = columns.ip.address[row * 2] ?? 0
    const ip_high = columns.ip.address[row * 2 + 1] ?? 0
    literal(out, ip_low === 0 && ip_high === 0 ? ' ip ' : ' ip 0x')
    out.hex(ip_low, ip_high)
    literal(out, ' code ')
    const code = table.error[row] ?? 0
    out.decimal(code)
    literal(out, `: ${errorMessages[code] ?? 'Unknown error!'}\n`)
  }
}

/** The table's columns in the form lines are made from. */
class Columns {
  readonly time: Halves
  readonly ip: Place
  readonly addr: Place
  readonly code_low: Halves
  readonly code_high: Halves

  constructor(readonly table: Tables['samples']) {
    this.time = halves(table.time)
    this.ip = { address: halves(table.ip), symbol: table.ip_symbol, offset: halves(table.ip_offset), dso: table.ip_dso }
    this.addr = { address: halves(table.addr), symbol: table.addr_symbol, offset: halves(table.addr_offset), dso: table.addr_dso }
    this.code_low = halves(table.code_low)
    this.code_high = halves(table.code_high)
  }
}

/** Whole seconds and the ns that are left; exact for every u64. */
function splitTime(low: number, high: number): [number, number] {
  if (high < 0x200000) {
    const time = high * 0x100000000 + low
    const seconds = Math.floor(time / 1e9)
    return [seconds, time - seconds * 1e9]
  }
  const time = (BigInt(high) << 32n) | BigInt(low)
  return [Number(time / 1000000000n), Number(time % 1000000000n)]
}

function padLeft(out: ByteWriter, column: TextColumn, row: number, width: number): void {
  const start = column.offsets[row] ?? 0
  const end = column.offsets[row + 1] ?? 0
  out.spaces(width - (end - start))
  out.copy(column.pool, start, end)
  out.reserve(LINE_BYTES)
}

function arrow(out: ByteWriter): void {
  out.byte(SPACE)
  out.byte(0x3d)
  out.byte(0x3e)
  out.byte(SPACE)
}

function copyAll(out: ByteWriter, bytes: Uint8Array): void {
  out.copy(bytes, 0, bytes.length)
}

/** ASCII. */
function literal(out: ByteWriter, text: string): void {
  for (let index = 0; index < text.length; index++) out.byte(text.charCodeAt(index))
}
