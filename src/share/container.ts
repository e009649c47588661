// SPDX-License-Identifier: Apache-2.0
// The bundle file: an index in front, members behind it, so that any member can
// be had by reading a range. Layout, little-endian:
//   "PTMBUNDL"  u32 version (1)  u32 bytes of the index as stored  u32 bytes of it
//   inflated  u32 0  index (JSON, deflated)  members
// A newer build may add fields to the index, which an older one ignores; a file
// of a newer version is refused by name.
import { fail, ok, type Result } from '../lib/result'
import { viewOf, Writer } from './little-endian'
import { chunksOf, lengthOfAll, type ByteSource, type Piece } from './pieces'

export type Role = 'trace' | 'image' | 'source'

/** A file in the bundle. `at` counts from the end of the index. */
export type Member = {
  role: Role
  /** Of a trace its name, of an image where the trace has it mapped, of a source its path. */
  path: string
  /** Of the file once unpacked. */
  size: number
  at: number
  stored: number
  method: 'stored' | 'deflate'
  /** Offsets and lengths of what is not zero, in turn; absent: all of it. */
  extents?: number[]
  /** Of an image: the process that runs the virtual machine whose file it is; 0: the traced machine's; absent: not known (older bundles). */
  of?: number
}

export type About = {
  /** What made it: a name and version for people. */
  by: string
  title: string
  note: string
  /** The view, as a link's fragment says it. */
  view: string
  /** Sentences on what was left out or replaced. */
  left: string[]
}

export type Index = { members: Member[]; about: About }

/** A file to be put in a bundle. */
export type MemberContent = { role: Role; path: string; size: number; extents?: number[]; of?: number; pieces: readonly Piece[] }

export const BUNDLE_MAGIC = 'PTMBUNDL'
const VERSION = 1
const HEADER = 24
const MOST_INDEX = 64 << 20
const MOST_MEMBERS = 100_000
const MOST_PID = 0x7fffffff
/** Larger members stay as they are: they can then be read in place. */
const MOST_DEFLATED = 32 << 20

export const isBundle = (head: Uint8Array): boolean => head.length >= 8 && String.fromCharCode(...head.subarray(0, 8)) === BUNDLE_MAGIC

/** Deflates (zlib format, whose checksum tells damage). */
export async function deflate(pieces: readonly Piece[]): Promise<Uint8Array<ArrayBuffer>> {
  return throughStream(chunksOf(pieces), new CompressionStream('deflate'), Infinity)
}

/** Inflates to exactly `size` bytes; null when the bytes are damaged or inflate to something else. */
export async function inflate(bytes: Uint8Array<ArrayBuffer>, size: number): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const made = await throughStream(chunksOf([bytes]), new DecompressionStream('deflate'), size)
    return made.length === size ? made : null
  } catch {
    return null
  }
}

async function throughStream(
  from: AsyncIterable<Uint8Array<ArrayBuffer>>,
  stream: { readable: ReadableStream<Uint8Array>; writable: WritableStream<BufferSource> },
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const writer = stream.writable.getWriter()
  const feeding = (async () => {
    for await (const chunk of from) await writer.write(chunk)
    await writer.close()
  })()
  const reader = stream.readable.getReader()
  const made = new Writer(1 << 16)
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (made.length + value.length > most) throw new Error('more than was announced')
      made.put(value)
    }
  })()
  try {
    await Promise.all([feeding, reading])
  } catch (error) {
    await Promise.allSettled([writer.abort(), reader.cancel()])
    await Promise.allSettled([feeding])
    throw error
  }
  return made.take()
}

/** Puts a bundle together; `plain`: nothing deflated, for what is deflated as a whole. */
export async function packBundle(contents: readonly MemberContent[], about: About, plain = false): Promise<Piece[]> {
  const members: Member[] = []
  const pieces: Piece[] = []
  let at = 0
  for (const { role, path, size, extents, of, pieces: content } of contents) {
    const raw = lengthOfAll(content)
    const small = !plain && raw <= MOST_DEFLATED ? await deflate(content) : null
    const deflated = small && small.length < raw ? small : null
    const stored = deflated ? deflated.length : raw
    members.push({ role, path, size, at, stored, method: deflated ? 'deflate' : 'stored', ...(extents && { extents }), ...(of !== undefined && { of }) })
    pieces.push(...(deflated ? [deflated] : content))
    at += stored
  }
  const index = new TextEncoder().encode(JSON.stringify({ members, about } satisfies Index))
  const packed = await deflate([index])
  const head = new Writer(HEADER + packed.length)
  head.put(new TextEncoder().encode(BUNDLE_MAGIC)).u32(VERSION).u32(packed.length).u32(index.length).u32(0).put(packed)
  return [head.take(), ...pieces]
}

