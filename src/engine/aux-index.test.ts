// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { auxPlaces } from './aux-index'

/** A file with features 2 and 18, whose index names `places` and says that it has `count` of them and `bytes`. */
function fileWith(places: readonly number[], { count = places.length, bytes = 8 + 16 * places.length, features = (1n << 18n) | 4n } = {}): Uint8Array {
  const file = new Uint8Array(1000)
  const view = new DataView(file.buffer)
  const put = (at: number, value: number | bigint) => view.setBigUint64(at, BigInt(value), true)
  put(0, 0x32454c4946524550n)
  put(40, 104) // data
  put(48, 96)
  put(72, features)
  put(200 + 16, 300) // the second section: of feature 18
  put(200 + 24, bytes)
  put(300, count)
  places.forEach((place, entry) => {
    put(308 + 16 * entry, place)
    put(316 + 16 * entry, 48)
  })
  return file
}
const placesOf = (file: Uint8Array) => auxPlaces(file.length, (offset, length) => file.subarray(offset, offset + length))

it('finds the places that the index names', () => {
  expect(placesOf(fileWith([104, 500, 900]))).toEqual([104, 500, 900])
})

it('knows none without an index or a header', () => {
  expect(placesOf(fileWith([104], { features: 4n }))).toEqual([])
  expect(placesOf(new Uint8Array(1000))).toEqual([])
  expect(placesOf(new Uint8Array(10))).toEqual([])
})

it('believes no sizes and no places outside of the file', () => {
  expect(placesOf(fileWith([104, 5000, 900], { count: 2 ** 50 }))).toEqual([104, 900])
  expect(placesOf(fileWith([104], { bytes: 2 ** 52 }))).toEqual([])
  expect(placesOf(fileWith([104], { bytes: 4 }))).toEqual([])
})
