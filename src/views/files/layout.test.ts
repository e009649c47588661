// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { makeTable } from '../../test-support/make-table'
import {
  collectLines,
  factsOf,
  gapGroups,
  GUEST_CODE,
  guestMark,
  guestWishes,
  helpfulPaths,
  imageRows,
  imageState,
  reasonWord,
  shellWord,
  shortBuildId,
  summarise,
} from './layout'

const images = makeTable('images', [
  {},
  { path: '/usr/bin/book', status: 1, instructions: 900 },
  { path: '/opt/lib/it’s here.so', status: 0, lost_bytes: 4096, gaps: 3 },
  { path: '[vdso]', status: 0, anonymous: 1, lost_bytes: 10 },
  { path: '/usr/lib/libm.so', status: 0 },
  { path: '/usr/lib/libc.so.6', status: 2, lost_bytes: 100, gaps: 1 },
  { path: '/usr/lib/ld.so', status: 1, instructions: 2000 },
])

describe('binaries', () => {
  it('tells what is missing from what nobody needs', () =>
    expect([1, 2, 3, 4, 5].map((row) => imageState(images, row))).toEqual(['loaded', 'missing', 'nothing', 'unneeded', 'mismatched']))
  it('begins with what needs the reader', () => expect(imageRows(images)).toEqual([5, 2, 6, 1, 3, 4]))
  it('sums up', () => expect(summarise(images)).toEqual({ loaded: 2, wanted: 4, missing: 1, mismatched: 1, lost_bytes: 4206 }))
  it('asks for files only', () => expect(helpfulPaths(images)).toEqual(['/usr/lib/libc.so.6', '/opt/lib/it’s here.so']))
})

describe('binaries of guests', () => {
  const guests = makeTable('images', [
    {},
    { path: '/usr/bin/qemu', status: 0, gaps: 2, lost_bytes: 10 },
    { path: '/usr/bin/worker', status: 0, gaps: 3, lost_bytes: 20, machine: 77 },
    { path: '[guest.kernel.kallsyms.77]', status: 0, anonymous: 1, gaps: 1, machine: 77 },
    { path: '/usr/bin/worker', status: 1, machine: 87 },
    { path: '[guest.kernel.kallsyms]', anonymous: 1 },
  ])
  it('say whose they are', () => expect([1, 2, 3, 4, 5].map((row) => guestMark(guests, row))).toEqual(['', 'guest of 77', 'guest of 77', 'guest of 87', 'guest']))
  it('are not asked of the host', () => expect(helpfulPaths(guests)).toEqual(['/usr/bin/qemu']))
  it('are asked of the guest that lacks them', () =>
    expect(guestWishes(guests)).toEqual([
      { of: 77, line: "mkdir -p guests/77 && ssh GUEST 'tar -C / -chf - usr/bin/worker' | tar -C guests/77 -xf -", kernel: true },
    ]))
})

describe('shell lines', () => {
  it('quotes what a shell would read otherwise', () => expect(['/a/b-c.so', "it's"].map(shellWord)).toEqual(['/a/b-c.so', `'it'\\''s'`]))
  it('copies with paths, from there and from here', () =>
    expect(collectLines(['/usr/bin/book', '/opt/a b'], 'trading-7')).toEqual({
      remote: `mkdir -p binaries && ssh trading-7 'tar -C / -chf - usr/bin/book '\\''opt/a b'\\''' | tar -C binaries -xf -`,
      local: `mkdir -p binaries && tar -C / -chf - usr/bin/book 'opt/a b' | tar -C binaries -xf -`,
    }))
})

describe('gaps', () => {
  const gaps = makeTable('gaps', [
    { reason: 8, lost: 0, start_ns: 0, end_ns: 5000, missing_ns: 5000, text: 'Tracing was off.' },
    { reason: 1, lost: 1, start_ns: 10, end_ns: 20, missing_ns: 10, bytes: 100, text: 'small' },
    { reason: 1, lost: 1, start_ns: 30, end_ns: 50, missing_ns: 15, bytes: 900, text: 'large' },
    { reason: 4, lost: 1, start_ns: NaN, end_ns: NaN, missing_ns: 0, bytes: 500, text: 'no code' },
  ])
  it('are grouped, lost trace first, the most bytes first', () =>
    expect(gapGroups(gaps)).toEqual([
      { reason: 1, lost: true, count: 2, bytes: 1000, ns: 25, worst: 2, sentence: 'large' },
      { reason: 4, lost: true, count: 1, bytes: 500, ns: 0, worst: 3, sentence: 'no code' },
      { reason: 8, lost: false, count: 1, bytes: 0, ns: 5000, worst: 0, sentence: 'Tracing was off.' },
    ]))
  it('have names', () =>
    expect([1, 8, 10, GUEST_CODE, 200].map(reasonWord)).toEqual([
      'Overflow in the processor',
      'Tracing was off',
      'Between samples',
      'Code of a virtual machine',
      'Unknown',
    ]))
})

it('gives plain numbers their unit and keeps warnings apart', () => {
  const info = makeTable('info', [
    { key: 'duration_ns', label: 'Duration', value: '84200000' },
    { key: 'start_time_ns', label: 'Start', value: '12000000345' },
    { key: 'aux_bytes', label: 'Trace', value: '2048' },
    { key: 'warning', label: 'Warning', value: 'Lost 2 records.' },
    { key: 'cycles', label: 'Cycles', value: 'yes' },
    { key: 'hostname', label: 'Host', value: 'trading-7' },
    { key: 'arch', label: 'Architecture', value: '' },
  ])
  expect(factsOf(info)).toEqual({
    facts: [
      { key: 'duration_ns', label: 'Duration', value: '84.2 ms' },
      { key: 'start_time_ns', label: 'Start', value: '12.000000345 s' },
      { key: 'aux_bytes', label: 'Trace', value: '2.00 KiB' },
      { key: 'cycles', label: 'Cycles', value: 'measured' },
      { key: 'hostname', label: 'Host', value: 'trading-7' },
    ],
    warnings: ['Lost 2 records.'],
  })
})

it('shortens build-ids', () => expect(['0123456789abcdef', 'abc'].map(shortBuildId)).toEqual(['0123456789ab…', 'abc']))