export type Opened = { index: Index; membersAt: number }

/** Reads a bundle's index; every number in it is checked against the file's size. */
export async function openBundle(source: ByteSource): Promise<Result<Opened, string>> {
  const head = await source.read(0, HEADER)
  if (!isBundle(head)) return fail('This is not a bundle.')
  if (head.length < HEADER) return fail(`The bundle ends after ${source.size} bytes, inside its header: copy it again.`)
  const view = viewOf(head)
  const version = view.getUint32(8, true)
  if (version > VERSION) return fail(`The bundle is of format ${version}, made by a newer Ptarmigan; this one reads up to format ${VERSION}: reload the page, or update.`)
  const stored = view.getUint32(12, true)
  const size = view.getUint32(16, true)
  const membersAt = HEADER + stored
  if (size > MOST_INDEX || membersAt > source.size) return fail(`The bundle's index (${stored} bytes) is not all in the file of ${source.size} bytes: it is cut short or damaged.`)
  const text = await inflate(await source.read(HEADER, stored), size)
  const index = text ? parseIndex(new TextDecoder().decode(text)) : null
  if (!index) return fail('The index of the bundle is damaged: copy it again.')
  const wrong = index.members.find((member) => !fitsMember(member, source.size - membersAt))
  if (wrong) return fail(`The bundle says ${wrong.path} is at bytes that the file of ${source.size} bytes does not have: it is cut short or damaged.`)
  return ok({ index, membersAt })
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)

function parseIndex(text: string): Index | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isRecord(value) || !Array.isArray(value['members']) || value['members'].length > MOST_MEMBERS) return null
  const members: Member[] = []
  for (const entry of value['members'] as unknown[]) {
    const member = parseMember(entry)
    if (member === null) return null
    if (member !== 'unknown') members.push(member)
  }
  const about = isRecord(value['about']) ? value['about'] : {}
  const left = Array.isArray(about['left']) ? about['left'].filter((line): line is string => typeof line === 'string') : []
  return {
    members,
    about: {
      by: textOr(about['by'], ''),
      title: textOr(about['title'], ''),
      note: textOr(about['note'], ''),
      view: textOr(about['view'], ''),
      left,
    },
  }
}

/** 'unknown': a kind of member that a newer build adds. */
function parseMember(value: unknown): Member | 'unknown' | null {
  if (!isRecord(value)) return null
  const { role, path, size, at, stored, method, extents, of } = value
  if (role !== 'trace' && role !== 'image' && role !== 'source') return 'unknown'
  if (method !== 'stored' && method !== 'deflate') return 'unknown'
  if (typeof path !== 'string' || !isCount(size) || !isCount(at) || !isCount(stored)) return null
  const whole: Member = { role, path, size, at, stored, method, ...(isCount(of) && of <= MOST_PID && { of }) }
  if (extents === undefined) return whole
  if (!Array.isArray(extents) || extents.length % 2 !== 0 || !extents.every(isCount)) return null
  return { ...whole, extents }
}

function fitsMember({ at, stored, size, extents, method }: Member, bytes: number): boolean {
  if (at > bytes || stored > bytes - at) return false
  let end = 0
  for (let row = 0; extents && row < extents.length; row += 2) {
    const offset = extents[row] ?? 0
    if (offset < end) return false
    end = offset + (extents[row + 1] ?? 0)
    if (end > size) return false
  }
  const raw = rawSize({ size, extents })
  // Deflate makes a byte out of a thousand at most.
  return method === 'stored' ? stored === raw : raw <= stored * 1100 + 1024
}

/** Bytes a member inflates to: its size without holes. */
export function rawSize({ size, extents }: { size: number; extents?: number[] | undefined }): number {
  return extents ? extents.reduce((sum, value, row) => (row % 2 === 1 ? sum + value : sum), 0) : size
}

/** A member's bytes without its holes, inflated. */
export async function readMember(source: ByteSource, { membersAt }: Opened, member: Member): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  const bytes = await source.read(membersAt + member.at, member.stored)
  const whole = member.method === 'stored' ? bytes : await inflate(bytes, rawSize(member))
  return whole && whole.length === rawSize(member) ? ok(whole) : fail(`${member.path} in the bundle is damaged: copy the bundle again.`)
}

