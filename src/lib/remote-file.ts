// SPDX-License-Identifier: Apache-2.0
// A file that stays where it is and is read by HTTP Range: plain data, so that
// it crosses to workers. What to ask the server for, and whether its answer is
// the one that was asked for. Reads here wait for the network; the decoder's
// own reads are engine/remote-reader.ts.
import { fail, ok, type Result } from './result'
import { chunkContext, chunkNonce, CHUNK_BYTES, plainRange, sealedBytes, sealedRange, type SealedKeys } from './sealed'

export type RemoteFile = {
  url: string
  /** Where the file begins in what the URL holds, and its size: a file may be a part of a larger one. */
  start: number
  size: number
  /** Size of all that the URL holds, once opened. */
  total: number
  /** The server's ETag when it lets us see one, else empty: tells a changed file. */
  etag: string
  /** What opens it; null when it is not sealed. */
  sealed: SealedKeys | null
}

/** What an HTTP answer said, however it was asked. Header names in lower case. */
export type RangeAnswer = { status: number; headers: ReadonlyMap<string, string>; body: Uint8Array<ArrayBuffer> }

/** Not sealed: read and kept in blocks of this size. Sealed: a block is a chunk. */
export const PLAIN_BLOCK_BYTES = 256 << 10

export const isRemote = (file: Blob | RemoteFile): file is RemoteFile => !(file instanceof Blob)

export const blockBytes = (file: RemoteFile): number => (file.sealed ? CHUNK_BYTES : PLAIN_BLOCK_BYTES)

/** `length` bytes from `start` on, as a file of its own; bounds as with Blob.slice. */
export function sliceRemote(file: RemoteFile, start: number, end = file.size): RemoteFile {
  const from = Math.min(Math.max(start, 0), file.size)
  return { ...file, start: file.start + from, size: Math.max(0, Math.min(end, file.size) - from) }
}

/** The server's bytes that hold blocks `first` to `last`; end exclusive. */
export function blockRange(file: RemoteFile, first: number, last: number): { start: number; end: number } {
  if (file.sealed) return { start: sealedRange(first, file.total).start, end: sealedRange(last, file.total).end }
  return { start: first * PLAIN_BLOCK_BYTES, end: Math.min(file.total, (last + 1) * PLAIN_BLOCK_BYTES) }
}

/** Bytes of block `index` once opened. */
export function blockSize(file: RemoteFile, index: number): number {
  if (file.sealed) {
    const { start, end } = plainRange(index, file.total)
    return end - start
  }
  return Math.min(file.total, (index + 1) * PLAIN_BLOCK_BYTES) - index * PLAIN_BLOCK_BYTES
}

const hostOf = (url: string): string => {
  try {
    return new URL(url).host || 'its server'
  } catch {
    return 'its server'
  }
}

export const unreachableSentence = (name: string, url: string): string =>
  `${name} could not be read: ${hostOf(url)} gave no answer that this page may see. The network may be down, or the server does not allow other pages to read it (CORS).`

export const damagedSentence = (name: string): string =>
  `${name} could not be decrypted: its bytes are not the ones that were shared (cut, altered or damaged where they are stored). Ask for a new link.`

/** Why an answer to "bytes start to end" cannot be used; empty when it can. */
export function refusal(name: string, file: RemoteFile, start: number, end: number, answer: RangeAnswer): string {
  const { status, headers, body } = answer
  const changed = `${name} changed on ${hostOf(file.url)} since it was opened: open it again.`
  if (status === 404 || status === 410) return `${name} is no longer on ${hostOf(file.url)}: it expired or was deleted.`
  if (status === 409) return damagedSentence(name)
  if (status === 416) return changed
  if (status === 200) return `${hostOf(file.url)} stopped answering ranges of ${name}: open it again.`
  if (status !== 206) return `${name} could not be read: ${hostOf(file.url)} answered HTTP ${status}.`
  const total = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1]
  const held = file.sealed ? sealedBytes(file.total) : file.total
  if (total !== undefined && Number(total) !== held) return file.sealed ? damagedSentence(name) : changed
  const etag = headers.get('etag') ?? ''
  if (file.etag !== '' && etag !== '' && etag !== file.etag) return changed
  if (body.length !== end - start)
    return `${hostOf(file.url)} sent ${body.length} bytes of ${name} where ${end - start} were asked for: the connection may have been cut.`
  return ''
}

/** Bytes `start` to `end` (exclusive) of what the URL holds, by fetch. */
export async function fetchRange(url: string, start: number, end: number, signal?: AbortSignal): Promise<RangeAnswer> {
  const response = await fetch(url, { headers: { Range: `bytes=${start}-${end - 1}` }, ...(signal && { signal }) })
  if (response.status !== 206) {
    await response.body?.cancel()
    return { status: response.status, headers: new Map(response.headers), body: new Uint8Array() }
  }
  return { status: response.status, headers: new Map(response.headers), body: new Uint8Array(await response.arrayBuffer()) }
}

/** Opens a sealed chunk with WebCrypto; null when it is not what was sealed. */
export async function openChunk(
  keys: SealedKeys,
  index: number,
  total: number,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const key = await crypto.subtle.importKey('raw', keys.key, 'AES-GCM', false, ['decrypt'])
  const how = { name: 'AES-GCM', iv: chunkNonce(keys.prefix, index), additionalData: chunkContext(index, total) }
  return crypto.subtle.decrypt(how, key, sealed).then(
    (plain) => new Uint8Array(plain),
    () => null,
  )
}

/** Reads a range of the file (clamped to it) and opens it; for short reads: all of it is in memory at once. */
export async function readRemote(
  name: string,
  file: RemoteFile,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  const wanted = sliceRemote(file, offset, offset + length)
  if (wanted.size === 0) return ok(new Uint8Array())
  const from = wanted.start
  const until = wanted.start + wanted.size
  const first = Math.floor(from / CHUNK_BYTES)
  const last = Math.floor((until - 1) / CHUNK_BYTES)
  const range = file.sealed ? blockRange(file, first, last) : { start: from, end: until }
  let answer: RangeAnswer
  try {
    answer = await fetchRange(file.url, range.start, range.end, signal)
  } catch {
    return fail(signal?.aborted ? `Reading ${name} was cancelled.` : unreachableSentence(name, file.url))
  }
  const reason = refusal(name, file, range.start, range.end, answer)
  if (reason) return fail(reason)
  if (!file.sealed) return ok(answer.body)
  const plain = new Uint8Array(wanted.size)
  for (let index = first; index <= last; index++) {
    const { start, end } = sealedRange(index, file.total)
    const chunk = await openChunk(file.sealed, index, file.total, answer.body.subarray(start - range.start, end - range.start))
    if (!chunk) return fail(damagedSentence(name))
    const at = index * CHUNK_BYTES
    const piece = chunk.subarray(Math.max(0, from - at), until - at)
    plain.set(piece, Math.max(0, at - from))
  }
  return ok(plain)
}
