// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { bytesText, countText, durationText, parseTime, shareText, shortCount, timeText } from './number-text'

test('counts', () => {
  expect([0, 999, 1000, 18_402_113, NaN].map(countText)).toEqual(['0', '999', '1,000', '18,402,113', '–'])
  expect([0, 7, 999, 999.6, 1234, 18_402_113, 2.5e13].map(shortCount)).toEqual(['0', '7', '999', '1.00 K', '1.23 K', '18.4 M', '25.0 T'])
})

test('bytes are binary', () => {
  expect([0, 1023, 1024, 40_000_000, 5e9].map(bytesText)).toEqual(['0 bytes', '1,023 bytes', '1.00 KiB', '38.1 MiB', '4.66 GiB'])
})

test('a share that is not nothing is not shown as nothing, and not all as all', () => {
  expect([0, 0.00001, 0.0123, 0.5, 0.999999, 1, NaN].map(shareText)).toEqual(['0%', '<0.01%', '1.23%', '50.0%', '>99.99%', '100%', '–'])
})

test('durations are rounded', () => {
  expect([0, 7, 12.34, 999, 1000, 3214.4, 412_800_000, 1.25e9, 6.5e11].map(durationText)).toEqual([
    '0 ns',
    '7 ns',
    '12.3 ns',
    '999 ns',
    '1.000 µs',
    '3.214 µs',
    '412.8 ms',
    '1.250 s',
    '650.0 s',
  ])
})

test('times keep every nanosecond', () => {
  expect([0, 5, 1500, 12_345_678, 1_000_000_001, 2e9].map(timeText)).toEqual([
    '0 ns',
    '5 ns',
    '1.5 µs',
    '12.345678 ms',
    '1.000000001 s',
    '2 s',
  ])
})

test('times are read back', () => {
  expect(['12.5ms', '300 us', '1.2 s', '40', '1,500 ns', '3 µs', 'soon', ''].map(parseTime)).toEqual([
    12_500_000,
    300_000,
    1.2e9,
    40,
    1500,
    3000,
    null,
    null,
  ])
})
