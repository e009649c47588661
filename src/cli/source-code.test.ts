// SPDX-License-Identifier: Apache-2.0
// Field srccode, in perf's words: `perf script -F +srccode` of the same file, where its source is at /opt/ptarmigan/calls.c.
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { scriptText } from './script-for-tests'
import { SourceCode, sourceFile } from './source-code'
import { openTrace } from './trace'

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const put = (text: string, read: (path: string) => Uint8Array | null) => Buffer.from(new SourceCode((path) => sourceFile(read(path))).put(Buffer.from(text))).toString()
const bytes = (text: string) => Buffer.from(text)

it('prints the lines of code below samples as perf does', async () => {
  const trace = await openTrace(join(fixtures, 'calls-cyc.perf.data'), join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const text = scriptText(trace.value.session, ['--itrace=i4000i', '-F', 'ip,sym,srccode'])
  const own = (path: string) => (path === '/opt/ptarmigan/calls.c' ? readFileSync(join(fixtures, 'programs', basename(path))) : null)
  expect(put(text, own)).toBe(EXPECTED)
})

it('does not repeat a line for a thread, and prints nothing of files that are not there', () => {
  const mark = (thread: number, line: number, path: string) => `\x01${thread}\x01${line}\x01${path}\n`
  const read = (path: string) => (path === '/a.c' ? bytes('one\n\ttwo\nlast') : null)
  expect(put(`a\n${mark(1, 2, '/a.c')}b\n${mark(1, 2, '/a.c')}c\n${mark(2, 2, '/a.c')}d\n${mark(1, 3, '/a.c')}`, read)).toBe(
    'a\n|2        \ttwo\nb\nc\n|2        \ttwo\nd\n|3        last\n',
  )
  expect(put(`${mark(1, 1, '/b.c')}a\n${mark(1, 4, '/a.c')}b\n${mark(1, 1, '/a.c')}`, read)).toBe('a\nb\n|1        one\n')
  expect(put('a \x011\x011\x01/a.c\n', read)).toBe('a \x011\x011\x01/a.c\n')
})

const EXPECTED = `           401355 descend
|27       	uint32_t below = depth ? descend(depth - 1) : 0;
           40215a __qsort_r
           401c96 cycle
           401c5a cycle
           4022cd __qsort_r
           401dfe trinkle
           40245b memcpy
           40248a memcpy
           4010dd main
|78       		code[i] = (uint8_t)((random >> 24) % 9);
           401424 interpret.constprop.0
|46       		switch (code[i]) {
`
