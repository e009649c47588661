// SPDX-License-Identifier: Apache-2.0
// Other addresses in place of a trace's own: what was mapped is laid out anew, and
// every packet, record and sample that holds an address is rewritten where it
// stands, without changing its size. That a packet keeps its size needs two things:
// code moves by multiples of 64 KiB, so that IPs of two bytes stay as they are, and
// what shares its upper 32 bits goes on sharing them, so that IPs of four bytes do
// (SDM vol. 3, "IP Compression"). The lowest 16 bits of an address therefore remain.
import { fail, ok, type Result } from '../lib/result'
import type { Tables } from '../model/tables.gen'
import type { Ask } from './make-bundle'
import type { ByteSource } from './pieces'

/** enum ptm_address_kind. */
const Kind = { CODE_MAP: 0, DATA_MAP: 1, PLAIN: 2, OPAQUE: 3 } as const

const GRANULE = 0x1_0000
const GRANULES = 0x1_0000
/** Maps nearer than this move together: 256 MiB, in granules. */
const NEAR = 4096
const APART = 16
const KERNEL = 0x8000_0000
/** Where programs that cannot be moved are linked to be: below 1 GiB things stay. */
const FIXED = 0x4000
const VSYSCALL = { upper: 0xffff_ffff, granule: 0xff60 }
const MOST_UPPER = 512

export type MapAt = { address: bigint; length: number; isCode: boolean }

type Span = { from: number; to: number }

/** New granules (64 KiB) of the addresses that share their upper 32 bits. */
class Block {
  private readonly granules = new Uint16Array(GRANULES)
  private readonly known = new Uint8Array(GRANULES)
  private readonly taken = new Uint8Array(GRANULES)
  private next = GRANULES - 1

  constructor(readonly upper: number) {}

  set(granule: number, to: number): void {
    this.granules[granule] = to
    this.known[granule] = 1
    this.taken[to] = 1
  }

  isTaken = (granule: number): boolean => this.taken[granule] === 1

  /** -1: there is none left. */
  of(granule: number): number {
    if (this.known[granule] === 1) return this.granules[granule] ?? 0
    while (this.next > 0 && this.isTaken(this.next)) this.next--
    if (this.next === 0) return -1
    this.set(granule, this.next)
    return this.next
  }
}

/** Where addresses go. Same in, same out; two never become one. */
export class NewAddresses {
  private readonly blocks = new Map<number, Block>()
  private others = 0
  /** Of the address moved last. */
  upper = 0
  lower = 0

  private constructor() {}

  static of(maps: readonly MapAt[]): Result<NewAddresses, string> {
    const made = new NewAddresses()
    const spans = new Map<number, Span[]>()
    for (const { address, length, isCode } of maps) {
      const upper = Number(address >> 32n)
      const from = Number((address >> 16n) & 0xffffn)
      const to = from + Math.floor((Number(address & 0xffffn) + Math.max(1, length) - 1) / GRANULE)
      // The kernel's maps may be of any length: its code is not moved, only named.
      if (to >= GRANULES && isCode && upper < KERNEL)
        return fail('Addresses cannot be replaced: code is mapped across a border of 4 GiB, where it cannot be moved without changing the size of packets. Record again: the system places it elsewhere each time.')
      const list = spans.get(upper) ?? []
      list.push({ from, to: Math.min(to, GRANULES - 1) })
      spans.set(upper, list)
    }
    const uppers = [...spans.keys()].toSorted((a, b) => a - b)
    uppers.forEach((upper, row) => made.lay(upper, newUpper(upper, row), spans.get(upper) ?? []))
    if (!spans.has(0)) made.lay(0, 0, [])
    return ok(made)
  }

