// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { isSourcePath, sourceRow } from './source-texts'

it('takes files for source texts by their names', () => {
  const names = ['calls.c', 'src/main.rs', 'a/B.CPP', 'perf.data', 'calls', 'libc.so.6', 'kallsyms', 'notes.txt', 'c']
  expect(names.filter(isSourcePath)).toEqual(['calls.c', 'src/main.rs', 'a/B.CPP'])
})

it('finds a source by its path, or by the longest tail of it', () => {
  const paths = ['/build/a/util.c', 'b/util.c', 'calls.c', '/usr/src/one/x.c', '/usr/src/two/x.c']
  const wanted = ['/build/a/util.c', '/home/me/b/util.c', './calls.c', 'C:\\work\\b\\util.c', '/tmp/x.c', 'one/x.c', 'none.c', '']
  expect(wanted.map((path) => paths[sourceRow(paths, path)] ?? 'none')).toEqual([
    '/build/a/util.c',
    'b/util.c',
    'calls.c',
    'b/util.c',
    'none',
    '/usr/src/one/x.c',
    'none',
    'none',
  ])
})
