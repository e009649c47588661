// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { copiedGuest, dataFiles, isDataFile, isKernelCopy, mountedFile, recordedPath } from './perf-directory'

it('data.N files belong to the data file beside them, in the order of their numbers', () => {
  const paths = ['d/data.10', 'd/data', 'd/data.2', 'e/data.0', 'd/data.old', 'd/x/data.1']
  expect(dataFiles('d/data', paths)).toEqual(['d/data.2', 'd/data.10'])
  expect(dataFiles('data', ['data.0'])).toEqual(['data.0'])
  expect(dataFiles('d/perf.data', ['d/perf.data.1'])).toEqual([])
  expect(isDataFile('d/data.3')).toBe(true)
  expect(isDataFile('d/perf.data.3')).toBe(false)
})

it('the copies of perf record --kcore are known by their place', () => {
  expect(['p/kcore_dir/kcore', 'p/kcore_dir__42/kallsyms', 'kcore_dir/modules'].every(isKernelCopy)).toBe(true)
  expect(isKernelCopy('proc/kallsyms')).toBe(false)
  expect(isKernelCopy('mount/77/proc/modules')).toBe(true)
  expect(['p/kcore_dir/kcore', 'p/kcore_dir__42/kallsyms', 'kcore_dir__42', 'kcore_dir__x/kcore'].map(copiedGuest)).toEqual([null, 42, null, null])
})

it('files of guests are below the number of the process that runs them', () => {
  const pids = new Set([77, 1234])
  expect(mountedFile('mount/77/usr/bin/ls', pids)).toEqual({ of: 77, path: '/usr/bin/ls' })
  expect(mountedFile('1234/proc/kallsyms', pids)).toEqual({ of: 1234, path: '/proc/kallsyms' })
  expect(mountedFile('mount/78/usr/bin/ls', pids)).toBe(null)
  expect(mountedFile('usr/lib/77', pids)).toBe(null)
})

it('files of a build-id cache were somewhere else', () => {
  const id = '0123456789abcdef0123456789abcdef01234567'
  expect(recordedPath(`usr/lib/libc.so.6/${id}/elf`)).toBe('/usr/lib/libc.so.6')
  expect(recordedPath(`.debug/opt/app/${id}/elf`)).toBe('/opt/app')
  expect(recordedPath(`home/me/.debug/opt/app/${id}`)).toBe('/opt/app')
  expect(recordedPath(`[vdso]/${id}/vdso`)).toBe('[vdso]')
  expect(recordedPath(`[kernel.kallsyms]/${id}/kallsyms`)).toBe('[kernel.kallsyms]')
  expect(recordedPath(`.build-id/01/${id.slice(2)}/elf`)).toBe(`.build-id/01/${id.slice(2)}/elf`)
  expect(recordedPath('opt/app')).toBe('opt/app')
})
