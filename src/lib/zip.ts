// SPDX-License-Identifier: Apache-2.0
// The table of contents of a zip archive, read from its end: what is in the files
// is never looked at. Stored and deflated files, zip64; encrypted files and other
// methods are left out by name. Layout: PKWARE's APPNOTE.
import type { ReadAt } from './tar'

/** A file's bytes within the archive; `size`: unpacked. */
export type ZipEntry = { path: string; offset: number; packed: number; size: number; deflated: boolean }
export type ZipList = {
  entries: ZipEntry[]
  /** What of it is not listed, and why; empty: all is. */
  damage: string
}

const MOST_ENTRIES = 200_000
const MOST_DIRECTORY = 1 << 28
/** The end record with the longest comment. */
const MOST_END = 22 + 65_535
const SIGNATURE = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 } as const
const LATER = 0xffffffff
const ENCRYPTED = 1
const UTF8 = 1 << 11

/** Whether a file that begins with `head` is a zip: it begins with a file in it, or with the end of an empty one. */
export function isZip(head: Uint8Array): boolean {
  if (head.length < 4) return false
  const signature = viewOf(head).getUint32(0, true)
  return signature === SIGNATURE.local || signature === SIGNATURE.end
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const u64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true))

type Directory = { offset: number; size: number; count: number }

export async function listZip(read: ReadAt, size: number): Promise<ZipList> {
  const directory = await findDirectory(read, size)
  if (!directory) return { entries: [], damage: 'the archive has no table of contents at its end: it was not copied to its end' }
  const bytes = await read(directory.offset, Math.min(directory.size, MOST_DIRECTORY))
  const listed = entriesOf(bytes, directory.count)
  const entries: ZipEntry[] = []
  const left: string[] = listed.damage ? [listed.damage] : []
  let end = 0
  // Files that share bytes are how a small zip is made to fill disks.
  for (const entry of listed.entries.sort((a, b) => a.header - b.header)) {
    const placed = await place(read, size, entry)
    if (typeof placed === 'string') left.push(placed)
    else if (placed.offset < end) left.push(`${placed.path} lies over another file`)
    else {
      entries.push(placed)
      end = placed.offset + placed.packed
    }
  }
  return { entries, damage: left.length > 1 ? `${left[0] ?? ''} (and ${left.length - 1} more)` : (left[0] ?? '') }
}

async function findDirectory(read: ReadAt, size: number): Promise<Directory | null> {
  const start = Math.max(0, size - MOST_END)
  const tail = await read(start, size - start)
  const view = viewOf(tail)
  for (let at = tail.length - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== SIGNATURE.end || at + 22 + view.getUint16(at + 20, true) > tail.length) continue
    const found = { count: view.getUint16(at + 10, true), size: view.getUint32(at + 12, true), offset: view.getUint32(at + 16, true) }
    const large = found.count === 0xffff || found.size === LATER || found.offset === LATER
    const directory = large ? await findLarge(read, size, start + at) : found
    if (directory && directory.offset + directory.size <= size) return directory
  }
  return null
}

/** The zip64 end record, by the locator that stands before the end record at `end`. */
async function findLarge(read: ReadAt, size: number, end: number): Promise<Directory | null> {
  if (end < 20) return null
  const locator = viewOf(await read(end - 20, 20))
  if (locator.byteLength < 20 || locator.getUint32(0, true) !== SIGNATURE.locator64) return null
  const at = u64(locator, 8)
  if (!(at + 56 <= size)) return null
  const record = viewOf(await read(at, 56))
  if (record.byteLength < 56 || record.getUint32(0, true) !== SIGNATURE.end64) return null
  return { count: u64(record, 32), size: u64(record, 40), offset: u64(record, 48) }
}

type Listed = { path: string; flags: number; method: number; packed: number; size: number; header: number }

function entriesOf(bytes: Uint8Array, count: number): { entries: Listed[]; damage: string } {
  const view = viewOf(bytes)
  const entries: Listed[] = []
  let at = 0
  for (let row = 0; row < count; row++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== SIGNATURE.entry)
      return { entries, damage: `the archive's table of contents is damaged after ${row} of ${count} files` }
    if (row === MOST_ENTRIES) return { entries, damage: `only its first ${MOST_ENTRIES} files are looked at` }
    const [name, extra, comment] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)]
    const flags = view.getUint16(at + 8, true)
    const text = new TextDecoder(flags & UTF8 ? 'utf-8' : 'latin1').decode(bytes.subarray(at + 46, at + 46 + name))
    const entry = {
      path: plainPath(text),
      flags,
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      header: view.getUint32(at + 42, true),
    }
    takeLarge(entry, bytes.subarray(at + 46 + name, at + 46 + name + extra))
    if (!text.endsWith('/')) entries.push(entry)
    at += 46 + name + extra + comment
  }
  return { entries, damage: '' }
}

/** Sizes and places above 4 GB stand in an extra field, only those that do not fit, in this order. */
function takeLarge(entry: Listed, extra: Uint8Array): void {
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue
    let place = at + 4
    const end = Math.min(extra.length, place + view.getUint16(at + 2, true))
    for (const key of ['size', 'packed', 'header'] as const) {
      if (entry[key] !== LATER || place + 8 > end) continue
      entry[key] = u64(view, place)
      place += 8
    }
    return
  }
}

/** The entry with the place of its bytes, which stand behind a header of their own; or why it is left out. */
async function place(read: ReadAt, size: number, entry: Listed): Promise<ZipEntry | string> {
  const { path, flags, method, packed, header } = entry
  if (flags & ENCRYPTED) return `${path} is encrypted`
  if (method !== 0 && method !== 8) return `${path} is packed by a method (${method}) that is not known here`
  const local = viewOf(await read(header, 30))
  if (local.byteLength < 30 || local.getUint32(0, true) !== SIGNATURE.local) return `${path} is not where the table of contents says`
  const offset = header + 30 + local.getUint16(26, true) + local.getUint16(28, true)
  if (!(offset + packed <= size)) return `the archive ends early, inside ${path}`
  return { path, offset, packed, size: entry.size, deflated: method === 8 }
}

/** Without ./ and .. , and with the slashes of this world. */
function plainPath(path: string): string {
  const parts: string[] = []
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}
