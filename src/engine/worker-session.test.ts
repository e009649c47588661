// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { ProgressReport } from './progress-report'
import { ok } from '../lib/result'
import type { ImageOutcome, Progress } from './protocol'
import { nextBudget, offerAll } from './worker-session'

it('keeps a slice near 25 ms', () => {
  expect(nextBudget(65536, 25)).toBe(65536)
  expect(nextBudget(65536, 5)).toBe(131072)
  expect(nextBudget(65536, 50)).toBe(32768)
  expect(nextBudget(1 << 20, 0)).toBe(1 << 20)
  expect(nextBudget(4096, 1000)).toBe(4096)
})

it('tells bytes four times a second, a new version more rarely, the end always', () => {
  let now = 0
  const told: Progress[] = []
  const report = new ProgressReport(
    1000,
    (progress) => told.push(progress),
    () => now,
  )
  for (; now < 1000; now += 20) report.tell('decoding', now, now)
  report.finish('done', 1000, 1000)
  expect(told.length).toBe(6)
  expect(told.map((progress) => progress.version)).toEqual([0, 240, 240, 720, 720, 1000])
  expect(told.at(-1)).toEqual({ phase: 'done', bytesDone: 1000, bytesTotal: 1000, instructions: 0, version: 1000 })
})

it('tells a new version so rarely that most of the time is left for decoding', () => {
  let now = 0
  const told: number[] = []
  const report = new ProgressReport(
    1000,
    ({ version }) => told.push(version),
    () => now,
  )
  const tell = (until: number) => {
    for (; now < until; now += 100) report.tell('decoding', 0, now)
  }
  tell(500)
  const first = report.asked()
  const second = report.asked()
  now = 600
  second()
  now = 700
  first()
  tell(2000)
  expect([...new Set(told)]).toEqual([0, 300, 1600])
})

it('offers what was split from binaries until those that know of it are used', async () => {
  const knownBy: Record<string, string> = { 'shared.dwz': 'a.debug', 'a.debug': 'a.out', other: 'nobody' }
  const used = new Set<string>()
  const asked: string[] = []
  const offered = await offerAll(['shared.dwz', 'other', 'a.debug', 'a.out'], async (path) => {
    asked.push(path)
    const by = knownBy[path]
    const state: ImageOutcome['state'] = by === undefined || used.has(by) ? 'used' : 'unwanted'
    if (state === 'used') used.add(path)
    return ok({ path, state, sentence: '' })
  })
  expect(offered.ok && offered.value.map(({ path, state }) => `${path} ${state}`)).toEqual(['shared.dwz used', 'other unwanted', 'a.debug used', 'a.out used'])
  expect(asked).toEqual(['shared.dwz', 'other', 'a.debug', 'a.out', 'shared.dwz', 'other', 'a.debug', 'shared.dwz', 'other', 'other'])
})
