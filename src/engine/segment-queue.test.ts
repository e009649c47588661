// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { emptyTable } from './columns'
import { SegmentQueue } from './segment-queue'

function queueOf(rows: { start: number; size?: number; merged?: boolean }[]): SegmentQueue {
  const table = emptyTable('segments', rows.length)
  rows.forEach(({ start, size = 10, merged = false }, row) => {
    table.start_ns[row] = start
    table.size[row] = size
    table.merged[row] = merged ? 1 : 0
  })
  return new SegmentQueue(table)
}

const takeAll = (queue: SegmentQueue): (number | null)[] => Array.from({ length: queue.left() + 1 }, () => queue.take('worker'))

it('hands segments out in time order, those without a time last', () => {
  expect(takeAll(queueOf([{ start: 30 }, { start: Number.NaN }, { start: 10 }, { start: 20 }, { start: Number.NaN }]))).toEqual([
    2,
    3,
    0,
    1,
    4,
    null,
  ])
})

it('leaves out what is merged, but counts its bytes as done', () => {
  const queue = queueOf([
    { start: 1, size: 100, merged: true },
    { start: 2, size: 50 },
  ])
  expect([queue.bytesDone, queue.bytesTotal]).toEqual([100, 150])
  expect(takeAll(queue)).toEqual([1, null])
})

it('gives a failed segment to somebody else first, and up after the second time', () => {
  const queue = queueOf([{ start: 1 }, { start: 2 }])
  expect(queue.take('a')).toBe(0)
  queue.putBack(0, 'a')
  expect(queue.take('a')).toBe(1)
  expect(queue.take('b')).toBe(0)
  queue.putBack(0, 'b')
  expect([queue.take('a'), queue.failed(), queue.left()]).toEqual([null, 1, 0])
})

it('hands out what is in view first', () => {
  const queue = queueOf([{ start: 0 }, { start: 10 }, { start: 20 }, { start: 30 }, { start: Number.NaN }])
  queue.prefer({ start_ns: 15, end_ns: 25 })
  expect(takeAll(queue)).toEqual([1, 2, 0, 3, 4, null])
})

it('goes back to the order of time when nothing is preferred any more', () => {
  const queue = queueOf([{ start: 0 }, { start: 10 }, { start: 20 }])
  queue.prefer({ start_ns: 20, end_ns: 25 })
  expect(queue.take('worker')).toBe(2)
  queue.prefer(null)
  expect(takeAll(queue)).toEqual([0, 1, null])
})
