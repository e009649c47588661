// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clampView, fitView, panView, requestWindow, timeAt, xAt, zoomView } from './viewport'

const DURATION = 100_000
const text = ({ start, end }: { start: number; end: number }) => `${start}..${end}`

test('a viewport stays in the trace and keeps its span', () => {
  expect(text(clampView({ start: -50, end: 50 }, DURATION))).toBe('0..100')
  expect(text(clampView({ start: 99_990, end: 100_090 }, DURATION))).toBe('99900..100000')
  expect(text(clampView({ start: -5, end: 900_000 }, DURATION))).toBe('0..100000')
  expect(text(clampView({ start: 10, end: 10 }, DURATION))).toBe('10..18')
  expect(text(clampView({ start: 0, end: 10 }, 0))).toBe('0..8')
})

test('zooming keeps the time under the pointer where it is', () => {
  const view = { start: 10_000, end: 20_000 }
  const closer = zoomView(view, 0.5, 12_000, DURATION)
  expect(text(closer)).toBe('11000..16000')
  expect(xAt(closer, 12_000, 800)).toBe(xAt(view, 12_000, 800))
  expect(text(zoomView(view, 1000, 12_000, DURATION))).toBe('0..100000')
  expect(text(zoomView(view, 1e-9, 12_000, DURATION))).toBe('11998.4..12006.4')
})

test('panning and fitting', () => {
  expect(text(panView({ start: 0, end: 1000 }, 0.25, DURATION))).toBe('250..1250')
  expect(text(panView({ start: 0, end: 1000 }, -1, DURATION))).toBe('0..1000')
  expect(text(fitView(1000, 2000, DURATION))).toBe('950..2050')
  expect(timeAt({ start: 100, end: 200 }, 25, 100)).toBe(125)
})

test('near viewports ask for the same window, which holds them', () => {
  const window = (start: number, end: number) => {
    const { start_ns, end_ns, count } = requestWindow({ start, end }, DURATION, 1000)
    expect(start_ns <= start && end_ns >= end).toBe(true)
    return `${start_ns}..${end_ns} in ${count}`
  }
  expect(window(10_000, 11_000)).toBe('9728..11264 in 1536')
  expect(window(10_100, 11_100)).toBe('9728..11264 in 1536')
  expect(window(0, DURATION)).toBe('0..100000 in 1000')
})
