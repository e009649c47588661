// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { ReadAhead } from './read-ahead'

const BLOCK = 4096

/** A file whose bytes tell where they lie; `begun` tells which blocks streams were begun over. */
class File extends Blob {
  begun: string[] = []
  broken = false
  constructor(bytes: number) {
    super([Uint8Array.from({ length: bytes }, (_, at) => byteAt(at))])
  }
  override slice(start = 0, end = this.size): Blob {
    this.begun.push(`${start / BLOCK}-${end / BLOCK}`)
    return this.broken ? new Broken() : super.slice(start, end)
  }
}

class Broken extends Blob {
  override stream(): ReturnType<Blob['stream']> {
    return new ReadableStream({ type: 'bytes', pull: (controller) => controller.error(new DOMException('gone', 'NotReadableError')) })
  }
}

const byteAt = (at: number): number => (at * 31 + (at >> 12)) & 255
const expected = (offset: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => byteAt(offset + at))

async function look(ahead: ReadAhead, offset: number, length: number): Promise<void> {
  expect(Buffer.compare(await ahead.read(offset, length, null), expected(offset, length))).toBe(0)
}

it('reads places that follow each other by streams that become longer, however they overlap', async () => {
  const file = new File(9.5 * BLOCK)
  const ahead = new ReadAhead(file, () => 4 * BLOCK, BLOCK)
  for (let at = 0; at < 9; at++) await look(ahead, Math.max(0, at * BLOCK - 1000), Math.min(BLOCK + 2000, file.size - at * BLOCK))
  expect(file.begun).toEqual(['0-2', '2-6', '6-14'])
})

it('answers what lies a little behind or before without beginning again', async () => {
  const file = new File(12 * BLOCK)
  const ahead = new ReadAhead(file, () => 6 * BLOCK, BLOCK)
  await look(ahead, 0, 8 * BLOCK)
  file.begun = []
  await look(ahead, 3 * BLOCK, 10)
  await look(ahead, 7 * BLOCK + 5, 10)
  expect(file.begun).toEqual([])
  await look(ahead, 0, 10)
  expect(file.begun).toEqual(['0-1'])
})

it('passes over some blocks, and begins anew where they were too many', async () => {
  const file = new File(40 * BLOCK)
  const ahead = new ReadAhead(file, () => 4 * BLOCK, BLOCK)
  await look(ahead, 0, BLOCK)
  await look(ahead, BLOCK, BLOCK)
  await look(ahead, 2 * BLOCK, BLOCK)
  await look(ahead, 3 * BLOCK, BLOCK)
  await look(ahead, 6 * BLOCK, BLOCK)
  await look(ahead, 30 * BLOCK, BLOCK)
  expect(file.begun).toEqual(['0-1', '1-3', '3-7', '30-31'])
})

it('answers in the order asked, in memory that is given, with fewer bytes at the end of the file', async () => {
  const file = new File(2 * BLOCK + 7)
  const ahead = new ReadAhead(file, () => 4 * BLOCK, BLOCK)
  const memory = new ArrayBuffer(BLOCK)
  const [first, second, third] = await Promise.all([ahead.read(10, 20, memory), ahead.read(2 * BLOCK, 100, new ArrayBuffer(3)), ahead.read(5 * BLOCK, 1, null)])
  expect(first.buffer).toBe(memory)
  expect([first, second, third]).toEqual([expected(10, 20), expected(2 * BLOCK, 7), new Uint8Array(0)])
})

it('fails as the browser does, and reads again when it is asked again', async () => {
  const file = new File(3 * BLOCK)
  const ahead = new ReadAhead(file, () => 4 * BLOCK, BLOCK)
  file.broken = true
  await expect(ahead.read(0, 10, null)).rejects.toThrow('gone')
  file.broken = false
  await look(ahead, 0, 10)
})
