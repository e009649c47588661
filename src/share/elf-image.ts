// SPDX-License-Identifier: Apache-2.0
// Writes a small ELF file that stands for a large one: the same program headers,
// code at the same file offsets but only what was executed, the symbols and line
// rows that this code needs. Holes are not stored: the file is a list of extents.
// Layout: the System V ABI; .ptarmigan.lines (wasm/src/image/line_rows.c) and .ptarmigan.symtab
// (symbol_table.c: names that perf does not read) are ours.
import { Writer } from './little-endian'

export type Load = { fileOffset: bigint; fileSize: bigint; address: bigint; memorySize: bigint; executable: boolean; section: string }
export type CodeRow = {
  address: bigint
  code: Uint8Array<ArrayBuffer>
  /** As perf prints it; '' none. */
  symbol: string
  /** perf itself does not read it: it names code in views, not in script. */
  isUnread: boolean
  symbolAddress: bigint
  symbolSize: bigint
  file: string
  line: number
  /** Where there is no line: enum ptm_lineless (wasm/src/image/image.h). */
  lineless: number
  /** Outermost first, one a line. */
  inlined: string
}
export type FrameSection = { name: string; address: bigint; fileOffset: bigint; bytes: Uint8Array<ArrayBuffer> }
export type SmallImage = {
  is32bit: boolean
  loads: readonly Load[]
  buildId: Uint8Array<ArrayBuffer>
  rows: readonly CodeRow[]
  /** Sections that stacks are unwound by. */
  frames: readonly FrameSection[]
  withLines: boolean
}

/** Bytes at file offsets, ascending and apart; the rest of `size` bytes is zero. */
export type SparseFile = { size: number; extents: { offset: number; bytes: Uint8Array<ArrayBuffer> }[] }

const PAGE = 4096n
/** Gaps of code up to this are stored: two extents cost more. */
const NEAR = 32

type Section = { name: string; type: number; flags: bigint; address: bigint; offset: number; size: number; link?: number; entry?: number }

/** File offset of an address of the image; null: in no load. */
function offsetOf(loads: readonly Load[], address: bigint): number | null {
  for (const load of loads) {
    const end = load.address + ((load.fileSize + (load.fileOffset % PAGE) + PAGE - 1n) / PAGE) * PAGE
    if (address >= load.address && address < end) return Number(address - load.address + load.fileOffset)
  }
  return null
}

/** The pieces of code as extents: sorted, overlaps joined, small gaps filled with zeros. */
function extentsOf(image: SmallImage): SparseFile['extents'] {
  const pieces = image.rows
    .map(({ address, code }) => ({ offset: offsetOf(image.loads, address), code }))
    .filter((piece): piece is { offset: number; code: Uint8Array<ArrayBuffer> } => piece.offset !== null && piece.code.length > 0)
    .concat(image.frames.map(({ fileOffset, bytes }) => ({ offset: Number(fileOffset), code: bytes })))
    .toSorted((a, b) => a.offset - b.offset)
  const extents: SparseFile['extents'] = []
  let at = 0
  let made = new Writer()
  const finish = () => {
    if (made.length > 0) extents.push({ offset: at, bytes: made.take() })
  }
  for (const { offset, code } of pieces) {
    const behind = offset - (at + made.length)
    if (made.length === 0 || behind > NEAR) {
      finish()
      made = new Writer()
      at = offset
      made.put(code)
    } else {
      if (behind > 0) made.zeros(behind)
      const fresh = code.length + Math.min(0, behind)
      if (fresh > 0) made.put(code.subarray(code.length - fresh))
    }
  }
  finish()
  return extents
}

/** Symbols with a name, each once, by address. */
function symbolsOf(rows: readonly CodeRow[]): CodeRow[] {
  const found = new Map<string, CodeRow>()
  for (const row of rows) if (row.symbol !== '') found.set(`${row.symbolAddress} ${row.symbol}`, row)
  return [...found.values()].toSorted((a, b) => (a.symbolAddress < b.symbolAddress ? -1 : 1))
}

/** Texts with NULs behind them, each once; offset 0 is ''. */
class Texts {
  readonly bytes = new Writer().u8(0)
  private readonly known = new Map<string, number>([['', 0]])
  add(text: string): number {
    const at = this.known.get(text) ?? this.bytes.length
    if (at === this.bytes.length) this.bytes.text(text)
    this.known.set(text, at)
    return at
  }
}

