// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { lowerBound, upperBound } from './bisect'
import { formatBytes, formatCount, formatDuration, formatIpc, formatShare } from './format'

it('groups thousands', () => {
  expect([0, 999, 1000, 1234567, -12345, Number.NaN].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567', '-12,345', '–'])
})

it('gives bytes and durations three digits and a unit', () => {
  expect([0, 1023, 1024, 5168, 10 << 20, Number.NaN].map(formatBytes)).toEqual(['0 B', '1023 B', '1.00 KiB', '5.05 KiB', '10.0 MiB', '–'])
  expect([0, 999, 1500, 2_345_678, 1e9, 123e9, 0.5].map(formatDuration)).toEqual([
    '0 ns',
    '999 ns',
    '1.50 µs',
    '2.35 ms',
    '1.00 s',
    '123 s',
    '0.50 ns',
  ])
})

it('says so when a ratio is not known', () => {
  expect(formatShare(1, 3)).toBe('33.3 %')
  expect(formatShare(1, 0)).toBe('–')
  expect(formatIpc(30, 42)).toBe('0.71')
  expect(formatIpc(30, Number.NaN)).toBe('–')
  expect(formatIpc(30, 0)).toBe('–')
})

it('finds bounds in sorted columns', () => {
  const column = new Float64Array([1, 3, 3, 7])
  expect([0, 1, 3, 4, 8].map((value) => lowerBound(column, value))).toEqual([0, 0, 1, 3, 4])
  expect([0, 1, 3, 4, 8].map((value) => upperBound(column, value))).toEqual([0, 1, 3, 3, 4])
})
