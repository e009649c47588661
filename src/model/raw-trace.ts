// SPDX-License-Identifier: Apache-2.0
// A raw stream of Intel PT packets (of gdb, lldb, simple-pt, DynamoRIO, …) as a
// perf.data: the few records that go before it, so that it opens like any
// other trace; and flat code as an ELF file. Formats: perf.data-file-format.txt,
// perf_event_open(2), the ELF specification. The stream itself is never copied.

export type RawCode = {
  /** What it is called; unique among a trace's code. */
  name: string
  address: bigint
  size: bigint
  /** Where in the file the code at `address` is. */
  offset: bigint
}

/** What the packets do not say of their CPU; 0: not known. */
export type RawCpu = {
  family: number
  model: number
  stepping: number
  /** MTC period: one packet every 2^N ticks of the crystal clock. */
  mtcFreq: number
  /** Ratio of the nominal frequency to 100 MHz. */
  nomFreq: number
  /** TSC ticks to crystal clock ticks: ebx / eax of CPUID leaf 0x15. */
  cpuid15Eax: number
  cpuid15Ebx: number
  /** 1: only code under one CR3 was traced, so a MOV CR3 may end it. */
  cr3Filter: number
}

export const unknownCpu: RawCpu = { family: 0, model: 0, stepping: 0, mtcFreq: 0, nomFreq: 0, cpuid15Eax: 0, cpuid15Ebx: 0, cr3Filter: 0 }

const ATTR_BYTES = 128
const HEADER_BYTES = 104
const PT_TYPE = 8
const THREAD = 1
/** IP, TID, TIME, CPU, IDENTIFIER. */
const SAMPLE_TYPE = 0x10087n
const config = { cyc: 1n << 1n, cr3Filter: 1n << 7n, mtc: 1n << 9n, tsc: 1n << 10n, noretcomp: 1n << 11n, branch: 1n << 13n, mtcShift: 14n }
const FEATURE_CPUID = 9
const FEATURE_AUXTRACE = 18
const AUXTRACE_BYTES = 48

const encoder = new TextEncoder()

/** Little-endian bytes, put together. */
class Bytes {
  private parts: number[] = []
  u8 = (value: number): this => this.uint(BigInt(value), 1)
  u16 = (value: number): this => this.uint(BigInt(value), 2)
  u32 = (value: number): this => this.uint(BigInt.asUintN(32, BigInt(value)), 4)
  u64 = (value: bigint | number): this => this.uint(BigInt.asUintN(64, BigInt(value)), 8)
  bytes(bytes: ArrayLike<number>): this {
    for (let at = 0; at < bytes.length; at++) this.parts.push(bytes[at] ?? 0)
    return this
  }
  text = (text: string): this => this.bytes(encoder.encode(text))
  /** With its NUL, padded to 8 bytes. */
  padded(text: string): this {
    this.text(text).u8(0)
    while (this.parts.length % 8 !== 0) this.parts.push(0)
    return this
  }
  get length(): number {
    return this.parts.length
  }
  done = (): Uint8Array<ArrayBuffer> => Uint8Array.from(this.parts)
  private uint(value: bigint, bytes: number): this {
    for (let at = 0; at < bytes; at++) this.parts.push(Number((value >> BigInt(8 * at)) & 255n))
    return this
  }
}

function record(type: number, misc: number, body: Uint8Array): Uint8Array {
  return new Bytes()
    .u32(type)
    .u16(misc)
    .u16(8 + body.length)
    .bytes(body)
    .done()
}

/** pid, tid, time, cpu, id: what SAMPLE_TYPE puts behind every record. */
const trailer = (bytes: Bytes) => bytes.u32(THREAD).u32(THREAD).u64(0).u32(-1).u32(0).u64(1)

function comm(): Uint8Array {
  return record(3, 0, trailer(new Bytes().u32(THREAD).u32(THREAD).padded('raw')).done())
}

function map(code: RawCode): Uint8Array {
  const body = new Bytes().u32(THREAD).u32(THREAD).u64(code.address).u64(code.size).u64(code.offset)
  body.u32(0).u32(0).u64(0).u64(0).u32(5).u32(2)
  return record(10, 2, trailer(body.padded(code.name.slice(0, 4000))).done())
}

