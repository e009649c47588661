// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { holdsRange, isNear, planWindows, WindowCache, windowRows } from './row-windows'

describe('planWindows', () => {
  it('asks for nothing without rows', () => {
    expect(planWindows({ first: 0, end: 0 }, 100, true)).toEqual([null, null, null, null])
    expect(planWindows({ first: 0, end: 10 }, 0, true)).toEqual([null, null, null, null])
  })
  it('asks for the window on screen', () => expect(planWindows({ first: 10, end: 50 }, 10_000, false)).toEqual([0, null, null, null]))
  it('asks for both when a border is on screen, each in its own slot', () =>
    expect(planWindows({ first: 5 * 256 - 3, end: 5 * 256 + 30 }, 10_000, false)).toEqual([4, 5, null, null]))
  it('adds the neighbours', () => expect(planWindows({ first: 5 * 256 + 3, end: 5 * 256 + 30 }, 10_000, true)).toEqual([4, 5, 6, null]))
  it('keeps windows in their slots when scrolling on', () => expect(planWindows({ first: 6 * 256, end: 6 * 256 + 30 }, 10_000, true)).toEqual([null, 5, 6, 7]))
  it('stops at the last row', () => expect(planWindows({ first: 256, end: 257 }, 257, true)).toEqual([0, 1, null, null]))
})

describe('WindowCache', () => {
  const table = (rows: number) => ({ rows })
  it('finds a row in its window', () => {
    const cache = new WindowCache()
    const second = table(10)
    cache.put(1, second)
    expect(cache.find(windowRows + 9)).toEqual({ table: second, index: 9 })
    expect(cache.find(windowRows + 10)).toBe(null)
    expect(cache.find(0)).toBe(null)
  })
  it('drops the window unused longest', () => {
    const cache = new WindowCache(2)
    cache.put(0, table(1))
    cache.put(1, table(1))
    cache.touch({ first: 0, end: 1 })
    cache.put(2, table(1))
    expect([0, 1, 2].map((window) => cache.has(window))).toEqual([true, false, true])
  })
  it('knows whether a stretch is held', () => {
    const cache = new WindowCache()
    cache.put(0, table(256))
    expect(holdsRange(cache, { first: 0, end: 256 }, 1000)).toBe(true)
    expect(holdsRange(cache, { first: 200, end: 257 }, 1000)).toBe(false)
    cache.put(1, table(10))
    expect(holdsRange(cache, { first: 200, end: 300 }, 266)).toBe(true)
  })
})

it('tells a step from a jump', () => expect([isNear({ first: 0, end: 9 }, { first: 200, end: 209 }), isNear({ first: 0, end: 9 }, { first: 300, end: 309 })]).toEqual([true, false]))
