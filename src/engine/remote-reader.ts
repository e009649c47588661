// SPDX-License-Identifier: Apache-2.0
// Remote files as the decoder reads them: synchronously, from inside
// WebAssembly, so only in a worker. Asks by synchronous XMLHttpRequest and
// keeps the blocks read last. A sealed block is opened in JavaScript: WebCrypto
// only answers with promises, which nobody can wait for here; this needs no
// shared memory, so any page can do it.
import { gcm } from '@noble/ciphers/aes.js'
import {
  blockBytes,
  blockRange,
  blockSize,
  damagedSentence,
  refusal,
  unreachableSentence,
  type RangeAnswer,
  type RemoteFile,
} from '../lib/remote-file'
import { chunkContext, chunkNonce, sealedRange } from '../lib/sealed'

/** Asks for bytes `start` to `end` (exclusive) and waits; throws when there is no answer at all. */
export type SyncGet = (url: string, start: number, end: number) => RangeAnswer

const CACHE_BYTES = 32 << 20
const MOST_BLOCKS_AT_ONCE = 16
/** A busy or restarting server, or a network that came back, is asked again at once. */
const ATTEMPTS = 3

export class RemoteReader {
  /** Why the last read failed, as a sentence; empty when none did. */
  failure = ''
  /** By URL and block number, the one used longest ago first. */
  private readonly blocks = new Map<string, Uint8Array>()
  private kept = 0

  constructor(private readonly get: SyncGet = getWithXhr) {}

  /** Copies bytes from `offset` into `into`; how many (short only at the file's end), -1 on failure. */
  read(name: string, file: RemoteFile, offset: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, file.size - offset))
    if (length === 0) return 0
    const from = file.start + offset
    const size = blockBytes(file)
    const last = Math.floor((from + length - 1) / size)
    for (let index = Math.floor(from / size); index <= last; index++) {
      const block = this.block(name, file, index, last)
      if (!block) return -1
      const at = index * size
      const piece = block.subarray(Math.max(0, from - at), from + length - at)
      into.set(piece, Math.max(0, at - from))
    }
    return length
  }

  /** One block, fetched when it is not at hand, together with those after it that will be wanted and are missing. */
  private block(name: string, file: RemoteFile, index: number, last: number): Uint8Array | null {
    const known = this.blocks.get(keyOf(file, index))
    if (known) {
      this.blocks.delete(keyOf(file, index))
      this.blocks.set(keyOf(file, index), known)
      return known
    }
    let end = index
    while (end < last && end - index + 1 < MOST_BLOCKS_AT_ONCE && !this.blocks.has(keyOf(file, end + 1))) end++
    const range = blockRange(file, index, end)
    const bytes = this.fetch(name, file, range.start, range.end)
    if (!bytes) return null
    let first: Uint8Array | null = null
    for (let number = end; number >= index; number--) {
      first = this.open(name, file, number, bytes, range.start)
      if (!first) return null
      this.keep(keyOf(file, number), first)
    }
    return first
  }

  private fetch(name: string, file: RemoteFile, start: number, end: number): Uint8Array | null {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        const answer = this.get(file.url, start, end)
        this.failure = refusal(name, file, start, end, answer)
        if (this.failure === '') return answer.body
        if (answer.status < 500 && answer.status !== 206) return null
      } catch {
        this.failure = unreachableSentence(name, file.url)
      }
    }
    return null
  }

  private open(name: string, file: RemoteFile, index: number, bytes: Uint8Array, start: number): Uint8Array | null {
    if (!file.sealed) {
      const at = blockRange(file, index, index).start - start
      return bytes.slice(at, at + blockSize(file, index))
    }
    const range = sealedRange(index, file.total)
    try {
      const cipher = gcm(file.sealed.key, chunkNonce(file.sealed.prefix, index), chunkContext(index, file.total))
      return cipher.decrypt(bytes.subarray(range.start - start, range.end - start))
    } catch {
      this.failure = damagedSentence(name)
      return null
    }
  }

  private keep(key: string, block: Uint8Array): void {
    this.blocks.set(key, block)
    this.kept += block.length
    for (const [oldest, bytes] of this.blocks) {
      if (this.kept <= CACHE_BYTES || oldest === key) break
      this.blocks.delete(oldest)
      this.kept -= bytes.length
    }
  }
}

const keyOf = (file: RemoteFile, index: number): string => `${index} ${file.url}`

function getWithXhr(url: string, start: number, end: number): RangeAnswer {
  const request = new XMLHttpRequest()
  request.open('GET', url, false)
  request.responseType = 'arraybuffer'
  request.setRequestHeader('Range', `bytes=${start}-${end - 1}`)
  request.send()
  const body: unknown = request.response
  return {
    status: request.status,
    headers: headerMap(request.getAllResponseHeaders()),
    body: body instanceof ArrayBuffer ? new Uint8Array(body) : new Uint8Array(),
  }
}

/** Asking for a header that CORS hides logs an error; the whole list does not. */
function headerMap(text: string): Map<string, string> {
  const lines = text.split('\r\n').flatMap((line): [string, string][] => {
    const colon = line.indexOf(':')
    return colon < 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]]
  })
  return new Map(lines)
}