/** enum ptm_lineless, and what stands for a file of each (line_rows.h). */
const LINELESS_FILE = 1
const EMPTY_NAME = 0xfffffffd
const withoutFile = [0, EMPTY_NAME, 0xfffffffe, 0xffffffff] as const

type LineRow = { address: bigint; end: bigint; file: number; line: number; inlined: number; lineless: boolean }

/** Of rows at one address the one with most code first. */
const byAddress = (a: CodeRow, b: CodeRow): number => (a.address === b.address ? b.code.length - a.code.length : a.address < b.address ? -1 : 1)

/** Rows by address, each instruction once; those without a line go on over code that is not here. */
function joinedLines(rows: readonly CodeRow[], texts: Texts): LineRow[] {
  const joined: LineRow[] = []
  for (const { address, code, file, line, lineless, inlined } of rows.toSorted(byAddress)) {
    const last = joined.at(-1)
    if (last && address < last.end) continue // the same code in another block
    // The line of a place that was sampled or called from, whose code is not here.
    const end = address + BigInt(Math.max(1, code.length))
    const made = {
      file: lineless > LINELESS_FILE || file === '' ? (withoutFile[lineless] ?? 0) : texts.add(file),
      line,
      inlined: texts.add(inlined),
      lineless: lineless > 0 && inlined === '',
    }
    if (last?.lineless === true && made.lineless && last.file === made.file) last.end = end
    else joined.push({ address, end, ...made })
  }
  return joined
}

/** Header "PTML", version 1, rows, bytes of text; rows of address, length, file, line, inlined; texts. */
function lineRows(rows: readonly CodeRow[]): Uint8Array<ArrayBuffer> | null {
  const texts = new Texts()
  const known = joinedLines(rows.filter(({ line, lineless, inlined }) => line > 0 || lineless > 0 || inlined !== ''), texts)
  if (known.length === 0) return null
  const made = new Writer()
  for (const { address, end, file, line, inlined } of known) made.u64(address).u32(Number(end - address)).u32(file).u32(line).u32(inlined)
  const header = new Writer().put(new TextEncoder().encode('PTML')).u32(1).u32(known.length).u32(texts.bytes.length)
  return header.put(made.take()).put(texts.bytes.take()).take()
}

/** The small ELF file. */
export function writeElf(image: SmallImage): SparseFile {
  const wide = !image.is32bit
  const extents = extentsOf(image)
  const end = image.loads.reduce((most, load) => Math.max(most, Number(load.fileOffset + load.fileSize)), 64)
  const tailAt = Math.ceil(Math.max(end, lastByte(extents)) / 16) * 16
  const tail = new Writer()
  const sections: Section[] = [{ name: '', type: 0, flags: 0n, address: 0n, offset: 0, size: 0 }]
  const place = () => tailAt + tail.length
  const add = (section: Omit<Section, 'offset' | 'size'>, bytes: Uint8Array<ArrayBuffer>) => {
    tail.align(8)
    sections.push({ ...section, offset: place(), size: bytes.length })
    tail.put(bytes)
  }
  const programs = place()
  const noteAt = tail.length + (image.loads.length + 1) * (wide ? 56 : 32)
  const note = buildIdNote(image.buildId)
  for (const load of image.loads) writeLoad(tail, wide, load)
  writeProgram(tail, wide, { type: 4, flags: 4, offset: tailAt + noteAt, address: 0n, size: note.length, memory: note.length, align: 4 })
  sections.push({ name: '.note.gnu.build-id', type: 7, flags: 0n, address: 0n, offset: place(), size: note.length })
  tail.put(note)
  const codeSections = new Map<Load, number>()
  for (const load of image.loads.filter(({ executable }) => executable)) {
    codeSections.set(load, sections.length)
    sections.push({
      name: load.section !== '' ? load.section : codeSections.size === 1 ? '.text' : `.text.${codeSections.size}`,
      type: 1,
      flags: 6n,
      address: load.address,
      offset: Number(load.fileOffset),
      size: Number(load.fileSize),
    })
  }
  for (const { name, address, fileOffset, bytes } of image.frames)
    sections.push({ name, type: 1, flags: 2n, address, offset: Number(fileOffset), size: bytes.length })
  addSymbols(image.rows.filter(({ isUnread }) => !isUnread), '.', wide, codeSections, sections.length, add)
  addSymbols(image.rows.filter(({ isUnread }) => isUnread), '.ptarmigan.', wide, codeSections, sections.length, add)
  const lines = image.withLines ? lineRows(image.rows) : null
  if (lines) add({ name: '.ptarmigan.lines', type: 1, flags: 0n, address: 0n }, lines)
  const names = new Texts()
  for (const { name } of sections) names.add(name)
  names.add('.shstrtab')
  add({ name: '.shstrtab', type: 3, flags: 0n, address: 0n }, names.bytes.take())
  tail.align(8)
  const sectionsAt = place()
  for (const section of sections) writeSection(tail, wide, section, names.add(section.name))
  const header = writeHeader(wide, programs, image.loads.length + 1, sectionsAt, sections.length)
  // Code in the first bytes of a file there is not: the header of the original stands there.
  const code = extents.filter(({ offset }) => offset >= header.length)
  return { size: tailAt + tail.length, extents: [{ offset: 0, bytes: header }, ...code, { offset: tailAt, bytes: tail.take() }] }
}

