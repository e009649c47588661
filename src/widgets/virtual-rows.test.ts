// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import {
  RowNames,
  clampTop,
  lastTop,
  maxScrollSpan,
  rowOfKey,
  scrollOfTop,
  topOfScroll,
  topToPlace,
  topToShow,
  visibleRows,
  type RowGeometry,
} from './virtual-rows'

const plain = (rowCount: number, bodyHeight = 100): RowGeometry => ({ rowCount, rowHeight: 20, bodyHeight, extraHeight: () => 0 })

describe('visibleRows', () => {
  it('shows whole rows at the start', () => expect(visibleRows(plain(1000), 0)).toEqual({ first: 0, end: 5, shift: 0 }))
  it('adds the row that peeks in below', () => expect(visibleRows(plain(1000), 10)).toEqual({ first: 0, end: 6, shift: 10 }))
  it('ends with the last row', () => expect(visibleRows(plain(7), lastTop(plain(7)))).toEqual({ first: 2, end: 7, shift: 0 }))
  it('has nothing of nothing', () => expect(visibleRows(plain(0), 0)).toEqual({ first: 0, end: 0, shift: 0 }))
  it('walks a tall row at its own height', () => {
    const tall = { ...plain(1000), extraHeight: (row: number) => (row === 3 ? 20 : 0) }
    expect(visibleRows(tall, 70)).toEqual({ first: 3, end: 8, shift: 20 })
  })
  it('is exact at ten billion rows', () => {
    const huge = plain(1e10)
    expect(visibleRows(huge, lastTop(huge))).toEqual({ first: 9_999_999_995, end: 1e10, shift: 0 })
    expect(visibleRows(huge, (20 * 123_456_789_012) / 20)).toEqual({
      first: 6_172_839_450,
      end: 6_172_839_456,
      shift: expect.closeTo(12, 3),
    })
  })
})

describe('lastTop', () => {
  it('is 0 when all rows fit', () => expect(lastTop(plain(5))).toBe(0))
  it('leaves the last row at the bottom', () => expect(lastTop(plain(1000))).toBe(19_900))
  it('counts the extra height of the last page', () => {
    const tall = { ...plain(10), extraHeight: (row: number) => (row === 9 ? 30 : 0) }
    expect(lastTop(tall)).toBe(130)
    expect(visibleRows(tall, 130)).toEqual({ first: 6, end: 10, shift: 10 })
  })
})

describe('scroll bar', () => {
  it('is one to one while a browser can make it', () => expect(topOfScroll(1234, 5000)).toBe(1234))
  it('reaches both ends of ten billion rows', () => {
    const last = lastTop(plain(1e10))
    expect(topOfScroll(0, last)).toBe(0)
    expect(topOfScroll(maxScrollSpan, last)).toBe(last)
    expect(scrollOfTop(last / 2, last)).toBe(maxScrollSpan / 2)
  })
})

describe('moving', () => {
  it('keeps still when the row is on screen', () => expect(topToShow(plain(1000), 40, 4)).toBe(40))
  it('moves up just enough', () => expect(topToShow(plain(1000), 50, 2)).toBe(40))
  it('moves down just enough', () => expect(topToShow(plain(1000), 0, 5)).toBe(20))
  it('places a row a third down', () => expect(topToPlace(plain(1000), 500)).toBe(9980))
  it('does not place before the start', () => expect(topToPlace(plain(1000), 0)).toBe(0))
  it('clamps', () => expect(clampTop(plain(10), 1e9)).toBe(100))
  it('pages with one row of overlap', () => expect(rowOfKey('PageDown', 10, 1000, 5)).toBe(14))
  it('stops at the ends', () => {
    expect(rowOfKey('ArrowUp', 0, 10, 5)).toBe(0)
    expect(rowOfKey('End', 0, 10, 5)).toBe(9)
    expect(rowOfKey('End', 0, 0, 5)).toBe(null)
    expect(rowOfKey('x', 0, 10, 5)).toBe(null)
  })
})

describe('RowNames', () => {
  it('keep the name of a row that stays on screen', () => {
    const names = new RowNames()
    expect([names.nameOfFirst(100, 140), names.nameOfFirst(103, 143), names.nameOfFirst(90, 130)]).toEqual([0, 3, -10])
  })
  it('give the names of the old rows to those of a jump', () => {
    const names = new RowNames()
    expect([names.nameOfFirst(100, 140), names.nameOfFirst(5000, 5040), names.nameOfFirst(5002, 5042), names.nameOfFirst(7, 47)]).toEqual([0, 0, 2, 2])
  })
})
