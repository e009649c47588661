// SPDX-License-Identifier: Apache-2.0
// Compressed streams of bytes, told apart by their first bytes and unpacked as
// they flow. The decoders that the platform does not have are loaded when first
// needed. Knows nothing of what is packed.
import { ByteWriter } from './byte-writer'
import { fail, ok, type Result } from './result'

/** `deflate`: a file in a zip, which has no first bytes of its own. */
export type Packing = 'gzip' | 'xz' | 'bzip2' | 'zstd' | 'deflate'
type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>

const magics: readonly (readonly [Packing, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
]

/** How a file that begins with `head` (six bytes are enough) is packed; null: it is not. */
export function packingOf(head: Uint8Array): Packing | null {
  return magics.find(([, magic]) => magic.every((byte, at) => head[at] === byte))?.[0] ?? null
}

/** The unpacked stream. What is wrong with the packed bytes comes as an error while it is read. */
export async function unpack(packing: Packing, packed: ByteStream): Promise<ByteStream> {
  switch (packing) {
    case 'gzip':
      return packed.pipeThrough(new DecompressionStream('gzip'))
    case 'deflate':
      return packed.pipeThrough(new DecompressionStream('deflate-raw'))
    case 'xz': {
      const { XzReadableStream } = await import('xz-decompress')
      return new XzReadableStream(packed) as ByteStream
    }
    case 'zstd':
      return packed.pipeThrough(await zstdStream())
    case 'bzip2':
      return packed.pipeThrough(await bzip2Stream())
  }
}

async function zstdStream(): Promise<TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>> {
  const { Decompress } = await import('fzstd')
  let put: (bytes: Uint8Array) => void = () => undefined
  const decoder = new Decompress((bytes) => put(bytes))
  return new TransformStream({
    start: (to) => {
      put = (bytes) => to.enqueue(bytes as Uint8Array<ArrayBuffer>)
    },
    transform: (bytes) => decoder.push(bytes),
    flush: () => decoder.push(new Uint8Array(), true),
  })
}

/** Enough input for any block (900 kB), so that its decoder, which cannot wait, never runs dry. */
const BLOCK_SLACK = 25_000
const BLOCK_UNIT = 100_000

async function bzip2Stream(): Promise<TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>> {
  const [{ default: bzip2 }, { default: bitIterator }] = await Promise.all([
    import('unbzip2-stream/lib/bzip2.js'),
    import('unbzip2-stream/lib/bit_iterator.js'),
  ])
  const waiting: Uint8Array[] = []
  let fed = 0
  let size = 0
  let checksum: number | null = 0
  const bits = lazily(() =>
    bitIterator(() => {
      const next = waiting.shift()
      if (!next) throw new Error('it ends in the middle of a block')
      return next
    }),
  )
  const block = (to: TransformStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
    if (size === 0) {
      size = bzip2.header(bits())
      checksum = 0
      return
    }
    const room = size * BLOCK_UNIT
    const out = new ByteWriter(room)
    checksum = bzip2.decompress(bits(), put(out), new Int32Array(room), room, checksum ?? 0)
    if (checksum === null) size = 0
    else if (out.length > 0) to.enqueue(out.take())
  }
  return new TransformStream({
    transform: (bytes, to) => {
      waiting.push(bytes)
      fed += bytes.length
      while (fed - (fed > 0 ? bits().bytesRead : 0) >= BLOCK_SLACK + BLOCK_UNIT * (size || 9)) block(to)
    },
    flush: (to) => {
      while (fed > 0 && fed > bits().bytesRead) block(to)
      if (size !== 0 || checksum === 0) throw new Error('it ends early')
    },
  })
}

const put = (out: ByteWriter) => (byte: number) => {
  out.reserve(1)
  out.byte(byte)
}

function lazily<Value>(make: () => Value): () => Value {
  let made: Value | null = null
  return () => (made ??= make())
}

const reasonOf = (error: unknown): string => (error instanceof Error && error.message !== '' ? error.message : String(error))

/** Reads a stream to its end into `take`, which may wait; `onBytes` hears how much there was. The sentence names `name`. */
export async function drain(
  name: string,
  stream: ByteStream,
  take: (bytes: Uint8Array<ArrayBuffer>) => void | Promise<void>,
): Promise<Result<number, string>> {
  const reader = stream.getReader()
  let total = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return ok(total)
      total += value.length
      await take(value)
    }
  } catch (error) {
    return fail(`${name} could not be unpacked beyond ${total} bytes: ${reasonOf(error)}.`)
  }
}