const lastByte = (extents: SparseFile['extents']): number => {
  const last = extents.at(-1)
  return last ? last.offset + last.bytes.length : 0
}

function buildIdNote(id: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Writer().u32(4).u32(id.length).u32(3).text('GNU').put(id).align(4).take()
}

function addSymbols(
  rows: readonly CodeRow[],
  prefix: string,
  wide: boolean,
  codeSections: ReadonlyMap<Load, number>,
  next: number,
  add: (section: Omit<Section, 'offset' | 'size'>, bytes: Uint8Array<ArrayBuffer>) => void,
): void {
  const symbols = symbolsOf(rows)
  if (symbols.length === 0) return
  const names = new Texts()
  const table = new Writer().zeros(wide ? 24 : 16)
  for (const { symbol, symbolAddress, symbolSize } of symbols) {
    const at = [...codeSections].find(
      ([load]) => symbolAddress >= load.address && symbolAddress < load.address + load.fileSize,
    )
    const section = at?.[1] ?? [...codeSections.values()][0] ?? 0
    const name = names.add(symbol)
    if (wide) table.u32(name).u8(0x12).u8(0).u16(section).u64(symbolAddress).u64(symbolSize)
    else table.u32(name).u32(Number(symbolAddress)).u32(Number(symbolSize)).u8(0x12).u8(0).u16(section)
  }
  add({ name: `${prefix}symtab`, type: 2, flags: 0n, address: 0n, link: next + 1, entry: wide ? 24 : 16 }, table.take())
  add({ name: `${prefix}strtab`, type: 3, flags: 0n, address: 0n }, names.bytes.take())
}

type Program = { type: number; flags: number; offset: number; address: bigint; size: number; memory: number; align: number }

function writeLoad(into: Writer, wide: boolean, load: Load): void {
  writeProgram(into, wide, {
    type: 1,
    flags: load.executable ? 5 : 4,
    offset: Number(load.fileOffset),
    address: load.address,
    size: Number(load.fileSize),
    memory: Number(load.memorySize),
    align: Number(PAGE),
  })
}

function writeProgram(into: Writer, wide: boolean, { type, flags, offset, address, size, memory, align }: Program): void {
  if (wide) into.u32(type).u32(flags).u64(offset).u64(address).u64(address).u64(size).u64(memory).u64(align)
  else into.u32(type).u32(offset).u32(Number(address)).u32(Number(address)).u32(size).u32(memory).u32(flags).u32(align)
}

function writeSection(into: Writer, wide: boolean, section: Section, name: number): void {
  const { type, flags, address, offset, size, link = 0, entry = 0 } = section
  const info = type === 2 ? 1 : 0
  into.u32(name).u32(type)
  if (wide) into.u64(flags).u64(address).u64(offset).u64(size).u32(link).u32(info).u64(type === 7 ? 4 : 8).u64(entry)
  else into.u32(Number(flags)).u32(Number(address)).u32(offset).u32(size).u32(link).u32(info).u32(4).u32(entry)
}

function writeHeader(wide: boolean, programs: number, programCount: number, sections: number, sectionCount: number): Uint8Array<ArrayBuffer> {
  const made = new Writer(64)
  made.put(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1, 0])).zeros(8)
  made.u16(3).u16(wide ? 62 : 3).u32(1)
  if (wide) made.u64(0).u64(programs).u64(sections)
  else made.u32(0).u32(programs).u32(sections)
  made.u32(0).u16(wide ? 64 : 52).u16(wide ? 56 : 32).u16(programCount).u16(wide ? 64 : 40).u16(sectionCount).u16(sectionCount - 1)
  return made.take()
}
