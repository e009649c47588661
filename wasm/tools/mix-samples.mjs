// SPDX-License-Identifier: Apache-2.0
// Adds ordinary samples to a trace of ptgen's whose truth is known: what
// `perf record -e intel_pt//u -e cycles:u` would have written had it sampled at
// the end of every Nth block. Usage: mix-samples.mjs PTGEN TRACE TRUTH EVERY OUTPUT
// Prints a line for each sample: its time in ns, thread, address, and how many
// instructions of its thread the truth has before that address.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const [ptgen, trace, truth, every, output] = process.argv.slice(2)
const SAMPLE = 9
const TIME_CONV = 79
const ATTR_BYTES = 128
// IP, TID, TIME, CPU, PERIOD, IDENTIFIER
const SAMPLE_TYPE = 0x10187
const EVENT_ID = 7_000_001n

const run = (...words) => execFileSync(ptgen, words, { maxBuffer: 1 << 30 }).toString().trim().split('\n')

/** The end of every Nth block: { tid, cpu, tsc, ip, ordinal }. */
function places() {
  const ips = run('truthdump', '-i', truth).map((line) => line.split(' '))
  const done = new Map()
  const found = []
  let at = 0
  run('truthdump', '--blocks', truth)
    .map((line) => /^(\d+) cpu (\d+) cyc \d+ tsc (\d+) last ([0-9a-f]+)/.exec(line))
    .filter((match) => match)
    .forEach(([, tid, cpu, tsc, last], index) => {
      let ordinal = done.get(tid) ?? 0
      while (ips[at][1] !== last) {
        at++
        ordinal++
      }
      if (index % Number(every) === Number(every) - 1) found.push({ tid: Number(tid), cpu: Number(cpu), tsc: BigInt(tsc), ip: BigInt(`0x${last}`), ordinal })
      at++
      done.set(tid, ordinal + 1)
    })
  return found
}

const file = readFileSync(trace)
const u64 = (offset) => Number(file.readBigUInt64LE(offset))
const attrs = { offset: u64(24), size: u64(32) }
const data = { offset: u64(40), size: u64(48) }
const entry = u64(16)

function timeConversion() {
  for (let at = data.offset; at < data.offset + data.size; at += file.readUInt16LE(at + 6))
    if (file.readUInt32LE(at) === TIME_CONV) return [8, 16, 24].map((field) => file.readBigUInt64LE(at + field))
  throw new Error(`${trace} has no TIME_CONV record`)
}

function sampleOf({ tid, cpu, ip }, time) {
  const bytes = Buffer.alloc(8 + 6 * 8)
  bytes.writeUInt32LE(SAMPLE, 0)
  bytes.writeUInt16LE(2, 4)
  bytes.writeUInt16LE(bytes.length, 6)
  ;[EVENT_ID, ip, BigInt(tid) << 32n | BigInt(tid), time, BigInt(cpu), BigInt(every)].forEach((value, field) =>
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 8 + field * 8),
  )
  return bytes
}

const [shift, mult, zero] = timeConversion()
// zero is a signed number: sums stay in 64 bits.
const nsOf = (tsc) => BigInt.asUintN(64, zero + ((tsc * mult) >> shift))
const found = places().map((place) => ({ ...place, time: nsOf(place.tsc) }))
const samples = Buffer.concat(found.map((place) => sampleOf(place, place.time)))

// The header's parts, the data section with the samples at its end, the features moved behind them.
const head = Buffer.from(file.subarray(0, data.offset))
const features = Buffer.from(file.subarray(data.offset + data.size))
head.writeBigUInt64LE(BigInt(data.size + samples.length), 48)
let count = 0
for (let byte = 72; byte < 104; byte++) for (let bit = 0; bit < 8; bit++) count += (head[byte] >> bit) & 1
for (let row = 0; row < count; row++) features.writeBigUInt64LE(features.readBigUInt64LE(row * 16) + BigInt(samples.length), row * 16)

// A table of attributes with one more, at the end of the file, and its id behind it.
const table = Buffer.alloc(attrs.size + entry + 8)
file.copy(table, 0, attrs.offset, attrs.offset + attrs.size)
const end = data.offset + data.size + samples.length + features.length
table.writeUInt32LE(ATTR_BYTES, attrs.size + 4)
table.writeBigUInt64LE(BigInt(every), attrs.size + 16)
table.writeBigUInt64LE(BigInt(SAMPLE_TYPE), attrs.size + 24)
table.writeBigUInt64LE(BigInt((1 << 5) | (1 << 6) | (1 << 18)), attrs.size + 40)
table.writeBigUInt64LE(BigInt(end + attrs.size + entry), attrs.size + entry - 16)
table.writeBigUInt64LE(8n, attrs.size + entry - 8)
table.writeBigUInt64LE(EVENT_ID, attrs.size + entry)
head.writeBigUInt64LE(BigInt(end), 24)
head.writeBigUInt64LE(BigInt(attrs.size + entry), 32)
writeFileSync(output, Buffer.concat([head, file.subarray(data.offset, data.offset + data.size), samples, features, table]))
console.log(found.map(({ time, tid, ip, ordinal }) => `${time} ${tid} ${ip.toString(16)} ${ordinal}`).join('\n'))
