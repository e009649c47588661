// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { kindOf, readOpen } from './hand-over'

const sentence = (message: unknown): string => {
  const read = readOpen(message)
  return read.ok ? '' : read.error
}

describe('a message of another tool', () => {
  it('brings files as buffers, views and blobs', async () => {
    const bytes = new Uint8Array([1, 2, 3, 4])
    const files = [
      { name: 'perf.data', data: bytes.buffer },
      { name: 'app', path: '/usr/bin/app', data: bytes.subarray(1, 3) },
      { name: 'lib', data: new Blob([bytes]) },
    ]
    const read = readOpen({ ptarmigan: 'open', files, view: '#tab=timeline' })
    if (!read.ok) throw new Error(read.error)
    expect(read.value.view).toBe('tab=timeline')
    expect(read.value.files.map(({ path }) => path)).toEqual(['perf.data', '/usr/bin/app', 'lib'])
    const second = read.value.files[1]?.file
    expect([second?.name, [...new Uint8Array((await second?.arrayBuffer()) ?? new ArrayBuffer())]]).toEqual(['app', [2, 3]])
  })
  it('that is not understood says why', () => {
    expect(sentence(null)).toBe('The message names no files: it should have files: [{ name, data }].')
    expect(sentence({ files: [] })).toBe('The message names no files: it should have files: [{ name, data }].')
    expect(sentence({ files: [{ data: new ArrayBuffer(1) }] })).toBe('File 1 of the message has no name, or a wrong one.')
    expect(sentence({ files: [{ name: 'a', data: 'text' }] })).toBe('File 1 of the message (a) has no data: an ArrayBuffer, a view on one, or a Blob.')
    expect(sentence({ files: Array.from({ length: 1001 }, () => ({ name: 'a', data: new ArrayBuffer(1) })) })).toBe('The message has 1001 files; at most 1000 are taken.')
  })
  it('of another protocol is none of ours', () => {
    expect([kindOf('PING'), kindOf({ perfetto: {} }), kindOf(null), kindOf({ ptarmigan: 'open' })]).toEqual([null, null, null, 'open'])
  })
})

it('anything at all as a message is read or has a sentence', () => {
  const values: unknown[] = [null, undefined, 0, -1, '', 'perf.data', true, [], {}, new ArrayBuffer(0), new Uint8Array(3), new Blob([]), Symbol.iterator, () => 1]
  let state = 1
  const pick = () => values[(state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % values.length]
  for (let round = 0; round < 5000; round++) {
    const file = { name: pick(), path: pick(), data: pick() }
    const message = round % 3 === 0 ? pick() : { ptarmigan: pick(), files: round % 3 === 1 ? [file, pick()] : [file], view: pick() }
    const read = readOpen(message)
    if (!read.ok) expect(read.error).not.toBe('')
    kindOf(message)
  }
})