  /** Lays the maps of a block one behind the other. */
  private lay(upper: number, to: number, spans: readonly Span[]): void {
    const block = new Block(to)
    this.blocks.set(upper, block)
    const first = upper === 0 ? FIXED : 0
    for (let granule = 0; granule < first; granule++) block.set(granule, granule)
    if (upper === VSYSCALL.upper) block.set(VSYSCALL.granule, VSYSCALL.granule)
    let at = upper === 0 ? FIXED : 1
    for (const { from, to: last } of groupsOf(spans)) {
      if (from < first) {
        for (let granule = first; granule <= last; granule++) block.set(granule, granule)
        at = Math.max(at, last + APART)
        continue
      }
      if (from === VSYSCALL.granule && upper === VSYSCALL.upper) continue
      for (let granule = from; granule <= last; granule++) block.set(granule, at + granule - from)
      at += last - from + APART
    }
  }

  /** Moves an address; the new one is in `upper` and `lower`. False: there is no place left. */
  move(upper: number, lower: number): boolean {
    const block = this.blocks.get(upper) ?? this.other(upper)
    const granule = block?.of(lower >>> 16) ?? -1
    if (!block || granule < 0) return false
    this.upper = block.upper
    this.lower = ((granule << 16) | (lower & 0xffff)) >>> 0
    return true
  }

  /** The same of one number; null: no place left. */
  moved(address: bigint): bigint | null {
    return this.move(Number(address >> 32n), Number(address & 0xffff_ffffn)) ? (BigInt(this.upper) << 32n) | BigInt(this.lower) : null
  }

  /** Addresses where nothing is mapped. */
  private other(upper: number): Block | null {
    if (this.others >= MOST_UPPER) return null
    const made = new Block((upper >= KERNEL ? 0xffff_9000 : 0x6000) + this.others++)
    this.blocks.set(upper, made)
    return made
  }
}

/** The upper half of the new addresses of the `row`th block: what is not a secret stays. */
function newUpper(upper: number, row: number): number {
  if (upper === 0 || upper === VSYSCALL.upper) return upper
  if (upper >= KERNEL) return 0xffff_8800 + row
  return (upper < 0x7000 ? 0x5500 : 0x7f00) + (row % 0x100)
}

/** Maps that touch or are near each other, together; ascending. */
function groupsOf(spans: readonly Span[]): Span[] {
  const groups: Span[] = []
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = groups.at(-1)
    if (last && from - last.to < NEAR) last.to = Math.max(last.to, to)
    else groups.push({ from, to })
  }
  return groups
}

const PAGE_ROWS = 1 << 18
/** More would not fit a tab's memory beside everything else. */
const MOST_ROWS = 1 << 24

/** Stretches of a file whose bytes become others, in ascending order. */
type Patches = { offsets: Float64Array; sizes: Uint8Array; skips: Uint8Array; uppers: Uint32Array; lowers: Uint32Array; lengths: Float64Array }

/** What is left in place of bytes that are no packets: an opcode that there is not. */
const DAMAGE = 0x02

export class Rebased implements ByteSource {
  readonly size: number
  constructor(
    private readonly source: ByteSource,
    private readonly pages: readonly Patches[],
  ) {
    this.size = source.size
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.source.read(offset, length)
    // A source may answer with bytes that are its own.
    return this.patched(offset, bytes.slice())
  }

  /** Bytes of the file at `offset`, with the new addresses; changes them in place. */
  patched(offset: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const end = offset + bytes.length
    for (const page of this.pages) {
      const { offsets } = page
      if ((offsets.at(-1) ?? -1) + (page.lengths.at(-1) ?? 0) + 8 <= offset || (offsets[0] ?? Infinity) >= end) continue
      let row = firstAtOrAfter(offsets, offset)
      // The one before may reach into it.
      if (row > 0) row--
      for (; row < offsets.length && (offsets[row] ?? Infinity) < end; row++) patch(page, row, offset, bytes)
    }
    return bytes
  }
}

