// SPDX-License-Identifier: Apache-2.0
// Archives on the command line: unpacked into a file that is gone when the
// program ends; what is in a tar is a list of its parts.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, ok, type Result } from '../lib/result'
import { isTarHeader, listTar } from '../lib/tar'
import { drain, packingOf, unpack, type Packing } from '../lib/unpack'
import { isZip, listZip } from '../lib/zip'
import { headOf, readFully, type FilePart } from './file-sources'
import { say } from './output'

/** A file by its path inside the archive. */
export type Member = { path: string; part: FilePart }

const HEADER = 512
const SLICE = 1 << 20
/** perf archive --all puts an archive into an archive. */
const DEEPEST = 3

/** Whether a file is packed, a tar or a zip. */
export function isArchive(part: FilePart): boolean {
  const head = headOf(part, HEADER)
  return packingOf(head) !== null || isTarHeader(head) || isZip(head)
}

/** Everything in an archive; a packed file that is no archive is its only member. */
export async function membersOf(path: string, part: FilePart, depth = 0): Promise<Result<Member[], string>> {
  const head = headOf(part, HEADER)
  const packing = packingOf(head)
  if (depth === DEEPEST || (!packing && !isTarHeader(head) && !isZip(head))) return ok([{ path, part }])
  if (packing) {
    const plain = await unpackInto(path, part, packing)
    return plain.ok ? membersOf(path.replace(/\.(gz|bz2|xz|zst)$/i, ''), plain.value, depth + 1) : plain
  }
  if (isZip(head)) return membersOfZip(path, part, depth)
  const { entries, damage } = await listTar(async (offset, length) => bytesAt(part, offset, length), part.size)
  if (damage) say(`${path}: ${damage}; what is before that is used.`)
  const members: Member[] = []
  for (const entry of entries) {
    const inner = await membersOf(
      entry.path,
      { descriptor: part.descriptor, offset: part.offset + entry.offset, size: entry.size },
      depth + 1,
    )
    if (inner.ok) members.push(...inner.value)
    else say(inner.error)
  }
  return ok(members)
}

async function membersOfZip(path: string, part: FilePart, depth: number): Promise<Result<Member[], string>> {
  const { entries, damage } = await listZip(async (offset, length) => bytesAt(part, offset, length), part.size)
  if (damage) say(`${path}: ${damage}; the rest of it is used.`)
  const members: Member[] = []
  for (const entry of entries) {
    const packed = { descriptor: part.descriptor, offset: part.offset + entry.offset, size: entry.packed }
    const plain = entry.deflated ? await unpackInto(`${path}: ${entry.path}`, packed, 'deflate') : ok(packed)
    const inner = plain.ok ? await membersOf(entry.path, plain.value, depth + 1) : plain
    if (inner.ok) members.push(...inner.value)
    else say(inner.error)
  }
  return ok(members)
}

function bytesAt(part: FilePart, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, part.size - offset)))
  return bytes.subarray(0, readFully(part.descriptor, part.offset + offset, bytes))
}

function streamOf(part: FilePart): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream({
    pull: (to) => {
      const bytes = new Uint8Array(Math.min(SLICE, part.size - at))
      const got = bytes.length > 0 ? readSync(part.descriptor, bytes, 0, bytes.length, part.offset + at) : 0
      if (got === 0) return to.close()
      at += got
      to.enqueue(bytes.subarray(0, got))
    },
  })
}

async function unpackInto(path: string, part: FilePart, packing: Packing): Promise<Result<FilePart, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
  const descriptor = openSync(join(folder, 'unpacked'), 'w+')
  rmSync(folder, { recursive: true })
  const size = await drain(path, await unpack(packing, streamOf(part)), (bytes) => {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
  })
  if (size.ok) return ok({ descriptor, offset: 0, size: size.value })
  closeSync(descriptor)
  return fail(size.error)
}
