// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { compareDigests, compareLines, compareTruth, difference, digestLines } from './compare.mjs'
import { StreamHashes } from './fixtures.mjs'

/** Lines that are all there from the start. */
const linesOf = (buffer) => ({
  buffer,
  at: 0,
  async fill() {
    return this.buffer.length - this.at
  },
  async each(take) {
    for (; this.at < this.buffer.length; this.at++) take(this.buffer[this.at])
  },
})
const letters = [...'abcdefghijklmnop']

describe('compareLines', () => {
  it('finds nothing in equal streams', async () => {
    expect(await compareLines(linesOf(letters), linesOf(letters))).toEqual({ compared: 16, different: 0, first: '', lines: [] })
  })
  it('counts a line that is missing in the middle once', async () => {
    const missing = letters.filter((letter) => letter !== 'f')
    const result = await compareLines(linesOf(missing), linesOf(letters))
    expect(result).toEqual({ compared: 16, different: 1, first: 'line 6: ours "g" theirs "f"', lines: ['f'] })
  })
  it('counts a changed line once', async () => {
    const changed = letters.map((letter) => (letter === 'c' ? 'X' : letter))
    expect((await compareLines(linesOf(changed), linesOf(letters))).different).toBe(1)
  })
  it('sees a stream that ends early', async () => {
    const result = await compareLines(linesOf(letters.slice(0, 14)), linesOf(letters))
    expect(result.different).toBe(2)
    expect(result.first).toBe('line 15: ours (ended) theirs "o"')
  })
})

describe('difference', () => {
  it('shows where lines part and what stands before', () => {
    expect(difference('calls 7 at 401000 jcc', 'calls 7 at 401002 jcc')).toBe('…calls 7 at 40100 ours "0 jcc" theirs "2 jcc"')
  })
})

describe('compareDigests', () => {
  it('says in which thousand a late difference lies', async () => {
    const many = Array.from({ length: 2500 }, (_, i) => `line ${i}`)
    const changed = many.map((line, i) => (i === 2100 ? 'other' : line))
    const result = compareDigests(await digestLines(linesOf(changed)), await digestLines(linesOf(many)))
    expect(result).toEqual({ compared: 2500, different: 500, first: 'somewhere in lines 2001 to 2500' })
  })
})

describe('compareTruth', () => {
  const truth = ['7 10', '7 11', '7 12', '7 13', '7 14', '8 20']
  it('wants every instruction of every thread', async () => {
    const result = await compareTruth(linesOf(['    7     10', '7 11', '8 20', '7 12', '7 13']), truth)
    expect([result.matched, result.different, result.skipped]).toEqual([5, 0, 1])
  })
  it('goes on after a gap where the stream fits', async () => {
    const result = await compareTruth(linesOf(['7 10', ' instruction trace error type 1 tid 7 ip 0x11', '7 13', '7 14', '8 20']), truth)
    expect([result.matched, result.different, result.skipped, result.gaps]).toEqual([4, 0, 2, 1])
  })
  it('calls an instruction that was not executed wrong', async () => {
    const result = await compareTruth(linesOf(['7 10', '7 99']), truth)
    expect(result.different).toBe(1)
    expect(result.first).toBe('thread 7, instruction 2: 99, truth 11')
  })
})

describe('StreamHashes', () => {
  it('is FNV-1a over 64-bit words', () => {
    const hashes = new StreamHashes()
    hashes.add('5', '1')
    expect(hashes.toString()).toBe('5 1 af63bc4c8601b62c\n')
  })
})
