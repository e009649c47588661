// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { makeTable } from '../test-support/make-table'
import { missingImages, missingSentence, outcomeSummary, progressText, stoppedSentence, traceChips } from './trace-facts'

const image = (path: string, status: number, lost_bytes: number, gaps = 0, anonymous = 0) => ({ path, status, lost_bytes, gaps, anonymous })
const sentence = (...rows: ReturnType<typeof image>[]) => {
  const missing = missingImages(makeTable('images', [image('', 0, 99), ...rows]), 1000)
  return missing ? missingSentence(missing) : 'nothing'
}

test('only binaries whose lack costs something are missed', () => {
  expect(sentence(image('/bin/a', 1, 0), image('/lib/never-run.so', 0, 0), image('[heap]', 0, 50, 1, 1))).toBe('nothing')
  expect(sentence(image('/bin/a', 0, 123))).toBe('/bin/a is missing: 12.3% of the trace could not be decoded.')
  expect(sentence(image('/bin/a', 0, 100), image('/lib/b.so', 2, 25))).toBe(
    '2 binaries are missing: 12.5% of the trace could not be decoded.',
  )
  expect(sentence(image('/bin/a', 0, 0, 3))).toBe('/bin/a is missing: parts of the trace could not be decoded.')
})

test('chips name the trace', () => {
  const info = makeTable('info', [
    { key: 'duration_ns', value: '412800000' },
    { key: 'source', value: 'Intel PT' },
  ])
  const threads = makeTable('threads', [{ start_ns: NaN }, { start_ns: 0, instructions: 18_402_113 }, { start_ns: NaN }])
  expect(traceChips(info, threads).map(({ text }) => text)).toEqual(['Intel PT', '412.8 ms', '18.4 M instructions', '1 thread'])
  const sampled = makeTable('threads', [{ start_ns: NaN }, { start_ns: NaN, samples: 1204 }])
  expect(traceChips(info, sampled).map(({ text }) => text)).toEqual(['Intel PT', '412.8 ms', '1.20 K samples', '1 thread'])
})

test('progress has a phase, bytes and a share', () => {
  const progress = { instructions: 0, version: 1, bytesDone: 12_582_912, bytesTotal: 41_943_040 }
  expect(progressText({ ...progress, phase: 'decoding' })).toEqual({ name: 'Decoding', detail: '12.0 MiB of 40.0 MiB · 30.0%', share: 0.3 })
  expect(progressText({ ...progress, phase: 'reading', bytesTotal: 0 }).detail).toBe('12.0 MiB')
})

test('of files just offered only what matters is told', () => {
  const say = (...states: ('used' | 'unwanted' | 'refused' | 'unreadable')[]) =>
    outcomeSummary(states.map((state, index) => ({ path: '', state, sentence: `${index} ${state}.` })))
  expect(say()).toBe('')
  expect(say('unwanted', 'used', 'unreadable')).toBe('')
  expect(say('used', 'unwanted', 'refused')).toBe('2 refused.')
  expect(say('refused', 'refused')).toBe('2 files were refused. 0 refused.')
  expect(say('unwanted')).toBe('0 unwanted.')
  expect(say('unwanted', 'unreadable')).toBe('None of the 2 files is of use for this trace. 0 unwanted.')
})

test('a cancelled decode says how far it came', () => {
  const progress = { phase: 'cancelled' as const, bytesDone: 12 << 20, bytesTotal: 40 << 20, instructions: 0, version: 0 }
  expect(stoppedSentence(progress)).toBe('Stopped at 12.0 MiB of 40.0 MiB · 30.0%: views show that part.')
  expect(stoppedSentence({ ...progress, bytesDone: 40 << 20 })).toContain('stopped while it was joined')
})
