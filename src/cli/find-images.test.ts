// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { FileSources } from './file-sources'
import { MachineFinder, SymfsFinder } from './find-images'

const root = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
afterAll(() => rmSync(root, { recursive: true }))
for (const file of ['symfs/usr/lib/libc.so.6', 'symfs/copies/libc.so.6', 'symfs/[vdso]', 'cache/ab/cdef/elf', 'own']) {
  mkdirSync(join(root, file, '..'), { recursive: true })
  writeFileSync(join(root, file), file)
}

it('prefers the mapped path under symfs and lists namesakes after it', () => {
  const finder = new SymfsFinder(join(root, 'symfs'))
  expect(finder.candidates('/usr/lib/libc.so.6')).toEqual([
    { file: join(root, 'symfs/usr/lib/libc.so.6'), as: '/usr/lib/libc.so.6' },
    { file: join(root, 'symfs/copies/libc.so.6'), as: '/copies/libc.so.6' },
  ])
  expect(
    finder
      .candidates('/opt/libc.so.6')
      .map((candidate) => candidate.as)
      .sort(),
  ).toEqual(['/copies/libc.so.6', '/usr/lib/libc.so.6'])
  expect(finder.candidates('[vdso]')).toEqual([{ file: join(root, 'symfs/[vdso]'), as: '[vdso]' }])
  expect(finder.candidates('/usr/lib')).toEqual([])
})

it('looks into a build-id cache under symfs, or that symfs is, as perf archive packs it', () => {
  for (const file of ['kept/.debug/.build-id/ab/cdef/elf', 'kept/.debug/.build-id/12/34/kallsyms', 'kept/.build-id/ab/cdef/debug', 'kept/bin/app']) {
    mkdirSync(join(root, file, '..'), { recursive: true })
    writeFileSync(join(root, file), '')
  }
  const finder = new SymfsFinder(join(root, 'kept'))
  expect(finder.candidates('/bin/app', 'abcdef')).toEqual([
    { file: join(root, 'kept/.debug/.build-id/ab/cdef/elf'), as: '/bin/app' },
    { file: join(root, 'kept/bin/app'), as: '/bin/app' },
  ])
  expect(finder.debugFiles('/bin/app', 'abcdef', '').map(({ file }) => file)).toEqual([join(root, 'kept/.build-id/ab/cdef/debug')])
  expect(finder.kernelFiles('1234', '').map(({ file }) => file)).toEqual([join(root, 'kept/.debug/.build-id/12/34/kallsyms')])
})

it('looks into the build-id cache before the path itself', () => {
  const finder = new MachineFinder(join(root, 'cache'))
  const own = join(root, 'own')
  expect(finder.candidates(own, 'abcdef')).toEqual([
    { file: join(root, 'cache/ab/cdef/elf'), as: own },
    { file: own, as: own },
  ])
  expect(finder.candidates('[vdso]', '')).toEqual([])
  expect(finder.candidates('/no/such/file', 'ffff')).toEqual([])
})

it('looks for what was split from a binary where gdb and perf do', () => {
  for (const file of ['bin/app', 'bin/app.dbg', 'bin/.debug/app.dbg', 'usr/lib/debug/bin/app.dbg', 'usr/lib/debug/bin/app.debug', 'usr/lib/debug/.build-id/ab/cdef.debug']) {
    mkdirSync(join(root, 'split', file, '..'), { recursive: true })
    writeFileSync(join(root, 'split', file), '')
  }
  const found = (link: string, id: string) => new SymfsFinder(join(root, 'split')).debugFiles('/bin/app', id, link).map(({ file }) => file.slice(root.length + 6))
  expect(found('app.dbg', 'abcdef')).toEqual([
    '/bin/app.dbg',
    '/bin/.debug/app.dbg',
    '/usr/lib/debug/bin/app.dbg',
    '/usr/lib/debug/bin/app.debug',
    '/usr/lib/debug/.build-id/ab/cdef.debug',
  ])
  expect(found('', '')).toEqual(['/usr/lib/debug/bin/app.debug'])
})

it('looks for packages, .dwo files and what binaries share beside them, where they were built and where distributions put them', () => {
  const beside = ['bin/app', 'bin/app.dwp', 'bin/sub/a.dwo', 'bin/a.dwo', 'build/sub/a.dwo', 'usr/lib/debug/.build-id/ab/cdef.debug', 'usr/lib/debug/.build-id/ab/cdef.debug.dwp', 'usr/lib/debug/.dwz/app', 'usr/lib/debug/.build-id/12/34.debug']
  for (const file of beside) {
    mkdirSync(join(root, 'shared', file, '..'), { recursive: true })
    writeFileSync(join(root, 'shared', file), '')
  }
  const finder = new SymfsFinder(join(root, 'shared'))
  const names = (found: readonly { file: string }[]) => found.map(({ file }) => file.slice(root.length + '/shared'.length))
  expect(names(finder.packages('/bin/app', 'abcdef', ''))).toEqual(['/bin/app.dwp', '/usr/lib/debug/.build-id/ab/cdef.debug.dwp'])
  expect(names(finder.splitFiles('/bin/app', '', 'sub/a.dwo', '/build'))).toEqual(['/build/sub/a.dwo', '/bin/sub/a.dwo', '/bin/a.dwo'])
  expect(names(finder.splitFiles('/bin/app', '', '/build/sub/a.dwo', '/elsewhere'))).toEqual(['/build/sub/a.dwo', '/bin/a.dwo'])
  expect(names(finder.alternates('/bin/app', 'abcdef', '', '../../.dwz/app', '1234'))).toEqual([
    '/usr/lib/debug/.dwz/app',
    '/usr/lib/debug/.build-id/12/34.debug',
    '/usr/lib/debug/.dwz/app',
  ])
})

it('reads slices of files and says why it cannot open one', () => {
  const sources = new FileSources()
  const file = sources.open(join(root, 'own'))
  expect(file).toEqual({ ok: true, value: { source: 0, size: 3 } })
  const into = new Uint8Array(8)
  expect([sources.read(0, 1, into), sources.read(0, 99, into), sources.read(7, 0, into)]).toEqual([2, 0, -1])
  expect(sources.open('/no/such/file')).toEqual({ ok: false, error: '/no/such/file: no such file.' })
  expect(sources.open(root)).toEqual({ ok: false, error: `${root} is a directory, not a trace: name the perf.data file itself.` })
})

it('takes the names of the running kernel for no other', () => {
  const finder = new MachineFinder(join(root, 'cache'))
  expect(finder.kernelFiles('', '3.8.11-of-another-machine')).toEqual([])
  expect(finder.kernelFiles('', '')).toEqual([])
})
