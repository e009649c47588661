// SPDX-License-Identifier: Apache-2.0
// Functions inlined at a frame of an unwound call chain, against what perf
// prints: their order, names, lines, and where addr2line changes its mind.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Session } from '../engine/session'
import { scriptText } from './script-for-tests'
import { openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const expected = readFileSync(join(fixtures, 'other/inlined.txt'), 'utf8')

async function open(): Promise<Session> {
  const trace = await openTrace(join(fixtures, 'other/inlined.perf.data'), join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  return trace.value.session
}

/** The text without source lines: "  file:line" below a frame, with perf's word behind it. */
const withoutLines = (text: string) => text.replaceAll(/\n {2}[^\n]*?:\d+(?= \(inlined\)|\n)/g, '')

test('inlined functions are printed as perf does, with their lines', async () => {
  expect(expected).toContain('\t            1087 operator()+0x27\n  inlined.cpp:21 (inlined)\n')
  expect(scriptText(await open(), ['-F', '+srcline'])).toBe(expected)
})

test('and without lines, or left out', async () => {
  const lines = withoutLines(expected)
  expect(scriptText(await open(), [])).toBe(lines)
  expect(lines).toContain('\t            1087 operator()+0x27 (inlined)\n')
  expect(scriptText(await open(), ['--no-inline'])).toBe(readFileSync(join(fixtures, 'other/inlined-plain.txt'), 'utf8'))
})
