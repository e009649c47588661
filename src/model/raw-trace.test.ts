// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { elfCode, findPsb, FLAT_HEADER_BYTES, flatHeader, hasTime, rawTrace, unknownCpu } from './raw-trace'

const psb = Array.from({ length: 8 }, () => [0x02, 0x82]).flat()
const stream = (...rest: number[]) => Uint8Array.from([0x77, 0x02, ...psb, ...rest])

describe('a stream', () => {
  it('is known by its first PSB', () => {
    expect(findPsb(stream())).toBe(2)
    expect(findPsb(Uint8Array.from(psb.slice(1)))).toBe(-1)
    expect(findPsb(new Uint8Array())).toBe(-1)
  })
  it('tells the time when its PSB+ holds a TSC packet, behind whatever else', () => {
    const tsc = [0x19, 1, 2, 3, 4, 5, 6, 7]
    expect(hasTime(stream(...tsc), 2)).toBe(true)
    // PAD, a CYC of two bytes, CBR, MODE, MTC, FUP of four bytes
    expect(hasTime(stream(0, 0xff, 0x08, 2, 3, 12, 0, 0x99, 1, 0x59, 7, 0x5d, 1, 2, 3, 4, ...tsc), 2)).toBe(true)
    expect(hasTime(stream(2, 0x23, ...tsc), 2)).toBe(false)
    expect(hasTime(stream(0x04, ...tsc), 2)).toBe(false)
    expect(hasTime(stream(0xff, 0xff, 0xff), 2)).toBe(false)
  })
})

describe('the perf.data around it', () => {
  const code = [{ name: '/raw/a', address: 0x1000n, size: 0x20n, offset: 120n }]
  const { before, after } = rawTrace({ ...unknownCpu, family: 6, model: 85, mtcFreq: 3, nomFreq: 37 }, code, 500, true)
  const view = new DataView(before.buffer)
  it('says where data and features are', () => {
    expect(Buffer.from(before.subarray(0, 8)).toString()).toBe('PERFILE2')
    const [start, bytes] = [Number(view.getBigUint64(40, true)), Number(view.getBigUint64(48, true))]
    expect(start + bytes).toBe(before.length + 500)
    expect(view.getBigUint64(72, true)).toBe((1n << 9n) | (1n << 18n))
    const features = new DataView(after.buffer)
    expect(Number(features.getBigUint64(0, true))).toBe(before.length + 500 + 32)
    expect(Buffer.from(after.subarray(36, -24)).toString()).toBe('GenuineIntel,6,85,0\0\0\0\0\0')
    expect([features.getBigUint64(16, true), features.getBigUint64(after.length - 16, true)]).toEqual([BigInt(before.length + 500 + after.length - 24), BigInt(before.length - 48)])
  })
  it('ends with the AUXTRACE record of the stream', () => {
    const record = new DataView(before.buffer, before.length - 48)
    expect([record.getUint32(0, true), record.getUint16(6, true), record.getBigUint64(8, true)]).toEqual([71, 48, 500n])
  })
})

describe('code', () => {
  it('that is flat becomes an ELF file with one segment, which is found again', () => {
    const header = flatHeader(0x7f0000001000n, 77n)
    expect(header.length).toBe(FLAT_HEADER_BYTES)
    expect(elfCode(header, null)).toEqual([{ offset: BigInt(FLAT_HEADER_BYTES), address: 0x7f0000001000n, size: 77n }])
  })
  it('moves to a base by its lowest segment, which need not be code', () => {
    const file = new Uint8Array(64 + 2 * 56)
    file.set(flatHeader(0x3000n, 77n))
    file.set(file.subarray(64, 120), 120)
    const view = new DataView(file.buffer)
    view.setUint16(56, 2, true)
    view.setUint32(68, 4, true)
    view.setBigUint64(80, 0x1000n, true)
    const at = (address: bigint) => [{ offset: BigInt(FLAT_HEADER_BYTES), address, size: 77n }]
    expect(elfCode(file, 0x400000n)).toEqual(at(0x402000n))
    expect(elfCode(file, null)).toEqual(at(0x3000n))
  })
  it('of anything else is none', () => {
    expect(elfCode(new Uint8Array(64), null)).toBe(null)
    expect(elfCode(flatHeader(0n, 1n).subarray(0, 100), null)).toBe(null)
  })
})
