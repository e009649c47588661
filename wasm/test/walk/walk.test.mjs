// SPDX-License-Identifier: Apache-2.0
// Code that is in no user binary: what `ptarmigan script` prints of the walks of
// fixtures/walk is, line for line, what perf 6.1 printed where its instructions
// were the walk's (tools/make-walks.mjs). And files of another kernel are refused.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const folder = resolve(import.meta.dirname, '../fixtures/walk')
const cli = resolve(import.meta.dirname, '../../../src/cli/ptarmigan.mjs')
const FIELDS = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,sym,symoff,dso,insn', '--ns']
const BRANCHES = ['--itrace=b', '-F', 'tid,time,ip,sym,symoff,dso,addr,flags', '--ns']
const expected = readFileSync(join(folder, 'expected.txt'), 'utf8').trim().split('\n')

let scratch = ''
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), 'walk-test-'))))
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => rmSync(scratch, { recursive: true }))

const script = (name, ...words) =>
  execFileSync(process.execPath, [cli, 'script', join(folder, `${name}.perf.data`), '--symfs', join(folder, 'symfs'), ...words], {
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).toString()
const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 32)
const given = {
  vmlinux: ['--vmlinux', join(folder, 'vmlinux')],
  kcore: ['--kallsyms', join(folder, 'kallsyms')],
  poke: ['--kallsyms', join(folder, 'kallsyms')],
  bpf: ['--kallsyms', join(folder, 'kallsyms')],
  jit: ['--jitdump', join(folder, 'jit-88.dump')],
  guest: ['--guest-code'],
  'guest-kernel': ['--guestkallsyms', join(folder, 'kallsyms')],
}

describe.each(expected.map((line) => line.split(' ')))('%s', (name, count, instructions, branches) => {
  it('prints the instructions as perf does', () => {
    const text = script(name, ...FIELDS, ...given[name])
    expect([text.trim().split('\n').length, hashOf(text)]).toEqual([Number(count), instructions])
  })
  it('prints the branches as perf does', () => expect(hashOf(script(name, ...BRANCHES, ...given[name]))).toBe(branches))
})

it('vmlinux beside kcore and kallsyms changes no name', () => {
  const [name, , instructions] = expected.map((line) => line.split(' ')).find(([walk]) => walk === 'kcore')
  expect(hashOf(script(name, ...FIELDS, ...given.kcore, '--vmlinux', join(folder, 'vmlinux')))).toBe(instructions)
})

it('a guest and its host are two threads, and each instruction is one of them', () => {
  const words = ['info', join(folder, 'guest.perf.data'), '--symfs', join(folder, 'symfs'), '--guest-code']
  const text = execFileSync(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  expect(text.split('\n').filter((line) => / 77\/78 /.test(line)).map((line) => line.trim().replace(/ +[\d,]+ branches.*/, ''))).toEqual([
    'CPU 0/KVM   77/78  1,796 instructions',
    '[guest/77]  77/78  1,129 instructions',
  ])
})

describe.each([
  ['guest-joined', 2925, '0298f80bc40727896949a38619b886a2', 'fa4aa2efde2507bddf40f97587f4cef3'],
  ['guest-kernel-joined', 2952, '405c7e26cf70233b180e7129d8184b60', 'bdfabd1154ee4e24c05fdbff1122e58f'],
])('%s: what perf inject --guest-data joined (tools/make-joined-walks.mjs)', (name, count, instructions, branches) => {
  const kernel = ['--guestkallsyms', join(folder, 'kallsyms')]
  it('prints what host and guest ran as perf does', () => {
    const text = script(name, ...FIELDS, ...kernel)
    expect([text.trim().split('\n').length, hashOf(text)]).toEqual([count, instructions])
    expect(hashOf(script(name, '--itrace=bcre', '-F', '+flags,+addr', ...kernel))).toBe(branches)
  })
})

it('a dump of the records says whose ids are a guest\'s', () => {
  expect(script('guest-joined', '-D').split('\n').filter((line) => line.startsWith(' ... id: '))).toEqual([
    ' ... id: 1  idx: 0  cpu: 0  tid: -1',
    ' ... id: 2  idx: 0  cpu: 0  tid: -1',
    ' ... id: 3  idx: 0  cpu: -1  tid: 78  machine_pid: 77  vcpu: 0',
    ' ... id: 4  idx: 0  cpu: -1  tid: 78  machine_pid: 77  vcpu: 0',
  ])
})

it("a guest's own threads and files are not the host's", () => {
  const words = ['info', join(folder, 'guest-joined.perf.data'), '--symfs', join(folder, 'symfs')]
  const text = execFileSync(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  expect(text.split('\n').filter((line) => / instructions/.test(line) && /\/\d|\/opt/.test(line)).map((line) => line.trim().replace(/ +[\d,]+ branches.*/, ''))).toEqual([
    'CPU 0/KVM    77/78  1,796 instructions',
    'worker     501/502    867 instructions',
    'other      600/600    262 instructions',
    '/opt/ptarmigan/guest        loaded   1,796 instructions',
    '/opt/ptarmigan/inside       loaded   1,129 instructions',
  ])
})

it('the kernel of virtual machines may be a vmlinux, whose names are others, and is known by where it was', () => {
  const perf = '62440f75d54765eaa63e2753babec8c1' // perf 6.1 with --guestvmlinux
  expect(hashOf(script('guest-kernel', ...FIELDS, '--guestvmlinux', join(folder, 'vmlinux')))).toBe(perf)
  expect(hashOf(script('guest-kernel', ...FIELDS, '--vmlinux', join(folder, 'vmlinux')))).toBe(perf)
})

/** What is said of a kernel file that is not used. */
function refusal(option, file) {
  const done = spawnSync(process.execPath, [cli, 'info', join(folder, 'kcore.perf.data'), '--symfs', join(folder, 'symfs'), option, file])
  return done.stderr.toString().trim().replaceAll(`${scratch}/`, '')
}

function changed(name, change) {
  const file = join(scratch, name)
  writeFileSync(file, change(readFileSync(join(folder, name))))
  return file
}

describe('a file of another kernel is refused', () => {
  it('kallsyms of another boot', () =>
    expect(
      refusal(
        '--kallsyms',
        changed('kallsyms', (bytes) => bytes.toString().replaceAll('ffffffff9f', 'ffffffff81')),
      ),
    ).toBe(
      "ptarmigan: kallsyms has _text at ffffffff81000000, but the trace's kernel had it at ffffffff9f000000: this is another kernel, or another boot of it. Use the copy made when the trace was recorded.",
    ))
  it('kallsyms without addresses', () =>
    expect(
      refusal(
        '--kallsyms',
        changed('kallsyms', (bytes) => bytes.toString().replaceAll(/^[0-9a-f]{16}/gm, '0'.repeat(16))),
      ),
    ).toBe('ptarmigan: kallsyms has no addresses: all are zero, or it is empty. Copy /proc/kallsyms as root.'))
  it('vmlinux of another build', () => {
    const sentence = refusal(
      '--vmlinux',
      changed('vmlinux', (bytes) => {
        bytes[bytes.indexOf('GNU\0') + 4] ^= 0xff
        return bytes
      }),
    )
    expect(sentence).toMatch(
      /^ptarmigan: vmlinux has build-id [0-9a-f]{40}, but the trace ran [0-9a-f]{40}: this is another build\. Use the file from the traced machine\.$/,
    )
  })
})
