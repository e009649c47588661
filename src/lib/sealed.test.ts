// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { chunkContext, chunkCount, chunkNonce, CHUNK_BYTES, plainBytes, sealedBytes, sealedRange } from './sealed'

it('tells every size from the other', () => {
  const sizes = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 10 * 2 ** 30 + 7]
  expect(sizes.map(sealedBytes)).toEqual([16, 17, 1048591, 1048592, 1048609, 3145776, 10737582103])
  expect(sizes.map((size) => plainBytes(sealedBytes(size)))).toEqual(sizes)
})

it('knows sizes that nothing seals to', () => {
  expect([0, 15, CHUNK_BYTES + 17, CHUNK_BYTES + 32].map(plainBytes)).toEqual([null, null, null, null])
})

it('places chunks without a gap', () => {
  const plain = 2 * CHUNK_BYTES + 5
  expect([0, 1, 2].map((index) => sealedRange(index, plain))).toEqual([
    { start: 0, end: 1048592 },
    { start: 1048592, end: 2097184 },
    { start: 2097184, end: 2097205 },
  ])
  expect(chunkCount(plain)).toBe(3)
})

it('binds a chunk to its place, the count and the size', () => {
  expect(Buffer.from(chunkNonce(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), 0x0a0b)).toString('hex')).toBe('010203040506070800000a0b')
  expect(Buffer.from(chunkContext(1, CHUNK_BYTES + 1)).toString('hex')).toBe('707461726d6967310000000100000002' + '0000000000100001')
})
