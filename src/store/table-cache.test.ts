// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { fail, ok } from '../lib/result'
import { makeTable } from '../test-support/make-table'
import { requestKey, TableCache, type AnyTable } from './table-cache'

type Asked = { key: string; answer(rows: number): Promise<void>; signal: AbortSignal; giveUp(): Promise<void> }

function setUp() {
  const asked: Asked[] = []
  const cache = new TableCache(
    (table, request, signal) =>
      new Promise((resolve) => {
        const answer = async (rows: number) => {
          resolve(
            ok(
              makeTable(
                'gaps',
                Array.from({ length: rows }, () => ({ text: 'x'.repeat(1000) })),
              ),
            ),
          )
          await Promise.resolve()
            .then(() => {})
            .then(() => {})
        }
        const giveUp = async () => {
          resolve(fail({ sentence: 'Nobody waits for gaps any more.' }))
          await Promise.resolve()
            .then(() => {})
            .then(() => {})
        }
        asked.push({ key: requestKey(table, request), answer, signal, giveUp })
      }),
  )
  const watch = (thread: number) => {
    const entry = cache.entry('gaps', { thread })
    let changes = 0
    const stop = cache.watch(entry, () => changes++)
    return { entry, stop, changes: () => changes, rows: () => (entry.answer as AnyTable | null)?.rows ?? null }
  }
  const keys = () => asked.map(({ key }) => key.split('?')[1]?.split(',')[0]).join(' ')
  return { cache, asked, watch, keys }
}

test('equal requests have one key, whatever the order of their fields', () => {
  expect(requestKey('calls', { thread: 1, end_ns: 5 })).toBe(requestKey('calls', { end_ns: 5, thread: 1 }))
  expect(requestKey('calls', { thread: 1 })).not.toBe(requestKey('calls', { queue: 1 }))
})

test('what is asked ahead is there for who looks later, and is given up for the next', async () => {
  const { cache, asked, watch, keys } = setUp()
  const first = cache.askAhead('gaps', { thread: 1 })
  const second = cache.askAhead('gaps', { thread: 2 })
  expect([keys(), asked[0]?.signal.aborted, asked[1]?.signal.aborted]).toEqual(['1 2', true, false])
  await asked[0]?.giveUp()
  await asked[1]?.answer(3)
  expect(watch(2).rows()).toBe(3)
  expect([await first, (await second)?.rows, (await cache.askAhead('gaps', { thread: 2 }))?.rows]).toEqual([null, 3, 3])
  cache.setVersion(1)
  expect(keys()).toBe('1 2 2')
})

test('equal requests are asked once and answered to all', async () => {
  const { asked, watch, keys } = setUp()
  const one = watch(1)
  const other = watch(1)
  expect(keys()).toBe('1')
  await asked[0]?.answer(3)
  expect([one.rows(), other.rows(), one.changes(), other.changes()]).toEqual([3, 3, 1, 1])
  watch(1)
  expect(keys()).toBe('1')
})

test('four are asked at once, then the newest wish first; what no one watches is not asked', async () => {
  const { asked, watch, keys } = setUp()
  const watched = [1, 2, 3, 4, 5, 6, 7].map(watch)
  expect(keys()).toBe('1 2 3 4')
  watched[5]?.stop()
  await asked[0]?.answer(1)
  await asked[1]?.answer(1)
  await asked[2]?.answer(1)
  expect(keys()).toBe('1 2 3 4 7 5')
})

test('a new version asks again for what is watched, and keeps the old answer meanwhile', async () => {
  const { cache, asked, watch, keys } = setUp()
  const one = watch(1)
  const gone = watch(2)
  await asked[0]?.answer(1)
  await asked[1]?.answer(1)
  gone.stop()
  cache.setVersion(1)
  expect(keys()).toBe('1 2 1')
  expect(one.rows()).toBe(1)
  cache.setVersion(2)
  cache.setVersion(3)
  expect(keys()).toBe('1 2 1')
  await asked[2]?.answer(5)
  expect(one.rows()).toBe(5)
  expect(keys()).toBe('1 2 1 1')
})

test('after another trace was opened, answers about the old one are dropped', async () => {
  const { cache, asked, watch } = setUp()
  const one = watch(1)
  cache.clear()
  cache.setVersion(1)
  await asked[0]?.answer(9)
  expect(one.rows()).toBe(null)
  await asked[1]?.answer(2)
  expect(one.rows()).toBe(2)
})

test('what was not used for longest goes first when there is much', async () => {
  const { cache, asked, watch, keys } = setUp()
  for (let thread = 0; thread < 120; thread++) {
    const one = watch(thread)
    await asked[thread]?.answer(1)
    one.stop()
  }
  const before = asked.length
  watch(119)
  watch(100)
  expect(asked.length).toBe(before)
  watch(0)
  expect(keys().endsWith(' 0')).toBe(true)
  expect(cache.idle()).toBe(false)
})

test('a thrown error is a failure with its sentence', async () => {
  const cache = new TableCache(() => Promise.reject(new Error('no decoder')))
  const entry = cache.entry('gaps', {})
  cache.watch(entry, () => {})
  await new Promise((resolve) => setTimeout(resolve))
  expect(entry.failure).toBe('no decoder')
  expect(cache.idle()).toBe(true)
})

test('a question that nobody looks at any more is given up, and asked again when someone does', async () => {
  const { cache, asked, watch, keys } = setUp()
  const one = watch(1)
  one.stop()
  expect(asked[0]?.signal.aborted).toBe(true)
  const again = watch(1)
  expect(keys()).toBe('1')
  await asked[0]?.giveUp()
  expect([keys(), again.entry.failure]).toEqual(['1 1', ''])
  await asked[1]?.answer(2)
  expect([again.rows(), cache.idle()]).toEqual([2, true])
})
