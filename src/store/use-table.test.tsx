// SPDX-License-Identifier: Apache-2.0
import { act, cleanup, renderHook, waitFor } from '@testing-library/react'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fail, ok } from '../lib/result'
import { fakeEngine, type FakeEngine } from '../test-support/fake-engine'
import { makeTable } from '../test-support/make-table'
import { setEngine, useStore, useTable } from './index'

let engine: FakeEngine
const gaps = (rows: number) =>
  ok(
    makeTable(
      'gaps',
      Array.from({ length: rows }, () => ({})),
    ),
  )

beforeEach(() => {
  engine = fakeEngine()
  engine.patient = true
  setEngine(engine)
  act(() => useStore.setState(({ session }) => ({ session: { ...session, info: null, version: session.version + 1 } })))
  act(() => useStore.setState(({ session }) => ({ session: { ...session, info: makeTable('info', []), version: session.version + 1 } })))
})

afterEach(cleanup)

/** What the hook says, in a word. */
function say(state: ReturnType<typeof useTable<'gaps'>>): string {
  if (state.state === 'ready') return `ready ${state.table.rows}`
  return state.state === 'failed' ? `failed ${state.sentence}` : `loading ${state.previous?.rows ?? 'nothing'}`
}

const setUp = (thread: number | null) =>
  renderHook(({ wanted }: { wanted: number | null }) => say(useTable('gaps', wanted === null ? null : { thread: wanted })), {
    initialProps: { wanted: thread },
  })

test('loading, then ready; another request keeps the last answer on screen', async () => {
  const { result, rerender } = setUp(1)
  expect(result.current).toBe('loading nothing')
  await waitFor(() => expect(engine.questions).toHaveLength(1))
  engine.questions[0]?.answer(gaps(3))
  await waitFor(() => expect(result.current).toBe('ready 3'))
  rerender({ wanted: 2 })
  expect(result.current).toBe('loading 3')
  rerender({ wanted: 1 })
  expect(result.current).toBe('ready 3')
})

test('a late answer to an older request is not shown', async () => {
  const { result, rerender } = setUp(11)
  await waitFor(() => expect(engine.questions).toHaveLength(1))
  rerender({ wanted: 12 })
  await waitFor(() => expect(engine.questions).toHaveLength(2))
  engine.questions[1]?.answer(gaps(2))
  await waitFor(() => expect(result.current).toBe('ready 2'))
  engine.questions[0]?.answer(gaps(1))
  await act(async () => {})
  expect(result.current).toBe('ready 2')
})

test('null asks for nothing; a failure is a sentence', async () => {
  const { result, rerender } = setUp(null)
  expect(result.current).toBe('loading nothing')
  expect(engine.questions).toHaveLength(0)
  rerender({ wanted: 21 })
  await waitFor(() => expect(engine.questions).toHaveLength(1))
  engine.questions[0]?.answer(fail({ sentence: 'no such thread' }))
  await waitFor(() => expect(result.current).toBe('failed no such thread'))
})

test('a new version asks again and stays ready', async () => {
  const { result } = setUp(31)
  await waitFor(() => expect(engine.questions).toHaveLength(1))
  engine.questions[0]?.answer(gaps(1))
  await waitFor(() => expect(result.current).toBe('ready 1'))
  act(() => useStore.setState(({ session }) => ({ session: { ...session, version: session.version + 1 } })))
  expect(result.current).toBe('ready 1')
  await waitFor(() => expect(engine.questions).toHaveLength(2))
  engine.questions[1]?.answer(gaps(8))
  await waitFor(() => expect(result.current).toBe('ready 8'))
})

test('another trace: nothing of the old one stays on screen', async () => {
  const { result } = setUp(41)
  await waitFor(() => expect(engine.questions).toHaveLength(1))
  engine.questions[0]?.answer(gaps(1))
  await waitFor(() => expect(result.current).toBe('ready 1'))
  act(() => useStore.setState(({ session }) => ({ session: { ...session, info: null } })))
  expect(result.current).toBe('loading nothing')
})
