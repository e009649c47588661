// SPDX-License-Identifier: Apache-2.0
// The table of contents of a tar archive, read header by header: what is in the
// files is never looked at, however large they are. ustar, GNU long names and
// sizes, pax paths and sizes; hard and symbolic links to files are followed.

/** A file's bytes within the archive. */
export type TarEntry = { path: string; offset: number; size: number }
export type TarList = {
  entries: TarEntry[]
  /** Why it ends early; empty when it does not. */
  damage: string
}

/** Bytes `offset` to `offset + length` of the archive, or fewer at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>

const BLOCK = 512
const MOST_ENTRIES = 200_000
/** Of a long name or a pax header. */
const MOST_META = 1 << 20
const MOST_LINKS = 16

const decoder = new TextDecoder()
const textAt = (bytes: Uint8Array, from: number, length: number): string => {
  const field = bytes.subarray(from, from + length)
  const end = field.indexOf(0)
  return decoder.decode(end < 0 ? field : field.subarray(0, end))
}

/** Octal text, or binary when the highest bit is set (sizes above 8 GB). */
function numberAt(bytes: Uint8Array, from: number, length: number): number {
  if (((bytes[from] ?? 0) & 0x80) === 0) return Number.parseInt(textAt(bytes, from, length).trim() || '0', 8)
  let value = (bytes[from] ?? 0) & 0x7f
  for (let at = from + 1; at < from + length; at++) value = value * 256 + (bytes[at] ?? 0)
  return value
}

/** Whether a block can be a header: its checksum is right. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false
  let sum = 0
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 32 : (block[at] ?? 0)
  return sum === numberAt(block, 148, 8)
}

/** "length key=value\n", again and again. */
function paxFields(bytes: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>()
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at)
    const length = space < 0 ? Number.NaN : Number(decoder.decode(bytes.subarray(at, space)))
    if (!Number.isInteger(length) || length <= space - at || at + length > bytes.length) break
    const text = decoder.decode(bytes.subarray(space + 1, at + length - 1))
    const equals = text.indexOf('=')
    if (equals > 0) fields.set(text.slice(0, equals), text.slice(equals + 1))
    at += length
  }
  return fields
}

type Header = { path: string; size: number; kind: string; link: string }

function headerOf(block: Uint8Array): Header {
  const prefix = textAt(block, 257, 5) === 'ustar' && block[262] === 0 ? textAt(block, 345, 155) : ''
  const name = textAt(block, 0, 100)
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    size: numberAt(block, 124, 12),
    kind: String.fromCharCode(block[156] ?? 0),
    link: textAt(block, 157, 100),
  }
}

const isFile = (kind: string) => kind === '0' || kind === '\0' || kind === '7'

/** Without ./ and .. : where a path leads from the archive's top. */
function plainPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

export async function listTar(read: ReadAt, size: number): Promise<TarList> {
  const entries: TarEntry[] = []
  const links: { path: string; target: string }[] = []
  let long: Partial<Pick<Header, 'path' | 'link' | 'size'>> = {}
  let damage = ''
  for (let at = 0; at + BLOCK <= size;) {
    const block = await read(at, BLOCK)
    if (block.every((byte) => byte === 0)) break
    const header = { ...headerOf(block), ...long }
    if (!isTarHeader(block) || !Number.isSafeInteger(header.size) || header.size < 0) {
      damage = `the archive is damaged at byte ${at}`
      break
    }
    const body = at + BLOCK
    if (header.kind === 'L' || header.kind === 'K' || header.kind === 'x') {
      const meta = await read(body, Math.min(header.size, MOST_META))
      if (header.kind === 'x') {
        const fields = paxFields(meta)
        const [path, link, bytes] = [fields.get('path'), fields.get('linkpath'), fields.get('size')]
        long = {
          ...long,
          ...(path !== undefined && { path }),
          ...(link !== undefined && { link }),
          ...(bytes !== undefined && { size: Number(bytes) }),
        }
      } else long = { ...long, [header.kind === 'L' ? 'path' : 'link']: textAt(meta, 0, meta.length) }
    } else {
      const path = plainPath(header.path)
      if (isFile(header.kind)) entries.push({ path, offset: body, size: Math.min(header.size, Math.max(0, size - body)) })
      else if (header.kind === '1') links.push({ path, target: plainPath(header.link) })
      else if (header.kind === '2') links.push({ path, target: plainPath(`${path}/../${header.link}`) })
      long = {}
      if (entries.length + links.length >= MOST_ENTRIES) {
        damage = `only its first ${MOST_ENTRIES} files are looked at`
        break
      }
      if (isFile(header.kind) && body + header.size > size) damage = `the archive ends early, inside ${path}`
    }
    at = body + (header.kind === '1' || header.kind === '2' ? 0 : Math.ceil(header.size / BLOCK) * BLOCK)
  }
  return { entries: [...entries, ...followed(entries, links)], damage }
}

/** Links that end at a file of the archive. */
function followed(entries: readonly TarEntry[], links: readonly { path: string; target: string }[]): TarEntry[] {
  const files = new Map(entries.map((entry) => [entry.path, entry]))
  const targets = new Map(links.map(({ path, target }) => [path, target]))
  return links.flatMap(({ path, target }) => {
    let at = target
    for (let turns = 0; turns < MOST_LINKS && !files.has(at); turns++) at = targets.get(at) ?? at
    const file = files.get(at)
    return file ? [{ ...file, path }] : []
  })
}