/** TSC ticks to ns, as perf's mult and shift; without a frequency one tick is shown as one ns. */
function timeConversion(cpu: RawCpu): { shift: bigint; mult: bigint } {
  if (cpu.nomFreq <= 0) return { shift: 0n, mult: 1n }
  return { shift: 28n, mult: ((10n << 28n) + BigInt(cpu.nomFreq) / 2n) / BigInt(cpu.nomFreq) }
}

function auxtraceInfo(cpu: RawCpu, timed: boolean): Uint8Array {
  const { shift, mult } = timeConversion(cpu)
  const mask = 15n << config.mtcShift
  const words = [PT_TYPE, shift, mult, 0, timed ? 1 : 0, config.tsc, config.noretcomp, 0, 0, 0, config.mtc, mask]
  words.push(cpu.cpuid15Ebx, cpu.cpuid15Eax, config.cyc, cpu.nomFreq, 0, 0)
  const body = new Bytes().u32(1).u32(0)
  for (const word of words) body.u64(word)
  return record(70, 0, body.done())
}

function attribute(cpu: RawCpu): Uint8Array {
  const filter = cpu.cr3Filter === 1 ? config.cr3Filter : 0n
  const bits = filter | config.tsc | config.mtc | config.cyc | config.branch | 1n | (BigInt(cpu.mtcFreq & 15) << config.mtcShift)
  const sampleIdAll = 1n << 18n
  const body = new Bytes().u32(PT_TYPE).u32(ATTR_BYTES).u64(bits).u64(1).u64(SAMPLE_TYPE).u64(4).u64(sampleIdAll)
  return body.bytes(new Uint8Array(ATTR_BYTES - body.length)).done()
}

/** What goes before and behind the stream: together they are a perf.data of one thread. */
export type RawTrace = { before: Uint8Array<ArrayBuffer>; after: Uint8Array<ArrayBuffer> }

/** `timed`: the stream holds TSC packets (see hasTime). */
export function rawTrace(cpu: RawCpu, code: readonly RawCode[], streamBytes: number, timed: boolean): RawTrace {
  const data = new Bytes().bytes(auxtraceInfo(cpu, timed)).bytes(comm())
  for (const one of code) data.bytes(map(one))
  data.bytes(record(71, 0, new Bytes().u64(streamBytes).u64(0).u64(0).u32(0).u32(THREAD).u32(-1).u32(0).done()))
  const attrs = HEADER_BYTES + 8
  const start = attrs + ATTR_BYTES + 16
  const dataBytes = data.length + streamBytes
  const cpuid = new Bytes().padded(`GenuineIntel,${cpu.family},${cpu.model},${cpu.stepping}`).done()
  // Where the stream is; perf takes a file for a trace by this.
  const index = new Bytes().u64(1).u64(start + data.length - AUXTRACE_BYTES).u64(AUXTRACE_BYTES).done()
  const features = [
    ...(cpu.family > 0 ? [{ bit: FEATURE_CPUID, body: new Bytes().u32(cpuid.length).bytes(cpuid).done() }] : []),
    { bit: FEATURE_AUXTRACE, body: index },
  ]
  const bits = features.reduce((sum, { bit }) => sum | (1n << BigInt(bit)), 0n)
  const header = new Bytes()
    .text('PERFILE2')
    .u64(HEADER_BYTES)
    .u64(ATTR_BYTES + 16)
    .u64(attrs)
    .u64(ATTR_BYTES + 16)
  header.u64(start).u64(dataBytes).u64(0).u64(0).u64(bits).u64(0).u64(0).u64(0)
  header.u64(1).bytes(attribute(cpu)).u64(HEADER_BYTES).u64(8)
  const after = new Bytes()
  let at = start + dataBytes + 16 * features.length
  for (const { body } of features) {
    after.u64(at).u64(body.length)
    at += body.length
  }
  for (const { body } of features) after.bytes(body)
  return { before: header.bytes(data.done()).done(), after: after.done() }
}