function patch({ offsets, sizes, skips, uppers, lowers, lengths }: Patches, row: number, offset: number, bytes: Uint8Array<ArrayBuffer>): void {
  const at = (offsets[row] ?? 0) - offset
  const size = sizes[row] ?? 0
  if (size === 0) {
    bytes.fill(DAMAGE, Math.max(0, at), Math.max(0, Math.min(bytes.length, at + (lengths[row] ?? 0))))
    return
  }
  for (let byte = 0; byte < size; byte++) {
    const of = byte + (skips[row] ?? 0)
    const half = (of < 4 ? lowers[row] : uppers[row]) ?? 0
    if (at + byte >= 0 && at + byte < bytes.length) bytes[at + byte] = half >>> ((of % 4) * 8)
  }
}

function firstAtOrAfter(offsets: Float64Array, offset: number): number {
  let low = 0
  let high = offsets.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((offsets[middle] ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}

type Addresses = Tables['cut_addresses']
type Request = Parameters<Ask>[1]

/** The trace with other addresses, for the request that the bundle is made of. */
export async function rebase(source: ByteSource, ask: Ask, request: Request): Promise<Result<Rebased, string>> {
  const tables: Addresses[] = []
  for (let rows = 0; ; ) {
    const answer = await ask('cut_addresses', { ...request, first: rows, count: PAGE_ROWS })
    if (!answer.ok) return fail(answer.error.sentence)
    if (answer.value.rows === 0) break
    tables.push(answer.value)
    rows += answer.value.rows
    if (rows > MOST_ROWS) return fail(`More than ${MOST_ROWS} addresses would have to be replaced: choose a shorter range.`)
  }
  const addresses = NewAddresses.of(tables.flatMap(mapsOf))
  if (!addresses.ok) return addresses
  const pages: Patches[] = []
  for (const table of tables) {
    const page = patchesOf(table, addresses.value)
    if (!page) return fail('Addresses cannot be replaced: the trace holds too many that belong to nothing that was mapped.')
    pages.push(page)
  }
  return ok(new Rebased(source, pages))
}

function mapsOf({ rows, kind, value, length }: Addresses): MapAt[] {
  const maps: MapAt[] = []
  for (let row = 0; row < rows; row++)
    if ((kind[row] ?? 0) <= Kind.DATA_MAP) maps.push({ address: value[row] ?? 0n, length: length[row] ?? 0, isCode: kind[row] === Kind.CODE_MAP })
  return maps
}

function patchesOf({ rows, kind, file_offset, size, skip, value, length }: Addresses, addresses: NewAddresses): Patches | null {
  const order = Uint32Array.from({ length: rows }, (_, row) => row)
  if (!isAscending(file_offset)) order.sort((a, b) => (file_offset[a] ?? 0) - (file_offset[b] ?? 0))
  const made: Patches = {
    offsets: new Float64Array(rows),
    sizes: new Uint8Array(rows),
    skips: new Uint8Array(rows),
    uppers: new Uint32Array(rows),
    lowers: new Uint32Array(rows),
    lengths: new Float64Array(rows),
  }
  const halves = new Uint32Array(value.buffer, value.byteOffset, rows * 2)
  for (let to = 0; to < rows; to++) {
    const row = order[to] ?? 0
    if (kind[row] !== Kind.OPAQUE && !addresses.move(halves[row * 2 + 1] ?? 0, halves[row * 2] ?? 0)) return null
    made.offsets[to] = file_offset[row] ?? 0
    made.sizes[to] = size[row] ?? 0
    made.skips[to] = skip[row] ?? 0
    made.uppers[to] = addresses.upper
    made.lowers[to] = addresses.lower
    made.lengths[to] = kind[row] === Kind.OPAQUE ? (length[row] ?? 0) : 0
  }
  return made
}

function isAscending(offsets: Float64Array): boolean {
  for (let row = 1; row < offsets.length; row++) if ((offsets[row] ?? 0) < (offsets[row - 1] ?? 0)) return false
  return true
}
