// SPDX-License-Identifier: Apache-2.0
// Where the records of AUX data begin, by the index that perf record writes into
// the header of a perf.data (HEADER_AUXTRACE; perf.data-file-format.txt in Linux
// tools/perf/Documentation). Only a hint of what will be read: the decoder walks
// over all records and believes none of it.

const MAGIC = 0x32454c4946524550n // "PERFILE2"
const HEADER_BYTES = 104
const DATA_AT = 40
const FEATURES_AT = 72
const AUXTRACE = 18n
const SECTION_BYTES = 16
const ENTRY_BYTES = 16
const MOST_ENTRIES = 1 << 18

/** Reads bytes of the file; fewer at its end. */
export type ReadBytes = (offset: number, length: number) => Uint8Array

/** Offsets in the file of `size` bytes; none where there is no index or it makes no sense. */
export function auxPlaces(size: number, read: ReadBytes): number[] {
  const view = (offset: number, length: number): DataView | null => {
    if (!Number.isSafeInteger(offset) || offset + length > size) return null
    const bytes = read(offset, length)
    return bytes.length === length ? new DataView(bytes.buffer, bytes.byteOffset, length) : null
  }
  const header = view(0, HEADER_BYTES)
  if (!header || header.getBigUint64(0, true) !== MAGIC) return []
  const features = header.getBigUint64(FEATURES_AT, true)
  if ((features >> AUXTRACE) % 2n === 0n) return []
  const before = bitsIn(features % (1n << AUXTRACE))
  const behindData = numberAt(header, DATA_AT) + numberAt(header, DATA_AT + 8)
  const section = view(behindData + before * SECTION_BYTES, SECTION_BYTES)
  if (!section) return []
  const start = numberAt(section, 0)
  const bytes = Math.min(numberAt(section, 8), 8 + MOST_ENTRIES * ENTRY_BYTES)
  const index = bytes < 8 ? null : view(start, bytes)
  if (!index) return []
  const count = Math.min(numberAt(index, 0), Math.floor((bytes - 8) / ENTRY_BYTES))
  const places = Array.from({ length: count }, (_, entry) => numberAt(index, 8 + entry * ENTRY_BYTES))
  return places.filter((place) => place < size)
}

const numberAt = (view: DataView, at: number): number => Number(view.getBigUint64(at, true))

function bitsIn(word: bigint): number {
  let count = 0
  for (let rest = word; rest > 0n; rest >>= 1n) count += Number(rest % 2n)
  return count
}
