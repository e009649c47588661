// SPDX-License-Identifier: Apache-2.0
// Names in ELF files of unusual form, as perf 6.1 prints them: libraries linked at an
// address of their own (as prelink leaves them), several segments of code, 32-bit
// programs, and names of languages that perf does not demangle. The files are made here
// by gcc and ld, the samples too; where perf is installed it is asked.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { Writer } from '../share/little-endian'
import { opened } from './bundles-for-tests'
import { comm, mapped, perfData, PID, Sample, sample } from './perf-data-for-tests'
import { hasPerf } from './perf-for-tests'
import { sampleReports, sampleReportText } from './sample-report'
import { scriptText } from './script-for-tests'

vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
const symfs = join(folder, 'symfs')
beforeAll(() => mkdirSync(symfs))
afterAll(() => rmSync(folder, { recursive: true }))

const ID = 7
const type = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME

/** Functions of four bytes: nop, nop, nop, ret. */
const functions = (section: string, names: readonly string[]) =>
  [`.section ${section},"ax",@progbits`, ...names.flatMap((name) => [`.globl "${name}"`, `.type "${name}",@function`, `"${name}": nop; nop; nop; ret`, `.size "${name}",4`])].join('\n')

/** Makes /NAME of the source; `flags`: of gcc. */
function link(name: string, source: string, flags: readonly string[], script?: string): void {
  const [from, layout] = [join(folder, `${name}.s`), join(folder, `${name}.ld`)]
  writeFileSync(from, `${source}\n.section .note.GNU-stack\n`)
  if (script !== undefined) writeFileSync(layout, script)
  execFileSync('gcc', ['-nostdlib', '-Wl,--build-id=none,-z,noexecstack', ...flags, ...(script === undefined ? [] : [`-Wl,-T,${layout}`]), '-o', join(symfs, name), from], { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** What script prints of a sample at each address, where `maps` are of /NAME. */
async function named(name: string, maps: readonly { at: bigint; length: number; offset: bigint }[], ips: readonly bigint[]): Promise<string[]> {
  const path = join(folder, `${name}.data`)
  const taken = ips.map((ip, row) => sample(new Writer().u64(ID).u64(ip).u32(PID).u32(PID).u64(2000 + row)))
  const records = [comm(name, ID), ...maps.map(({ at, length, offset }) => mapped(`/${name}`, at, length, offset, ID)), ...taken]
  writeFileSync(path, perfData([{ type: 1, config: 0, sampleType: type, id: ID }], records))
  const text = scriptText(await opened(path, symfs), ['-F', 'ip,sym,symoff,dso'])
  if (hasPerf()) {
    const options = ['script', '-i', path, '--symfs', symfs, '-F', 'ip,sym,symoff,dso']
    expect(text).toBe(execFileSync('perf', options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  }
  return text.trimEnd().split('\n').map((line) => line.trim())
}

it('a library linked at an address of its own, loaded there or elsewhere', async () => {
  link('prelinked', functions('.text', ['first', 'second']), ['-shared', '-Wl,-Ttext=0x3000001000'], undefined)
  expect(await named('prelinked', [{ at: 0x3000001000n, length: 0x1000, offset: 0x1000n }], [0x3000001000n, 0x3000001005n])).toEqual([
    '3000001000 first+0x0 (/prelinked)',
    '3000001005 second+0x1 (/prelinked)',
  ])
  expect(await named('prelinked', [{ at: 0x7f0000001000n, length: 0x1000, offset: 0x1000n }], [0x7f0000001002n, 0x7f0000001004n])).toEqual([
    '7f0000001002 first+0x2 (/prelinked)',
    '7f0000001004 second+0x0 (/prelinked)',
  ])
})

it('two segments of code, whose addresses are farther apart than they are in the file', async () => {
  const source = [functions('.text', ['near']), functions('.text2', ['far', 'last'])].join('\n')
  const script = 'PHDRS { a PT_LOAD FLAGS(5); b PT_LOAD FLAGS(5); } SECTIONS { . = 0x401000; .text : { *(.text) } :a . = 0x900000; .text2 : { *(.text2) } :b }'
  link('segments', source, ['-static', '-Wl,-z,max-page-size=0x1000,-e,0'], script)
  const maps = [
    { at: 0x401000n, length: 0x1000, offset: 0x1000n },
    { at: 0x900000n, length: 0x1000, offset: 0x2000n },
  ]
  expect(await named('segments', maps, [0x401001n, 0x900000n, 0x900007n, 0x900008n])).toEqual([
    '401001 near+0x1 (/segments)',
    '900000 far+0x0 (/segments)',
    '900007 last+0x3 (/segments)',
    '900008 [unknown] (/segments)',
  ])
})

it('32-bit programs, at fixed addresses and position independent', async () => {
  const source = functions('.text', ['first', 'second'])
  const script = 'PHDRS { a PT_LOAD FLAGS(5); } SECTIONS { . = BASE; .text : { *(.text) } :a }'
  link('fixed32', source, ['-m32', '-static', '-no-pie', '-Wl,-z,max-page-size=0x1000,-e,0'], script.replace('BASE', '0x8049000'))
  expect(await named('fixed32', [{ at: 0x8049000n, length: 0x1000, offset: 0x1000n }], [0x8049003n, 0x8049004n])).toEqual([
    '8049003 first+0x3 (/fixed32)',
    '8049004 second+0x0 (/fixed32)',
  ])
  link('pie32', source, ['-m32', '-pie', '-Wl,-z,max-page-size=0x1000,-e,0,-Ttext=0x1000'])
  expect(await named('pie32', [{ at: 0x56556000n, length: 0x1000, offset: 0x1000n }], [0x56556000n, 0x56556007n])).toEqual([
    '56556000 first+0x0 (/pie32)',
    '56556007 second+0x3 (/pie32)',
  ])
})

it('names of D and Swift stay as they are: perf 6.1 demangles neither; report does', async () => {
  const names = ['_D3std5stdio7writelnFZv', '$s4main3fooyyF', '_TFC4main5Klass3fooFT_T_', '_Z3fooi', '_RNvC6_123foo3bar']
  const script = 'PHDRS { a PT_LOAD FLAGS(5); } SECTIONS { . = 0x401000; .text : { *(.text) } :a }'
  link('languages', functions('.text', names), ['-static', '-Wl,-z,max-page-size=0x1000,-e,0'], script)
  expect(await named('languages', [{ at: 0x401000n, length: 0x1000, offset: 0x1000n }], names.map((_, row) => 0x401000n + BigInt(row * 4)))).toEqual([
    '401000 _D3std5stdio7writelnFZv+0x0 (/languages)',
    '401004 $s4main3fooyyF+0x0 (/languages)',
    '401008 _TFC4main5Klass3fooFT_T_+0x0 (/languages)',
    '40100c foo+0x0 (/languages)',
    '401010 123foo::bar+0x0 (/languages)',
  ])
  const session = await opened(join(folder, 'languages.data'), symfs)
  const [reports, symbols, images] = [sampleReports(session), session.query('functions'), session.query('images')]
  if (!reports.ok || !symbols.ok || !images.ok) throw new Error('no report')
  const text = sampleReportText('a', reports.value, { functions: symbols.value, images: images.value }, 9)
  expect(text.match(/\S*(writeln|foo)\S*/g)).toEqual(['std.stdio.writeln()', 'main.foo()', '_TFC4main5Klass3fooFT_T_', 'foo', '123foo::bar'])
})

/** What script prints as the lines of samples at addresses of /NAME, whose code is at 0x401000; as perf, where it is installed. */
async function sourceLines(name: string, ips: readonly bigint[]): Promise<string[]> {
  const path = join(folder, `${name}.data`)
  const taken = ips.map((ip, row) => sample(new Writer().u64(ID).u64(ip).u32(PID).u32(PID).u64(2000 + row)))
  writeFileSync(path, perfData([{ type: 1, config: 0, sampleType: type, id: ID }], [comm(name, ID), mapped(`/${name}`, 0x401000n, 0x1000, 0x1000n, ID), ...taken]))
  const words = ['-F', 'ip,srcline']
  const text = scriptText(await opened(path, symfs), words)
  if (hasPerf()) expect(text).toBe(execFileSync('perf', ['script', '-i', path, '--symfs', symfs, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  return text.trimEnd().split('\n').map((line) => line.trim())
}

it('source files without a name: of a symbol table, as ld.so has one, and of a line table', async () => {
  link('unnamed', `.file ""\n${functions('.text', ['first', 'second'])}`, ['-no-pie', '-Wl,-e,first'])
  expect(await sourceLines('unnamed', [0x401000n, 0x401004n])).toEqual(['401000', ':0', '401004', ':0'])
  link('nameless', '.file 0 "/src" ""\n.file 1 ""\n.file 2 "b.c"\n.text\n.globl _start\n_start: .loc 1 7\nnop\n.loc 2 9\nnop\nret', ['-Wa,-gdwarf-5', '-no-pie'])
  expect(await sourceLines('nameless', [0x401000n, 0x401001n])).toEqual(['401000', '<unknown>:7', '401001', 'b.c:9'])
})

/** DWARF as perf inject writes it for generated code: a unit that does not say where it has any, whose line program names its file itself. */
const generated = `.text
.globl _start
_start: nop; nop; ret
.section .debug_abbrev
.byte 1, 0x11, 0, 0x10, 6, 0, 0, 0
.section .debug_info
.long 12; .short 2; .long 0; .byte 8, 1; .long 0
.section .debug_line
.long 3f - 1f
1: .short 2; .long 2f - . - 4; .byte 1, 1, -5, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0
2: .byte 0, 9, 2; .quad _start
.byte 0, 11, 3; .string "gen.js"; .byte 0, 0, 0
.byte 4, 1, 3, 6, 2, 1, 1, 3, 2, 2, 1, 1, 2, 1, 0, 1, 1
3:`

it('lines of generated code, whose debug information tells nothing else', async () => {
  link('generated', generated, ['-no-pie', '-Wl,-e,_start'])
  expect(await sourceLines('generated', [0x401000n, 0x401001n, 0x401002n])).toEqual(['401000', '401001', 'gen.js:7', '401002', 'gen.js:9'])
})

it('generated code by whose it is, where perf says a name in few words', async () => {
  const path = join(folder, 'map.data')
  const records = [comm('map', ID), mapped('//anon', 0x401000n, 0x1000, 0n, ID), sample(new Writer().u64(ID).u64(0x401004n).u32(PID).u32(PID).u64(2000))]
  writeFileSync(path, perfData([{ type: 1, config: 0, sampleType: type, id: ID }], records))
  for (const [words, wanted] of [
    [['-F', 'ip,srcline'], '401004\n  [JIT] tid 4321[401004]\n'],
    [['-F', 'ip', '--dsos', '[JIT] tid 4321'], '401004\n'],
    [['-F', 'ip', '--dsos', 'perf-4321.map'], ''],
  ] as const) {
    expect(scriptText(await opened(path, symfs), words).trimStart()).toBe(wanted)
    if (hasPerf()) expect(execFileSync('perf', ['script', '-i', path, '--symfs', symfs, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trimStart()).toBe(wanted)
  }
})
