// SPDX-License-Identifier: Apache-2.0
// Damaged archives: whatever their headers say, what is listed lies inside the
// file and nothing throws. Random, but the same every time.
import { deflateRawSync, gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { listTar, type TarEntry } from './tar'
import { drain, packingOf, unpack } from './unpack'
import { listZip, type ZipEntry } from './zip'

const ROUNDS = 3000

/** xorshift32: numbers below `below`. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function tarBlock(name: string, kind: string, body: string): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write(body.length.toString(8).padStart(11, '0'), 124)
  header.write('        ', 148)
  header.write(kind, 156)
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, Buffer.from(body), Buffer.alloc(-body.length & 511)])
}

function zipOf(names: readonly string[]): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const name of names) {
    const body = deflateRawSync(Buffer.from(name.repeat(20)))
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt16LE(8, 10)
    entry.writeUInt32LE(body.length, 20)
    entry.writeUInt32LE(name.length * 20, 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(at, 42)
    locals.push(local, Buffer.from(name), body)
    entries.push(entry, Buffer.from(name))
    at += 30 + name.length + body.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt16LE(names.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}

const tar = Buffer.concat([
  tarBlock('long', 'L', 'a/long/name'),
  tarBlock('x', '0', 'body'),
  tarBlock('pax', 'x', '16 path=some/path\n'),
  tarBlock('y', '0', 'more'),
  tarBlock('link', '2', ''),
  Buffer.alloc(1024),
])

/** A few bytes replaced, or the end cut off. */
function damaged(whole: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(whole)
  for (let changes = 1 + random(4); changes > 0; changes--) copy[random(copy.length)] = random(2) ? random(256) : 0xff
  return random(4) === 0 ? copy.subarray(0, random(copy.length)) : copy
}

const endOf = (entry: TarEntry | ZipEntry): number => entry.offset + ('packed' in entry ? entry.packed : entry.size)

it.each([
  ['tar', tar, listTar],
  ['zip', zipOf(['one', 'two/three', 'four']), listZip],
] as const)('a damaged %s lists only what lies inside it', async (_, whole, list) => {
  const random = randomFrom(20261128)
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = damaged(whole, random)
    const { entries } = await list(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length)
    for (const entry of entries) {
      expect(endOf(entry), `round ${round}`).toBeLessThanOrEqual(bytes.length)
    }
  }
})

it('a damaged stream ends with a sentence or with bytes', async () => {
  const random = randomFrom(7)
  const gzip = gzipSync(Buffer.from('some bytes, '.repeat(50)))
  for (let round = 0; round < 300; round++) {
    const bytes = damaged(gzip, random)
    if (packingOf(bytes) !== 'gzip') continue
    const stream = new Blob([new Uint8Array(bytes)]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>
    const done = await drain('x', await unpack('gzip', stream), () => undefined)
    if (!done.ok) expect(done.error).toMatch(/^x could not be unpacked beyond \d+ bytes: .+\.$/)
  }
})
