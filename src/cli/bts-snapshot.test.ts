// SPDX-License-Identifier: Apache-2.0
// Snapshots of a BTS ring (perf record -S -e intel_bts//) overlap: each branch is
// told once. Made of a trace without snapshots, whose rows they must have; held
// against perf script where perf is installed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { opened, projectFixtures } from './bundles-for-tests'
import { hasPerf } from './perf-for-tests'
import { scriptText } from './script-for-tests'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const AUXTRACE_INFO = 70
const AUXTRACE = 71
const BTS_RECORD = 24
/** Where AUXTRACE_INFO of Intel BTS says that this is a snapshot. */
const SNAPSHOT_MODE = 16 + 5 * 8
const FIELDS = ['-F', 'comm,tid,ip,sym,symoff,dso,addr']

/** The trace's records, its AUX data taken out; and these data, record by record. */
function takeApart(bytes: Buffer): { before: Buffer; records: Buffer[]; aux: Buffer; header: Buffer } {
  const start = Number(bytes.readBigUInt64LE(40))
  const end = start + Number(bytes.readBigUInt64LE(48))
  const records: Buffer[] = []
  const data: Buffer[] = []
  let header = Buffer.alloc(0)
  for (let at = start; at < end; ) {
    const record = bytes.subarray(at, at + bytes.readUInt16LE(at + 6))
    const type = record.readUInt32LE(0)
    at += record.length
    if (type === AUXTRACE) {
      const size = Number(record.readBigUInt64LE(8))
      header = Buffer.from(record)
      data.push(bytes.subarray(at, at + size))
      at += size
    } else records.push(record)
  }
  return { before: bytes.subarray(0, start), records, aux: Buffer.concat(data), header }
}

/** The same trace as three snapshots: from and to which record each holds. */
function asSnapshots(bytes: Buffer, pieces: readonly [number, number][]): Buffer {
  const { before, records, aux, header } = takeApart(bytes)
  const made = records
    .filter((record) => record.readUInt32LE(0) !== 11)
    .map((record) => {
      const copy = Buffer.from(record)
      if (copy.readUInt32LE(0) === AUXTRACE_INFO) copy.writeBigUInt64LE(1n, SNAPSHOT_MODE)
      return copy
    })
  const reference = header.readBigUInt64LE(24)
  const body: Buffer[] = [...made]
  const index = [BigInt(pieces.length)]
  pieces.forEach(([from, to], row) => {
    index.push(BigInt(before.length + body.reduce((sum, { length }) => sum + length, 0)), BigInt(header.length))
    const record = Buffer.from(header)
    record.writeBigUInt64LE(BigInt((to - from) * BTS_RECORD), 8)
    record.writeBigUInt64LE(0n, 16)
    record.writeBigUInt64LE(reference + BigInt(row * 1000), 24)
    body.push(record, Buffer.from(aux.subarray(from * BTS_RECORD, to * BTS_RECORD)))
  })
  const data = Buffer.concat(body)
  const head = Buffer.from(before)
  head.writeBigUInt64LE(BigInt(data.length), 48)
  return Buffer.concat([head, data, featuresBehind(bytes, before.length + data.length, Buffer.from(BigUint64Array.from(index).buffer))])
}

const FEATURE_AUXTRACE = 18

/** The features that stood behind the data, for their new place `at`, and with another index of AUX data. */
function featuresBehind(bytes: Buffer, at: number, index: Buffer): Buffer<ArrayBuffer> {
  const table = Number(bytes.readBigUInt64LE(40)) + Number(bytes.readBigUInt64LE(48))
  const bits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (bytes.readBigUInt64LE(72) >> BigInt(bit)) & 1n)
  const entries = Buffer.alloc(bits.length * 16)
  const contents: Buffer[] = []
  let next = at + entries.length
  bits.forEach((bit, row) => {
    const from = Number(bytes.readBigUInt64LE(table + row * 16))
    const content = bit === FEATURE_AUXTRACE ? index : bytes.subarray(from, from + Number(bytes.readBigUInt64LE(table + row * 16 + 8)))
    entries.writeBigUInt64LE(BigInt(next), row * 16)
    entries.writeBigUInt64LE(BigInt(content.length), row * 16 + 8)
    contents.push(content)
    next += content.length
  })
  return Buffer.concat([entries, ...contents])
}

it('tells each branch of overlapping snapshots once', async () => {
  const path = join(projectFixtures, 'other/bts-calls.perf.data')
  const bytes = readFileSync(path)
  const symfs = join(projectFixtures, 'symfs')
  const count = takeApart(bytes).aux.length / BTS_RECORD
  expect(count).toBe(2034)
  const ends = [1000, 1600, count]
  const made = join(folder, 'snapshots.perf.data')
  writeFileSync(made, asSnapshots(bytes, [[0, 1000], [600, 1600], [1500, count]]))
  // perf does not tell the last record of a buffer.
  const all = scriptText(await opened(path, symfs), ['--itrace=b', ...FIELDS]).trimEnd().split('\n')
  const wanted = all.filter((_, row) => !ends.includes(row + 1))
  expect([all.length, wanted.length]).toEqual([2033, 2031])
  const ours = scriptText(await opened(made, symfs), ['--itrace=b', ...FIELDS])
  expect(ours.trimEnd().split('\n')).toEqual(wanted)
  if (!hasPerf()) return
  const perf = execFileSync('perf', ['script', '--symfs', symfs, '-i', made, '--itrace=b', ...FIELDS], { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })
  expect(ours).toBe(perf)
})
