// SPDX-License-Identifier: Apache-2.0
// The reader against a server in memory that counts what it is asked.
import { createCipheriv, createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PLAIN_BLOCK_BYTES, sliceRemote, type RangeAnswer, type RemoteFile } from '../lib/remote-file'
import { chunkContext, chunkCount, chunkNonce, CHUNK_BYTES, plainRange, sealedBytes, type SealedKeys } from '../lib/sealed'
import { RemoteReader } from './remote-reader'

const bytes = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 255)
const keys: SealedKeys = { key: new Uint8Array(32).fill(9), prefix: new Uint8Array(8).fill(4) }

function seal(plain: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunks = Array.from({ length: chunkCount(plain.length) }, (_, index) => {
    const { start, end } = plainRange(index, plain.length)
    const cipher = createCipheriv('aes-256-gcm', keys.key, chunkNonce(keys.prefix, index)).setAAD(chunkContext(index, plain.length))
    return Buffer.concat([cipher.update(plain.subarray(start, end)), cipher.final(), cipher.getAuthTag()])
  })
  return new Uint8Array(Buffer.concat(chunks))
}

/** Answers ranges of `held`; `asked` lists them. */
function serve(held: Uint8Array<ArrayBuffer>, change: (answer: RangeAnswer) => RangeAnswer = (answer) => answer) {
  const asked: string[] = []
  const get = (_url: string, start: number, end: number): RangeAnswer => {
    asked.push(`${start}-${end}`)
    const headers = new Map([['content-range', `bytes ${start}-${end - 1}/${held.length}`]])
    return change({ status: 206, headers, body: held.slice(start, end) })
  }
  return { asked, reader: new RemoteReader(get) }
}

const plainFile = (size: number): RemoteFile => ({ url: 'https://traces.example/t', start: 0, size, total: size, etag: '', sealed: null })
const sealedFile = (size: number): RemoteFile => ({ ...plainFile(size), sealed: keys })

function read(reader: RemoteReader, file: RemoteFile, offset: number, length: number): Uint8Array | string {
  const into = new Uint8Array(length)
  const got = reader.read('t', file, offset, into)
  return got < 0 ? reader.failure : into.subarray(0, got)
}

/** Large arrays as a digest: comparing them element by element takes seconds. */
const digest = (got: Uint8Array | string): string => (typeof got === 'string' ? got : createHash('sha256').update(got).digest('hex'))

describe('a plain file', () => {
  const whole = bytes(3 * PLAIN_BLOCK_BYTES + 100)
  it('is read in blocks, each asked for once, neighbours together', () => {
    const { asked, reader } = serve(whole)
    const file = plainFile(whole.length)
    expect(read(reader, file, 10, 20)).toEqual(whole.subarray(10, 30))
    expect(digest(read(reader, file, PLAIN_BLOCK_BYTES - 1, 2 * PLAIN_BLOCK_BYTES))).toBe(
      digest(whole.subarray(PLAIN_BLOCK_BYTES - 1, 3 * PLAIN_BLOCK_BYTES - 1)),
    )
    expect(read(reader, file, whole.length - 5, 50)).toEqual(whole.subarray(-5))
    expect(read(reader, file, whole.length, 50)).toEqual(new Uint8Array())
    expect(asked).toEqual(['0-262144', '262144-786432', '786432-786532'])
  })
  it('may be a part of a larger one', () => {
    const { reader } = serve(whole)
    const part = sliceRemote(sliceRemote(plainFile(whole.length), 1000), 5, 25)
    expect(part.size).toBe(20)
    expect(read(reader, part, 4, 100)).toEqual(whole.subarray(1009, 1025))
  })
  it('that changed on its server says so', () => {
    const { reader } = serve(whole.slice(0, -1))
    expect(read(reader, plainFile(whole.length), 0, 10)).toBe('t changed on traces.example since it was opened: open it again.')
  })
  it('that is gone says so, and is not asked for again', () => {
    const { asked, reader } = serve(whole, (answer) => ({ ...answer, status: 410 }))
    expect(read(reader, plainFile(whole.length), 0, 10)).toBe('t is no longer on traces.example: it expired or was deleted.')
    expect(asked.length).toBe(1)
  })
  it('is asked for again when the connection was cut', () => {
    let cut = 2
    const { asked, reader } = serve(whole, (answer) => (cut-- > 0 ? { ...answer, body: answer.body.slice(1) } : answer))
    expect(read(reader, plainFile(whole.length), 0, 4)).toEqual(whole.subarray(0, 4))
    expect(asked.length).toBe(3)
  })
  it('without a network says so', () => {
    const reader = new RemoteReader(() => {
      throw new Error('NetworkError')
    })
    expect(read(reader, plainFile(10), 0, 4)).toContain('traces.example gave no answer that this page may see')
  })
})

describe('a sealed file', () => {
  const whole = bytes(2 * CHUNK_BYTES + 77)
  const held = seal(whole)
  it('is opened chunk by chunk, only those that are looked at', () => {
    const { asked, reader } = serve(held)
    expect(held.length).toBe(sealedBytes(whole.length))
    expect(read(reader, sealedFile(whole.length), CHUNK_BYTES + 5, 10)).toEqual(whole.subarray(CHUNK_BYTES + 5, CHUNK_BYTES + 15))
    expect(digest(read(reader, sealedFile(whole.length), CHUNK_BYTES + 5, whole.length))).toBe(digest(whole.subarray(CHUNK_BYTES + 5)))
    expect(asked).toEqual(['1048592-2097184', '2097184-2097277'])
  })
  const damaged =
    't could not be decrypted: its bytes are not the ones that were shared (cut, altered or damaged where they are stored). Ask for a new link.'
  it('does not open with a bit flipped, cut short, or with chunks exchanged', () => {
    const flipped = held.slice()
    flipped[50] = (flipped[50] ?? 0) ^ 1
    expect(read(serve(flipped).reader, sealedFile(whole.length), 0, 10)).toBe(damaged)
    const cut = held.slice(0, CHUNK_BYTES + 16)
    expect(read(serve(cut).reader, sealedFile(CHUNK_BYTES), 0, 10)).toBe(damaged)
    expect(read(serve(cut).reader, sealedFile(whole.length), 0, 10)).toBe(damaged)
    const exchanged = held.slice()
    exchanged.set(held.subarray(0, CHUNK_BYTES + 16), CHUNK_BYTES + 16)
    expect(read(serve(exchanged).reader, sealedFile(whole.length), CHUNK_BYTES, 10)).toBe(damaged)
  })
})

it('keeps no more than its cache holds', () => {
  const whole = new Uint8Array(34 << 20)
  const { asked, reader } = serve(whole)
  const file = plainFile(whole.length)
  for (let at = 0; at < whole.length; at += PLAIN_BLOCK_BYTES) read(reader, file, at, 1)
  expect(asked.length).toBe(136)
  read(reader, file, whole.length - 1, 1)
  expect(asked.length).toBe(136)
  read(reader, file, 0, 1)
  expect(asked.length).toBe(137)
})
