// SPDX-License-Identifier: Apache-2.0
// Virtual machines that run kernels of their own, with modules: what `ptarmigan script`
// prints of the walks of fixtures/guests is, line for line, what perf 6.1 printed where
// its instructions were the walk's (tools/make-guest-walks.mjs).
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { piped } from './perf-data.mjs'

const folder = resolve(import.meta.dirname, '../fixtures/guests')
const walks = resolve(import.meta.dirname, '../fixtures/walk')
const cli = resolve(import.meta.dirname, '../../../src/cli/ptarmigan.mjs')
const FIELDS = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,sym,symoff,dso,insn,machine_pid,vcpu', '--ns']
const BRANCHES = ['--itrace=bcre', '-F', '+flags,+addr']
const CHAINS = ['--itrace=i100ig16', '-F', '+machine_pid,+vcpu', '--show-mmap-events', '--show-task-events', '--show-switch-events', '--ns']
const EVENTS = ['--itrace=ibxwpe', '-F', '+flags,+addr,+ipc']

let scratch = ''
let mount = []
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'guests-test-'))
  mkdirSync(join(scratch, 'mount/77/proc'), { recursive: true })
  for (const file of ['kallsyms', 'kcore', 'modules']) copyFileSync(join(walks, file), join(scratch, 'mount/77/proc', file))
  cpSync(join(folder, 'other-proc'), join(scratch, 'mount/87/proc'), { recursive: true })
  mount = ['--guestmount', join(scratch, 'mount')]
})
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => rmSync(scratch, { recursive: true }))

const run = (...words) => spawnSync(process.execPath, [cli, ...words], { maxBuffer: 1 << 28 })
const symfs = ['--symfs', join(walks, 'symfs')]
const script = (file, ...words) => run('script', file, ...symfs, ...words).stdout.toString()
const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 32)
const hashes = (name, ...words) => [FIELDS, BRANCHES, CHAINS, EVENTS].map((fields) => hashOf(script(join(folder, name), ...fields, ...words)))
const guests = () => ['--guest-data', `${join(folder, 'first.perf.data')},77`, '--guest-data', `${join(folder, 'other.perf.data')},87`, ...mount]

/** The perf.data in a bundle (src/share/container.ts). */
function traceIn(bundle) {
  const membersAt = 24 + bundle.readUInt32LE(12)
  const { at, stored, method } = JSON.parse(inflateSync(bundle.subarray(24, membersAt))).members.find(({ role }) => role === 'trace')
  const bytes = bundle.subarray(membersAt + at, membersAt + at + stored)
  return method === 'deflate' ? inflateSync(bytes) : bytes
}

/** A perf.data as perf record --threads has it: what the kernel told after the start is in data.0 and data.1. */
function writeDirectory(to, file) {
  const FINISHED_INIT = 82
  const DATA_SIZE_AT = 48
  const DIR_FORMAT = 24
  const start = Number(file.readBigUInt64LE(40))
  const end = start + Number(file.readBigUInt64LE(DATA_SIZE_AT))
  const parts = [[], [], []]
  let isTold = false
  for (let at = start, turn = 0; at < end; ) {
    const type = file.readUInt32LE(at)
    const next = at + file.readUInt16LE(at + 6)
    parts[isTold && type < 64 ? 1 + (turn++ & 1) : 0].push(file.subarray(at, next))
    isTold ||= type === FINISHED_INIT
    at = next
  }
  const own = Buffer.concat(parts[0])
  const header = Buffer.from(file.subarray(0, start))
  header.writeBigUInt64LE(BigInt(own.length), DATA_SIZE_AT)
  const bits = header.subarray(72, 104)
  const count = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  const table = Buffer.from(file.subarray(end, end + 16 * count))
  // The one more feature, of which nothing is known but that it is there, moves what the others say.
  for (let row = 0; row < table.length; row += 16) table.writeBigUInt64LE(table.readBigUInt64LE(row) + BigInt(own.length - (end - start) + 16), row)
  bits[DIR_FORMAT >> 3] |= 1 << (DIR_FORMAT & 7)
  const last = Buffer.alloc(16)
  const rest = file.subarray(end + 16 * count)
  last.writeBigUInt64LE(BigInt(start + own.length + table.length + 16 + rest.length), 0)
  last.writeBigUInt64LE(8n, 8)
  mkdirSync(to)
  writeFileSync(join(to, 'data'), Buffer.concat([header, own, table, last, rest, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])]))
  for (const nth of [1, 2]) writeFileSync(join(to, `data.${nth - 1}`), Buffer.concat(parts[nth]))
}

