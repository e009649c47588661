// SPDX-License-Identifier: Apache-2.0
// Where .dwo and .dwp files are looked for, and what is said of those that are missing.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { textAt } from '../lib/text-column'
import { missingSplit, splitMissing, splitSentence } from '../model/split-files'
import { Writer } from '../share/little-endian'
import { comm, mapped, perfData, PID, Sample, sample } from './perf-data-for-tests'
import { openTrace } from './trace'

const SOURCE = 'static inline int twice(volatile int *x) { return *x * 2; } int NAME(int n) { volatile int x = n; return twice(&x); }\n'
let folder = ''
const build = () => join(folder, 'symfs/build')
const program = () => join(folder, 'symfs/opt/app')

/** The program is built in /build of the traced machine, as far as its debug information says. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
  mkdirSync(build(), { recursive: true })
  mkdirSync(join(folder, 'symfs/opt'))
  for (const name of ['main', 'second']) {
    writeFileSync(join(build(), `${name}.c`), SOURCE.replace('NAME', name))
    const words = ['-g', '-gsplit-dwarf', '-O2', `-fdebug-prefix-map=${build()}=/build`, '-c', `${name}.c`, '-o', `${name}.o`]
    execFileSync('gcc', words, { cwd: build() })
  }
  execFileSync('gcc', ['-nostdlib', '-no-pie', '-Wl,-e,main', 'main.o', 'second.o', '-o', program()], { cwd: build() })
  const type = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME | Sample.PERIOD
  const ip = 0x401000n
  const taken = sample(new Writer().u64(1).u64(ip).u32(PID).u32(PID).u64(2000).u64(1))
  const map = mapped('/opt/app', 0x401000n, 0x1000, 0x1000n, 1)
  writeFileSync(join(folder, 'trace.data'), perfData([{ type: 1, config: 0, sampleType: type, id: 1 }], [comm('app', 1), map, taken]))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function splitFiles(): Promise<string[]> {
  const trace = await openTrace(join(folder, 'trace.data'), join(folder, 'symfs'), true, undefined, [], undefined, true)
  if (!trace.ok) throw new Error(trace.error)
  const table = trace.value.session.query('split_files')
  if (!table.ok) throw new Error(table.error.sentence)
  const { rows, name, directory, given, id } = table.value
  for (let row = 0; row < rows; row++) expect(textAt(id, row)).toMatch(/^[0-9a-f]{16}$/)
  return [
    ...Array.from({ length: rows }, (_, row) => `${textAt(directory, row)} ${textAt(name, row)} ${given[row]}`),
    ...missingSplit(table.value).map(splitSentence),
  ]
}

it('finds .dwo files where they were built and beside the binary, and says which are missing', async () => {
  expect(await splitFiles()).toEqual(['/build main.dwo 1', '/build second.dwo 1'])
  renameSync(join(build(), 'second.dwo'), join(folder, 'symfs/opt/second.dwo'))
  expect(await splitFiles()).toEqual(['/build main.dwo 1', '/build second.dwo 1'])
  renameSync(join(folder, 'symfs/opt/second.dwo'), join(folder, 'second.dwo'))
  expect(await splitFiles()).toEqual([
    '/build main.dwo 1',
    '/build second.dwo 0',
    '1 of 2 .dwo files are missing: functions inlined there have no names. Add them, or the .dwp file made of them.',
  ])
  copyFileSync(join(build(), 'main.dwo'), join(build(), 'second.dwo'))
  expect((await splitFiles())[1]).toBe('/build second.dwo 0')
  renameSync(join(folder, 'second.dwo'), join(build(), 'second.dwo'))
})

it('says of many missing files how many, and of which to begin with', () => {
  expect(splitMissing(['a.dwo', 'b.dwo', 'c.dwo', 'd.dwo', 'e.dwo'], 9)).toBe(
    '5 of 9 files with debug information split from binaries (-gsplit-dwarf) are missing: a.dwo, b.dwo, c.dwo and 2 more. ' +
      'Functions inlined there are not told; add them, or the .dwp file made of them.',
  )
})
