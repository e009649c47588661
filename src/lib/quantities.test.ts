// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { bytesText, countText, cutRatioText, durationText, parseDuration, percentText, pluralText, secondsText } from './quantities'

it('groups counts', () => expect(countText(1234567)).toBe('1,234,567'))
it('does not invent unknown numbers', () => expect([countText(NaN), durationText(NaN), bytesText(NaN), cutRatioText(1, NaN)]).toEqual(['–', '–', '–', '–']))
it('counts one thing', () => expect([pluralText(1, 'visit'), pluralText(2, 'branch', 'branches')]).toEqual(['1 visit', '2 branches']))
it('keeps three digits and changes the unit in time', () => {
  expect([0, 12, 999, 1000, 1234, 12_345, 999_499, 999_600, 1e9, 61e9].map(durationText)).toEqual([
    '0 ns', '12 ns', '999 ns', '1.00 µs', '1.23 µs', '12.3 µs', '999 µs', '1.00 ms', '1.00 s', '61.0 s',
  ])
})
it('writes bytes', () => expect([0, 1023, 1024, 1536, 1 << 20, 1024 * 1024 - 1].map(bytesText)).toEqual(['0 B', '1,023 B', '1.00 KiB', '1.50 KiB', '1.00 MiB', '1.00 MiB']))
it('writes seconds as perf does', () => expect([secondsText(12_000_000_345n), secondsText(-5n)]).toEqual(['12.000000345', '-0.000000005']))
it('cuts ratios as perf does', () => expect([cutRatioText(2, 3), cutRatioText(199, 100), cutRatioText(300, 100), cutRatioText(1, 0)]).toEqual(['0.66', '1.99', '3.00', '–']))
it('writes shares', () => expect([0, 0.0001, 0.123, 1].map(percentText)).toEqual(['0.0 %', '<0.1 %', '12.3 %', '100.0 %']))
it('reads lengths of time', () => {
  expect(['1.5ms', '3 us', '2µs', '12,000 ns', '.5s', '+1s'].map(parseDuration)).toEqual([1.5e6, 3000, 2000, 12_000, 5e8, 1e9])
  expect(['', '5', 'ms', '1.5 parsecs', '1.2.3ms'].map(parseDuration)).toEqual([null, null, null, null, null])
})