describe('two guests with kernels of their own, at the same addresses', () => {
  const perf = ['5a90221a5ffae9a7505e28fa001bdc8f', 'eed964da9470007f3b95e7dac6b9b738', 'e0a10c3298f5c5fc67e8e772d5b0c91f', 'e325cace59e6e6bfdc494982df17c3c9']
  it('joined to the host’s file by perf inject print what perf does', () => expect(hashes('two-joined.perf.data', ...mount)).toEqual(perf))
  it('given beside the host’s file print the same', () => expect(hashes('two-host.perf.data', ...guests())).toEqual(perf))
  it('may have recorded a directory', () => {
    const recorded = join(scratch, 'first.data')
    writeDirectory(recorded, readFileSync(join(folder, 'first.perf.data')))
    const words = guests().map((word) => word.replace(join(folder, 'first.perf.data'), recorded))
    expect(hashes('two-host.perf.data', ...words)).toEqual(perf)
  })
  it('are two lists of threads, functions and images', () => {
    const text = run('info', join(folder, 'two-host.perf.data'), ...symfs, ...guests()).stdout.toString()
    const rows = text.split('\n').filter((line) => / [\d,]+ instructions/.test(line) && /\d\/\d|\/opt|\[guest/.test(line))
    expect(rows.map((line) => line.trim().replace(/ +[\d,]+ branches.*/, '').replaceAll(/ +/g, ' '))).toEqual([
      'CPU 0/KVM 77/78 924 instructions',
      'CPU 0/KVM 87/88 921 instructions',
      'alpha 501/501 (guest 77) 471 instructions',
      'beta 600/600 (guest 77) 178 instructions',
      'gamma 501/501 (guest 87) 453 instructions',
      'delta 600/600 (guest 87) 206 instructions',
      '/opt/ptarmigan/guest loaded 1,845 instructions',
      '[guest.kernel.kallsyms.77] loaded 649 instructions',
      '[guest.kernel.kallsyms.87] loaded 659 instructions',
    ])
  })
  it('a kernel that fits both is nobody’s until it is said whose', () => {
    const told = run('info', join(folder, 'two-joined.perf.data'), ...symfs, '--guestkallsyms', join(scratch, 'mount/77/proc/kallsyms')).stderr.toString()
    const fits = (file) =>
      `ptarmigan: mount/77/proc/${file} fits the kernels of two guests (of processes 77 and 87): say whose it is by its place in a folder, as DIR/77/proc/${file} (drop DIR, or ptarmigan --guestmount DIR).`
    expect(told.replaceAll(`${scratch}/`, '').trim().split('\n')).toEqual([fits('kallsyms'), fits('kcore')])
  })
  it.each(['file', 'pipe'])('go into a bundle of a %s, and come out of it', (mode) => {
    const file = join(scratch, `${mode}.ptarmigan`)
    const whole = readFileSync(join(folder, 'two-host.perf.data'))
    const host = join(scratch, `${mode}.perf.data`)
    writeFileSync(host, mode === 'pipe' ? piped(whole) : whole)
    run('bundle', host, ...symfs, ...guests(), '-o', file)
    // For perf, too: it prints the same of the perf.data that is in it (cat FILE | perf script -i -, where it is of a pipe).
    writeFileSync(join(scratch, `${mode}-cut.perf.data`), traceIn(readFileSync(file)))
    expect([FIELDS, BRANCHES, CHAINS, EVENTS].map((fields) => hashOf(script(join(scratch, `${mode}-cut.perf.data`), ...fields, ...mount)))).toEqual(perf)
    const fields = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,dso,insn,machine_pid,vcpu', '--ns']
    const text = run('script', file, ...fields).stdout.toString()
    expect(text.trim().split('\n').length).toBe(3153)
    expect(text).toBe(script(join(folder, 'two-host.perf.data'), ...fields, ...guests()))
  })
})

it('a module of a guest that perf kvm tells of is the guest’s', () => {
  const words = ['--guestkallsyms', join(scratch, 'mount/77/proc/kallsyms'), '--guestmodules', join(scratch, 'nowhere')]
  expect(hashes('kvm.perf.data', ...words)).toEqual(['157a781a83684c3240a3284c1a526e72', '4d0e871984e74f49985513f2e2327e46', '7d9fa4612559b74c589c262ab360f38a', '23ab004941695c033e1f7e183fa4a80d'])
})

describe('a guest that patches its kernel', () => {
  // perf 6.1 takes no notice of it (docs/why-different.md): the walk is the judge.
  it('runs the code that there was, and no other', () => {
    const words = ['--itrace=i0nse', '-F', 'ip', '--guest-data', `${join(folder, 'poked.perf.data')},77`, ...mount]
    const text = script(join(folder, 'poked-host.perf.data'), ...words).replaceAll(' ', '')
    expect([text.trim().split('\n').length, hashOf(text)]).toEqual([789, 'a153a4daf31fd33bf40d18c1f2f33d4f'])
  })
  it('has names for code that it copied, and the host has not', () => {
    const text = script(join(folder, 'poked-host.perf.data'), '--itrace=c', '-F', 'ip,sym,addr,dso', '--guest-data', `${join(folder, 'poked.perf.data')},77`, ...mount)
    const calls = text.split('\n').filter((line) => line.includes('ffffffffc0500000'))
    expect([...new Set(calls.map((line) => line.trim().replaceAll(/ +/g, ' ')))]).toEqual([
      'ffffffff9f00005e do_syscall_64 ([guest.kernel.kallsyms.77]) => ffffffffc0500000 copied_code (copied_code)',
    ])
  })
})

it('an error in a guest says of which', () => {
  const text = script(join(walks, 'guest-kernel-joined.perf.data'), '--itrace=be', '-F', 'ip')
  // The first two of perf 6.1.
  expect(text.split('\n').filter((line) => line.includes('error')).slice(0, 2)).toEqual([
    ' instruction trace error type 1 time 0.000100026 machine_pid 77 vcpu 0 cpu 0 pid 501 tid 502 ip 0xffffffff9f000059 code 5: Failed to get instruction',
    ' instruction trace error type 1 time 0.000100060 machine_pid 77 vcpu 0 cpu 0 pid 501 tid 502 ip 0xffffffff9f00005e code 5: Failed to get instruction',
  ])
})

describe('a guest whose kernel is missing', () => {
  const fields = ['--itrace=i0ns', '-F', 'tid,ip,insn,machine_pid']
  it('runs nothing that it did not run: what is printed is a part of the walk, in its order', () => {
    const read = (...words) => script(join(folder, 'two-joined.perf.data'), ...fields, ...words).trim().split('\n')
    const whole = read(...mount)
    const part = read()
    let at = 0
    for (const line of part) at = whole.indexOf(line, at) + 1 || Infinity
    expect([whole.length, part.length, at <= whole.length]).toEqual([3153, 1385, true])
  })
  it('is said, with the remedy', () => {
    const text = run('info', join(folder, 'two-joined.perf.data'), ...symfs).stdout.toString()
    const remedy = "Add the guest's kallsyms with a copy of its kcore (perf record --kcore in the guest keeps both), or its vmlinux."
    expect(text).toContain(`Missing: decoding stopped 168 times for want of it. ${remedy}`)
    expect(text).toContain(`first: The code of [guest.kernel.kallsyms.77] is missing at 0xffffffff9f000059. ${remedy}`)
  })
})
