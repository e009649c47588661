// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { niceStep, timeTicks } from './time-axis'

const text = (start: number, end: number) => {
  const { anchor, ticks } = timeTicks(start, end, 500, 100)
  return `${anchor ? `${anchor.label}: ` : ''}${ticks.map(({ label }) => label).join(' | ')}`
}

test('steps are 1, 2 or 5 times a power of ten, never below a nanosecond', () => {
  expect([0.2, 1, 1.5, 3, 7, 12, 480, 5001].map(niceStep)).toEqual([1, 1, 2, 5, 10, 20, 500, 10_000])
})

test('ticks have the unit that fits', () => {
  expect(text(0, 5)).toBe('0 ns | 1 ns | 2 ns | 3 ns | 4 ns | 5 ns')
  expect(text(0, 412_000_000)).toBe('0 ms | 100 ms | 200 ms | 300 ms | 400 ms')
  expect(text(1_200_000, 2_100_000)).toBe('1.2 ms | 1.4 ms | 1.6 ms | 1.8 ms | 2.0 ms')
  expect(text(0, 2.5e9)).toBe('0.0 s | 0.5 s | 1.0 s | 1.5 s | 2.0 s | 2.5 s')
})

test('far from zero, ticks count from an anchor', () => {
  expect(text(1_234_567_890, 1_234_568_390)).toBe('1.2345675 s: +400 ns | +500 ns | +600 ns | +700 ns | +800 ns')
})

test('nonsense has no ticks', () => {
  expect(text(5, 5)).toBe('')
  expect(text(NaN, 5)).toBe('')
})
