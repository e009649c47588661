// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { windowRows } from '../lib/row-window'
import { failureIn, findRow, holdNothing, holdsRange, isNear, planWindows, withAnswers } from './row-windows'

describe('planWindows', () => {
  it('asks for nothing without rows', () => {
    expect(planWindows({ first: 0, end: 0 }, 100, true)).toEqual([null, null, null, null])
    expect(planWindows({ first: 0, end: 10 }, 0, true)).toEqual([null, null, null, null])
  })
  it('asks for the window on screen', () => expect(planWindows({ first: 10, end: 50 }, 10_000, false)).toEqual([0, null, null, null]))
  it('asks for both when a border is on screen, each in its own slot', () =>
    expect(planWindows({ first: 5 * 256 - 3, end: 5 * 256 + 30 }, 10_000, false)).toEqual([4, 5, null, null]))
  it('adds the neighbours', () => expect(planWindows({ first: 5 * 256 + 3, end: 5 * 256 + 30 }, 10_000, true)).toEqual([4, 5, 6, null]))
  it('keeps windows in their slots when scrolling on', () =>
    expect(planWindows({ first: 6 * 256, end: 6 * 256 + 30 }, 10_000, true)).toEqual([null, 5, 6, 7]))
  it('stops at the last row', () => expect(planWindows({ first: 256, end: 257 }, 257, true)).toEqual([0, 1, null, null]))
})

describe('held windows', () => {
  const table = (window: number, rows = windowRows) => ({
    rows,
    ordinal: Float64Array.from({ length: rows }, (_, index) => window * windowRows + index),
  })
  const ready = (window: number, rows?: number) => ({ state: 'ready' as const, table: table(window, rows) })
  const loading = { state: 'loading' as const }
  const hold = (windows: number[], most = 64) =>
    windows.reduce((held, window) => withAnswers(held, [window], [ready(window)], most), holdNothing<ReturnType<typeof table>>('t'))

  it('find a row in its window', () => {
    const held = withAnswers(holdNothing<ReturnType<typeof table>>('t'), [null, 1], [loading, ready(1, 10)])
    expect(findRow(held, windowRows + 9)?.index).toBe(9)
    expect([findRow(held, windowRows + 10), findRow(held, 0)]).toEqual([null, null])
  })
  it('do not take other rows for the asked ones', () => {
    expect(withAnswers(hold([]), [2], [ready(1)]).windows.size).toBe(0)
  })
  it('stay the same object when nothing is new', () => {
    const held = hold([1])
    expect(withAnswers(held, [null, 1], [loading, { state: 'ready', table: held.windows.get(1) ?? table(1) }])).toBe(held)
  })
  it('lose the oldest that nobody asks for', () => {
    expect([...hold([0, 1, 2], 2).windows.keys()]).toEqual([1, 2])
    expect([...withAnswers(hold([0, 1]), [0, 3], [loading, ready(3)], 2).windows.keys()]).toEqual([0, 3])
  })
  it('know whether a stretch is held', () => {
    const held = withAnswers(hold([0]), [null, 1], [loading, ready(1, 10)])
    expect(holdsRange(held, { first: 0, end: 256 }, 1000)).toBe(true)
    expect(holdsRange(held, { first: 200, end: 300 }, 266)).toBe(true)
    expect(holdsRange(held, { first: 200, end: 300 }, 1000)).toBe(false)
  })
  it('say why rows on screen are not there', () => {
    const answers = [{ state: 'failed' as const, sentence: 'No.' }, loading]
    expect(failureIn({ first: 0, end: 10 }, [0, 1], answers)).toBe('No.')
    expect(failureIn({ first: 300, end: 310 }, [0, 1], answers)).toBe('')
  })
})

it('tells a step from a jump', () =>
  expect([isNear({ first: 0, end: 9 }, { first: 200, end: 209 }), isNear({ first: 0, end: 9 }, { first: 300, end: 309 })]).toEqual([
    true,
    false,
  ]))
