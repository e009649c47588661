// SPDX-License-Identifier: Apache-2.0
// What `script` prints of records, packets and source lines, and the names out of
// files that were split from a binary; by the real decoder. Hashes are those of
// what perf 6.1 prints: `perf script -D -i NAME.data --symfs symfs | sha256sum`.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it, test, vi } from 'vitest'
import { scriptText } from './script-for-tests'
import { openTrace } from './trace'

// Decoders are made anew and programs started: a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 })

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const split = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
afterAll(() => rmSync(split, { recursive: true }))

async function printed(file: string, symfs: string, words: readonly string[], name = ''): Promise<string> {
  const trace = await openTrace(join(fixtures, file), symfs, true)
  if (!trace.ok) throw new Error(trace.error)
  return scriptText(trace.value.session, words, name)
}

// perf script -i NAME.perf.data --symfs symfs --itrace=… --ns -F +flags,+addr | sha256sum
describe('quick decoding prints what packets say, as perf does', () => {
  it.each([
    ['signals-irq', '--itrace=qbei0nspwxI', 'fc0e51daebb09ef8d7119291be2794603b9a9e9086ef662e6923dc676b2af720'],
    ['signals-irq', '--itrace=qqbei0nspwxI', '01cef236286b63494e51992877234f00b150e3f3e5b95581f481d0d1ebc479e0'],
    ['tsx', '--itrace=qbei0nspwxI', 'ff5970d892e5df64b26dd9168fbcce9d2cab416389668265e388fd2a2fb91c4b'],
    ['tsx', '--itrace=qqbei0nspwxI', 'f2f5549d9bdff483fed295479e2187330fe364f914802f4c42194af7d3cfe521'],
    ['calls-ovf', '--itrace=qbei0nspwxI', '1c3f6f35bc70c34728b9c2f07734e7f0919eef432dc02db7cb753da3abbad39f'],
    ['calls-ovf', '--itrace=qqbei0nspwxI', 'd783dc24ee453832db20337bcd72a6323a266369720363e1d907c6573dc5b0c3'],
    ['calls-power', '--itrace=qbei0nspwxI', 'dfed644b0b41e6dafa8e6dc0a8c9d8e235d94538c12e9f2622f5e95d7efc2b0b'],
    ['calls-power', '--itrace=qqbei0nspwxI', 'b00170a5c444cbf49d1bb146303e8fa6a5ff77fc946f8c2737275718b1cfe0b3'],
  ])('%s %s', async (name, itrace, hash) => {
    const text = await printed(`${name}.perf.data`, join(fixtures, 'symfs'), [itrace, '--ns', '-F', '+flags,+addr'])
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash)
  })
})

const words = ['--itrace=b', '-F', 'ip,sym,srcline']

test('srcline is the line table’s, else the file that the symbol table names', async () => {
  const lines = (await printed('calls-default.perf.data', join(fixtures, 'symfs'), words)).split('\n')
  const after = (start: string) => lines[lines.findIndex((line) => line.includes(start)) + 1]
  expect(after(' main')).toBe('  calls.c:72')
  expect(after(' trinkle')).toBe('  qsort.lo:0')
  expect(after(' _start')).toBe('           4011fe _start_c')
})

/** symfs of the program without symbols, which stand in a file at `place`. */
function splitInto(folder: string, place: string, link: boolean): string {
  const symfs = join(split, folder)
  const program = join(symfs, 'opt/ptarmigan/calls')
  const debug = join(symfs, place)
  for (const file of [program, debug]) mkdirSync(dirname(file), { recursive: true })
  copyFileSync(join(fixtures, 'symfs/opt/ptarmigan/calls'), program)
  execFileSync('objcopy', ['--only-keep-debug', program, debug])
  execFileSync('objcopy', ['--strip-all', ...(link ? [`--add-gnu-debuglink=${debug}`] : []), program])
  return symfs
}

test.each([
  ['by build-id', 'usr/lib/debug/.build-id/0a/524fe42599fe5681ec7f221d732c0161e716b2.debug', false],
  ['by its link, in .debug', 'opt/ptarmigan/.debug/calls.dbg', true],
  ['by its link, in /usr/lib/debug', 'usr/lib/debug/opt/ptarmigan/calls.dbg', true],
])('symbols and lines are found %s', async (folder, place, link) => {
  const names = ['--itrace=b', '-F', 'ip,sym,symoff']
  const whole = await printed('calls-default.perf.data', join(fixtures, 'symfs'), names)
  const symfs = splitInto(folder, place, link)
  expect(await printed('calls-default.perf.data', symfs, names)).toBe(whole)
  expect(await printed('calls-default.perf.data', symfs, words)).toContain(' main\n  calls.c:72\n')
})

test.each(['zlib', 'zstd', 'zlib-gabi', 'zlib-gnu'])('lines are found in sections packed by %s', async (kind) => {
  const symfs = join(split, kind)
  const program = join(symfs, 'opt/ptarmigan/calls')
  mkdirSync(dirname(program), { recursive: true })
  const packing = spawnSync('objcopy', [`--compress-debug-sections=${kind}`, join(fixtures, 'symfs/opt/ptarmigan/calls'), program])
  if (kind === 'zstd' && packing.status !== 0) return // an objcopy without zstd
  expect(packing.status).toBe(0)
  const sections = execFileSync('readelf', ['-SW', program], { encoding: 'utf8' })
  expect(sections).toMatch(/\.debug_info .* C |\.zdebug_info /)
  expect(await printed('calls-default.perf.data', symfs, words)).toBe(
    await printed('calls-default.perf.data', join(fixtures, 'symfs'), words),
  )
})

test.each([
  [
    'walk/bpf.perf.data',
    ['--show-bpf-events', '--itrace=p'],
    [
      '         swapper     0 [000]     0.000000: PERF_RECORD_KSYMBOL addr ffffffffc0400000 len 11 type 1 flags 0x0 name bpf_prog_0123456789abcdef_walk',
      '         swapper     0 [000]     0.000000: PERF_RECORD_BPF_EVENT type 1, flags 0, id 7',
    ],
  ],
  [
    'walk/poke.perf.data',
    ['--show-text-poke-events', '--itrace=p'],
    [
      '          walker    77 [000]     0.000109: PERF_RECORD_TEXT_POKE ffffffff9f000064  old len 5 new len 5',
      '            Old bytes: 0f 1f 44 00 00',
      '            New bytes: e9 05 00 00 00',
    ],
  ],
])('records of %s by %j are printed as perf prints them', async (file, options, wanted) => {
  const lines = (await printed(file, join(fixtures, 'walk/symfs'), options)).split('\n')
  const from = lines.indexOf(wanted[0] ?? '')
  expect(lines.slice(from, from + wanted.length)).toEqual(wanted)
})

test('records without time come first, as swapper’s or their own', async () => {
  const text = await printed('calls-notime.perf.data', join(fixtures, 'symfs'), ['--show-task-events', '--itrace=p'])
  expect(text.split('\n').slice(0, 2)).toEqual([
    '           calls 16125 [000] 18446744073.709551: PERF_RECORD_COMM exec: calls:16125/16125',
    '           calls 16125 [000] 18446744073.709551: PERF_RECORD_EXIT(16125:16125):(16124:16124)',
  ])
})
