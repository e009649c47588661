// SPDX-License-Identifier: Apache-2.0
// `script --stitch-lbr` against what perf prints, and what is said of a file
// whose branch stacks are call stacks.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Session } from '../engine/session'
import { infoValue } from '../model/names'
import { scriptText } from './script-for-tests'
import { decodeAll, openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const trace_file = join(fixtures, 'other/callstack-calls.perf.data')

async function open(): Promise<Session> {
  const trace = await openTrace(trace_file, join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  return trace.value.session
}

test('call stacks of the LBR are stitched as perf does', async () => {
  const session = await open()
  const stitched = readFileSync(join(fixtures, 'other/callstack-calls.txt'), 'utf8')
  const samples = (text: string) => text.trimEnd().split('\n\n')
  const ours = samples(scriptText(session, ['--stitch-lbr']))
  const different = samples(stitched).filter((sample, row) => sample !== ours[row])
  // Where the LBR was empty perf takes what lies behind the record for a frame; we print the chain that the kernel walked.
  expect(different.map((sample) => sample.split('\n').slice(1))).toEqual(Array.from({ length: 10 }, () => ['\t             3fd [unknown] ([unknown])']))
  // 32 callers were no longer in the registers.
  expect(ours.join('\n').split('\n').length - samples(scriptText(session, [])).join('\n').split('\n').length).toBe(32)
})

test('a file of call-stack LBR says why it has no blocks', async () => {
  const session = await open()
  expect(decodeAll(session).ok).toBe(true)
  const info = session.query('info')
  if (!info.ok) throw new Error(info.error.sentence)
  expect(infoValue(info.value, 'no_path')).toBe(
    'The branch stacks were recorded in call-stack mode (perf record --call-graph lbr): they hold the calls that were open, not the branches that ran, ' +
      'so there are no blocks and instructions to follow. The flame graph has their call chains, the timeline their samples. Record with `perf record -b` to see what ran.',
  )
  const blocks = session.query('blocks', { count: 1 })
  expect(blocks.ok && blocks.value.rows).toBe(0)
})
