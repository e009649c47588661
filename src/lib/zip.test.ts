// SPDX-License-Identifier: Apache-2.0
import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { isZip, listZip } from './zip'

/** Made by Python's zipfile: d/ (a folder), d/a.txt (stored), ./b/../café.txt and big.bin (deflated). */
const made = Buffer.from(
  'UEsDBBQAAAAAAIMYIlwAAAAAAAAAAAAAAAACAAAAZC9QSwMEFAAAAAAAgxgiXDdkGCoOAAAADgAAAAcAAABkL2EudHh0b25lIHR3byB0aHJlZQpQSwMEFAAACAgAgxgiXBMtQxsHAAAALAEAABAAAAAuL2IvLi4vY2Fmw6kudHh0q6gYBcQCAFBLAwQUAAAACACDGCJcjM4OEEIAAABAAAAABwAAAGJpZy5iaW5jYGRiZmFlY+fg5OLm4eXjFxAUEhYRFROXkJSSlpGVk1dQVFJWUVVT19DU0tbR1dM3MDQyNjE1M7ewtLK2sbWzBwBQSwECFAMUAAAAAACDGCJcAAAAAAAAAAAAAAAAAgAAAAAAAAAAAAAAgAEAAAAAZC9QSwECFAMUAAAAAACDGCJcN2QYKg4AAAAOAAAABwAAAAAAAAAAAAAAgAEgAAAAZC9hLnR4dFBLAQIUAxQAAAgIAIMYIlwTLUMbBwAAACwBAAAQAAAAAAAAAAAAAACAAVMAAAAuL2IvLi4vY2Fmw6kudHh0UEsBAhQDFAAAAAgAgxgiXIzODhBCAAAAQAAAAAcAAAAAAAAAAAAAAIABiAAAAGJpZy5iaW5QSwUGAAAAAAQABADYAAAA7wAAAAAA',
  'base64',
)
const END = made.length - 22

async function list(zip: Buffer): Promise<string[]> {
  const { entries, damage } = await listZip(async (offset, length) => zip.subarray(offset, offset + length), zip.length)
  const text = entries.map(({ path, offset, packed, size, deflated }) => {
    const bytes = zip.subarray(offset, offset + packed)
    const plain = deflated ? inflateRawSync(bytes) : bytes
    return `${path} ${size}: ${plain.length > 20 ? plain.length : plain.toString().trim()}`
  })
  return [...text, ...(damage ? [damage] : [])]
}

/** The zip with some bytes replaced. */
function changed(at: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(made)
  copy.set(bytes, at)
  return copy
}

/** The same table of contents, told by the records of zip64. */
function asZip64(): Buffer {
  const end = made.subarray(END)
  const record = Buffer.alloc(56)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 32)
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40)
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(END), 8)
  const last = Buffer.from(end)
  last.fill(0xff, 8, 20)
  return Buffer.concat([made.subarray(0, END), record, locator, last])
}

const all = ['d/a.txt 14: one two three', 'café.txt 300: 300', 'big.bin 64: 64']

describe('listZip', () => {
  it('lists files with the place of their bytes, without folders', async () => {
    expect(isZip(made)).toBe(true)
    expect(isZip(Buffer.from('PERFILE2'))).toBe(false)
    expect(await list(made)).toEqual(all)
  })

  it('finds the table behind a comment, and by the records of zip64', async () => {
    const comment = Buffer.concat([changed(END + 20, [5, 0]), Buffer.from('hello')])
    expect(await list(comment)).toEqual(all)
    expect(await list(asZip64())).toEqual(all)
  })

  it('says what is left out and why', async () => {
    const entries = made.readUInt32LE(END + 16)
    const second = made.indexOf(Buffer.from([0x50, 0x4b, 1, 2]), entries + 4)
    const third = made.indexOf(Buffer.from([0x50, 0x4b, 1, 2]), second + 4)
    expect(await list(changed(second + 8, [1]))).toEqual([...all.slice(1), 'd/a.txt is encrypted'])
    expect(await list(changed(third + 10, [14]))).toEqual([all[0], all[2], 'café.txt is packed by a method (14) that is not known here'])
    expect(await list(changed(second + 42, [9]))).toEqual([...all.slice(1), 'd/a.txt is not where the table of contents says'])
    expect(await list(changed(third, [0]))).toEqual([all[0], "the archive's table of contents is damaged after 2 of 4 files"])
    expect(await list(changed(third + 42, [...made.subarray(second + 42, second + 46)]))).toContain('café.txt lies over another file')
  })

  it('needs the end of the archive', async () => {
    const sentence = 'the archive has no table of contents at its end: it was not copied to its end'
    expect(await list(made.subarray(0, made.length - 30))).toEqual([sentence])
    expect(await list(Buffer.alloc(0))).toEqual([sentence])
  })
})
