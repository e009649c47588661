// SPDX-License-Identifier: Apache-2.0
// The same trace in other forms, made from a fixture: a perf.data directory, a
// tar archive, and the bare packets. Layouts: perf.data-file-format.txt, ustar.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const AUXTRACE = 71
const FIRST_USER_TYPE = 64
const DIR_FORMAT = 24
const DATA_SIZE_AT = 48
const FEATURES_AT = 72

type Record = { type: number; bytes: Buffer; payload: Buffer }

const number = (bytes: Buffer, at: number) => Number(bytes.readBigUInt64LE(at))

function recordsOf(file: Buffer): Record[] {
  const start = number(file, 40)
  const end = start + number(file, DATA_SIZE_AT)
  const records: Record[] = []
  for (let at = start; at < end;) {
    const type = file.readUInt32LE(at)
    const size = file.readUInt16LE(at + 6)
    const payload = type === AUXTRACE ? number(file, at + 8) : 0
    records.push({ type, bytes: file.subarray(at, at + size), payload: file.subarray(at + size, at + size + payload) })
    at += size + payload
  }
  return records
}

/** The packets alone, as a debugger would save them. */
export function rawStream(fixture: string): Buffer {
  return Buffer.concat(recordsOf(readFileSync(fixture)).map(({ payload }) => payload))
}

/** What perf record --threads writes: `data` with the records perf makes up, the kernel's and the AUX data in data.N. */
export function directoryForm(fixture: string): { [name: string]: Buffer } {
  const file = readFileSync(fixture)
  const records = recordsOf(file)
  const joined = (wanted: (type: number) => boolean) =>
    Buffer.concat(records.filter(({ type }) => wanted(type)).flatMap(({ bytes, payload }) => [bytes, payload]))
  const own = joined((type) => type >= FIRST_USER_TYPE && type !== AUXTRACE)
  const start = number(file, 40)
  const header = Buffer.from(file.subarray(0, start))
  header.writeBigUInt64LE(BigInt(own.length), DATA_SIZE_AT)
  const features = new Map<number, Buffer>()
  const table = start + number(file, DATA_SIZE_AT)
  for (let bit = 0; bit < 256; bit++) {
    if (((file[FEATURES_AT + (bit >> 3)] ?? 0) & (1 << (bit & 7))) === 0) continue
    const at = table + features.size * 16
    features.set(bit, file.subarray(number(file, at), number(file, at) + number(file, at + 8)))
  }
  features.set(DIR_FORMAT, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]))
  header[FEATURES_AT + (DIR_FORMAT >> 3)] = (header[FEATURES_AT + (DIR_FORMAT >> 3)] ?? 0) | (1 << (DIR_FORMAT & 7))
  const sorted = [...features].sort(([a], [b]) => a - b)
  let at = start + own.length + sorted.length * 16
  const places = sorted.map(([, bytes]) => {
    const place = Buffer.alloc(16)
    place.writeBigUInt64LE(BigInt(at), 0)
    place.writeBigUInt64LE(BigInt(bytes.length), 8)
    at += bytes.length
    return place
  })
  return {
    data: Buffer.concat([header, own, ...places, ...sorted.map(([, bytes]) => bytes)]),
    'data.0': joined((type) => type < FIRST_USER_TYPE),
    'data.1': joined((type) => type === AUXTRACE),
  }
}

/** A tar of these files, packed with gzip. */
export function tarGz(files: { [path: string]: Buffer }): Buffer {
  const blocks = Object.entries(files).flatMap(([path, body]) => {
    const header = Buffer.alloc(512)
    header.write(path, 0, 100)
    header.write('0000644\0', 100)
    header.write(body.length.toString(8).padStart(11, '0'), 124)
    header.write('        0', 148)
    header.write('ustar\x0000', 257, 'latin1')
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, body, Buffer.alloc(-body.length & 511)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}
