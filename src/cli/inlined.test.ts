// SPDX-License-Identifier: Apache-2.0
// Functions inlined at a frame of an unwound call chain, against what perf
// prints: their order, names, lines, and where addr2line changes its mind.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Session } from '../engine/session'
import { hasPerf } from './perf-for-tests'
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

const source = `struct box { int v; };
static inline int mix(const struct box *b, int k) { int s = b->v; for (int i = 0; i < k; i++) s = s * 31 ^ i; return s; }
static inline int deep(const struct box *b, int k) { return mix(b, k) + 1; }
__attribute__((noinline)) int run(struct box *v, int n) { int t = 0; for (int i = 0; i < n; i++) t += deep(&v[i % 300], 2000 + i); return t; }
int main(void) { static struct box v[300]; int t = 0; for (int r = 0; r < 8; r++) t += run(v, 4000 + r); return t & 1; }
`
const clang = ['clang', 'clang-14'].find((name) => spawnSync(name, ['--version']).status === 0)

// addr2line does not read ranges by index (DW_FORM_rnglistx), as clang writes them in DWARF 5.
test.runIf(hasPerf() && clang)('what is inlined by clang is told as far as addr2line knows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
  try {
    const [program, path] = [join(folder, 'program'), join(folder, 'perf.data')]
    execFileSync(clang ?? '', ['-O2', '-gdwarf-5', '-xc', '-', '-o', program], { input: source })
    const recording = spawnSync('perf', ['record', '--call-graph', 'dwarf', '-e', 'cpu-clock:u', '-F', '200', '-o', path, '--', program])
    if (recording.status !== 0) return // not here
    const trace = await openTrace(path, undefined, true)
    if (!trace.ok) throw new Error(trace.error)
    expect(scriptText(trace.value.session, [])).toBe(execFileSync('perf', ['script', '-i', path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)