const PSB = [0x02, 0x82]
const PSB_BYTES = 16

/** Where the first PSB is in `bytes`, -1: nowhere. */
export function findPsb(bytes: Uint8Array): number {
  for (let at = 0; at + PSB_BYTES <= bytes.length; at++) {
    let length = 0
    while (length < PSB_BYTES && bytes[at + length] === PSB[length % 2]) length++
    if (length === PSB_BYTES) return at
  }
  return -1
}

/** Bytes of a packet that may stand in a PSB+ at `at`; 0: another. */
function psbPacketBytes(bytes: Uint8Array, at: number): number {
  const [first, second] = [bytes[at] ?? 0, bytes[at + 1] ?? 0]
  const fupBytes = [1, 3, 5, 7, 7, 0, 9, 0]
  if (first === 0) return 1
  if ((first & 3) === 3) return cycleBytes(bytes, at)
  if (first === 0x59) return 2
  if (first === 0x19) return 8
  if (first === 0x99) return 2
  if ((first & 31) === 29) return fupBytes[first >> 5] ?? 0
  if (first !== 2) return 0
  return { 0x03: 4, 0x73: 7, 0x43: 8, 0xc8: 7, 0x23: 2, 0xf3: 8 }[second] ?? 0
}

/** A CYC packet goes on while its bytes say so. */
function cycleBytes(bytes: Uint8Array, at: number): number {
  let length = 1
  for (let more = ((bytes[at] ?? 0) & 4) !== 0; more && at + length < bytes.length; length++) more = ((bytes[at + length] ?? 0) & 1) !== 0
  return length
}

/** Whether the PSB+ that begins at `psb` tells the time (TSC). */
export function hasTime(bytes: Uint8Array, psb: number): boolean {
  for (let at = psb + PSB_BYTES; at + 1 < bytes.length;) {
    if (bytes[at] === 0x19) return true
    const size = psbPacketBytes(bytes, at)
    if (size === 0 || (bytes[at] === 2 && bytes[at + 1] === 0x23)) return false
    at += size
  }
  return false
}

export const FLAT_HEADER_BYTES = 120

/** The ELF header that makes flat code at `address` a program; the code goes right behind it. */
export function flatHeader(address: bigint, size: bigint): Uint8Array<ArrayBuffer> {
  const ident = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  const header = new Bytes().bytes(ident).u16(2).u16(62).u32(1).u64(address).u64(64).u64(0).u32(0)
  header.u16(64).u16(56).u16(1).u16(64).u16(0).u16(0)
  header.u32(1).u32(5).u64(FLAT_HEADER_BYTES).u64(address).u64(address).u64(size).u64(size).u64(1)
  return header.done()
}

/** The executable segments of a 64-bit little-endian ELF file, from its first bytes, as they are where its lowest segment, whatever it holds, is at `base`
 * (as ptxed has it; null: at their own addresses). null: it is none. */
export function elfCode(head: Uint8Array, base: bigint | null): { address: bigint; offset: bigint; size: bigint }[] | null {
  if (head.length < 64 || head[0] !== 0x7f || head[1] !== 0x45 || head[4] !== 2 || head[5] !== 1) return null
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const [at, entry, count] = [Number(view.getBigUint64(32, true)), view.getUint16(54, true), view.getUint16(56, true)]
  const segments: { address: bigint; offset: bigint; size: bigint }[] = []
  let lowest: bigint | null = null
  for (let row = 0; row < count; row++) {
    const from = at + row * entry
    if (entry < 56 || !Number.isSafeInteger(from) || from + 56 > head.length) return null
    if (view.getUint32(from, true) !== 1) continue
    const [offset, address, size] = [8, 16, 32].map((field) => view.getBigUint64(from + field, true)) as [bigint, bigint, bigint]
    if (lowest === null || address < lowest) lowest = address
    if (view.getUint32(from + 4, true) & 1) segments.push({ offset, address, size })
  }
  const slide = base === null || lowest === null ? 0n : base - lowest
  return segments.map((segment) => ({ ...segment, address: BigInt.asUintN(64, segment.address + slide) }))
}
