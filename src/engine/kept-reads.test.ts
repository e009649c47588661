// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { KeptFiles, KeptReads } from './kept-reads'

it('finds bytes that one kept read holds whole', () => {
  const reads = new KeptReads(100)
  reads.keep(1000, Uint8Array.of(9))
  reads.keep(10, Uint8Array.of(1, 2, 3, 4))
  reads.keep(20, Uint8Array.of(5, 6))
  expect(reads.find(11, 2)).toEqual(Uint8Array.of(2, 3))
  expect(reads.find(20, 2)).toEqual(Uint8Array.of(5, 6))
  expect(reads.find(1000, 1)).toEqual(Uint8Array.of(9))
  expect([reads.find(9, 1), reads.find(12, 3), reads.find(21, 2), reads.find(1001, 1)]).toEqual([null, null, null, null])
})

it('keeps nothing more once it has as many bytes as it may', () => {
  const reads = new KeptReads(5)
  reads.keep(0, new Uint8Array(3))
  reads.keep(10, new Uint8Array(3))
  reads.keep(20, new Uint8Array(2))
  expect([0, 10, 20].map((offset) => reads.find(offset, 1) !== null)).toEqual([true, true, false])
})

it('reads a small file once, and the ones kept longest again when there were too many', () => {
  const files = new KeptFiles<{ name: string }>(5)
  const read: string[] = []
  const look = (file: { name: string }) =>
    files.bytesOf(file, () => {
      read.push(file.name)
      return new Uint8Array(2)
    })
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name })) as [{ name: string }, { name: string }, { name: string }]
  for (const file of [a, b, a, c, b, a]) look(file)
  expect(read).toEqual(['a', 'b', 'c', 'a'])
})
