// SPDX-License-Identifier: Apache-2.0
// Opens archives among offered files: what perf archive packs, and any other tar,
// zip or single file that is compressed. What is inside takes their place; a plain
// tar is not copied, its files are slices of it.
import type { ImageOutcome } from '../engine/protocol'
import type { Result } from '../lib/result'
import { fail, ok } from '../lib/result'
import { isTarHeader, listTar } from '../lib/tar'
import { packingOf, unpack, type Packing } from '../lib/unpack'
import { isZip, listZip, type ZipEntry } from '../lib/zip'
import { recordedPath } from '../model/perf-directory'
import { isLocal, type LocalFile, type OfferedFile } from './classify'

export type Unpacked = { files: OfferedFile[]; outcomes: ImageOutcome[] }
/** Hears of the archive at work: packed bytes read, and all of them. */
export type TellUnpacking = (name: string, bytesDone: number, bytesTotal: number) => void

const HEADER = 512
/** perf archive --all puts an archive into an archive. */
const DEEPEST = 3
/** A compressed file that grows beyond this many times its size was made to fill disks. */
const MOST_GROWTH = 2000
const LEAST_LIMIT = 1 << 30
/** Among more files than this only those with an archive's name are looked into. */
const FEW = 64
const archiveName = /\.(zip|tar|tgz|tbz2?|txz|tzst|gz|bz2|xz|zst)$/i

export async function unpackFiles(offered: readonly OfferedFile[], tell: TellUnpacking): Promise<Unpacked> {
  const into: Unpacked = { files: [], outcomes: [] }
  for (const one of offered) {
    if (isLocal(one) && (offered.length <= FEW || archiveName.test(one.file.name))) await open(one, 0, into, tell)
    else into.files.push(one)
  }
  return into
}

async function open(one: LocalFile, depth: number, into: Unpacked, tell: TellUnpacking): Promise<void> {
  const head = await headOf(one.file)
  const packing = depth < DEEPEST ? packingOf(head) : null
  if (packing) {
    const plain = await unpackOne(one.file, packing, tell)
    if (!plain.ok) into.outcomes.push({ path: one.path, state: 'unreadable', sentence: plain.error })
    else {
      const name = nameInside(one.file.name)
      const inner = { file: new File([plain.value], name), path: one.path.replace(/[^/]*$/, name) }
      await open(inner, depth + 1, into, tell)
    }
  } else if (depth < DEEPEST && isTarHeader(head)) await openTar(one, depth, into, tell)
  else if (depth < DEEPEST && isZip(head)) await openZip(one, depth, into, tell)
  else into.files.push(one)
}

async function openTar({ file, path }: LocalFile, depth: number, into: Unpacked, tell: TellUnpacking): Promise<void> {
  const read = async (offset: number, length: number) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer())
  const { entries, damage } = await listTar(read, file.size)
  if (damage) into.outcomes.push({ path, state: 'unreadable', sentence: `${path}: ${damage}; what is before that is used.` })
  for (const entry of entries) {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
    const inner = { file: new File([file.slice(entry.offset, entry.offset + entry.size)], name), path: recordedPath(entry.path) }
    await open(inner, depth + 1, into, tell)
  }
}

async function openZip({ file, path }: LocalFile, depth: number, into: Unpacked, tell: TellUnpacking): Promise<void> {
  const read = async (offset: number, length: number) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer())
  const { entries, damage } = await listZip(read, file.size)
  if (damage) into.outcomes.push({ path, state: 'unreadable', sentence: `${path}: ${damage}; the rest of it is used.` })
  for (const entry of entries) {
    const plain = await inZip(file, entry, tell)
    if (!plain.ok) into.outcomes.push({ path: entry.path, state: 'unreadable', sentence: plain.error })
    else await open({ file: plain.value, path: recordedPath(entry.path) }, depth + 1, into, tell)
  }
}

async function inZip(file: File, { path, offset, packed, deflated }: ZipEntry, tell: TellUnpacking): Promise<Result<File, string>> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const bytes = new File([file.slice(offset, offset + packed)], name)
  if (!deflated) return ok(bytes)
  const plain = await unpackOne(bytes, 'deflate', tell)
  return plain.ok ? ok(new File([plain.value], name)) : plain
}

async function headOf(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(0, HEADER).arrayBuffer())
  } catch {
    return new Uint8Array()
  }
}

/** The same stream; `onError` hears why it ends early, which a Response made of it does not tell. */
function heard(stream: ReadableStream<Uint8Array<ArrayBuffer>>, onError: (error: unknown) => void): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader()
  return new ReadableStream({
    pull: async (to) => {
      try {
        const { done, value } = await reader.read()
        if (done) to.close()
        else to.enqueue(value)
      } catch (error) {
        onError(error)
        to.error(error)
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/** The browser keeps the result where it keeps large blobs: not in the page's memory. */
async function unpackOne(
  file: File,
  packing: Packing,
  tell: TellUnpacking,
): Promise<Result<Blob, string>> {
  let read = 0
  let written = 0
  const limit = Math.max(LEAST_LIMIT, file.size * MOST_GROWTH)
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform: (bytes, to) => {
      read += bytes.length
      tell(file.name, read, file.size)
      to.enqueue(bytes)
    },
  })
  const bounded = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform: (bytes, to) => {
      written += bytes.length
      if (written > limit) throw new Error(`it grows beyond ${limit} bytes`)
      to.enqueue(bytes)
    },
  })
  let cause: unknown = null
  try {
    const plain = (await unpack(packing, file.stream().pipeThrough(counted))).pipeThrough(bounded)
    return ok(await new Response(heard(plain, (error) => (cause = error))).blob())
  } catch (failed) {
    const error = cause ?? failed
    const reason = (error instanceof Error && error.message !== '' ? error.message : String(error)).replace(/\.$/, '')
    return fail(`${file.name} could not be unpacked beyond ${written} bytes (${reason}): it is damaged or was not copied to its end.`)
  }
}

/** app.tar.bz2 holds app.tar; perf.data.zst perf.data. */
function nameInside(name: string): string {
  if (/\.(tgz|tbz2?|txz|tzst)$/i.test(name)) return name.replace(/\.[^.]*$/, '.tar')
  return name.replace(/\.(gz|bz2|xz|zst)$/i, '') || name
}
