// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { cutRatioText, hexText, parseHex, parseOrdinal, pluralText, secondsText, wholeNs } from './exact-text'

it('writes seconds as perf does', () =>
  expect([12_000_000_345n, 0n, -5n].map(secondsText)).toEqual(['12.000000345', '0.000000000', '-0.000000005']))
it('cuts ratios as perf does', () =>
  expect([cutRatioText(2, 3), cutRatioText(199, 100), cutRatioText(300, 100)]).toEqual(['0.66', '1.99', '3.00']))
it('does not invent a ratio', () => expect([cutRatioText(1, 0), cutRatioText(1, NaN), cutRatioText(NaN, 1)]).toEqual(['–', '–', '–']))
it('has no whole number for an unknown time', () => expect([wholeNs(1.6), wholeNs(NaN)]).toEqual([2n, null]))
it('reads what it writes', () => expect(parseHex(hexText(0xffffffff81000000n))).toBe(0xffffffff81000000n))
it('reads digits alone only where they cannot mean anything else', () =>
  expect([parseHex('40'), parseHex('40', true), parseHex('0x', true)]).toEqual([null, 64n, null]))
it('reads the number of a row', () =>
  expect([parseOrdinal('#12,345'), parseOrdinal('12'), parseOrdinal('#')]).toEqual([12_345, null, null]))
it('counts one thing', () =>
  expect([pluralText(1, 'visit'), pluralText(1200, 'branch', 'branches')]).toEqual(['1 visit', '1,200 branches']))
