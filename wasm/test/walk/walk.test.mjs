// SPDX-License-Identifier: Apache-2.0
// Code that is in no user binary: what `ptarmigan script` prints of the walks of
// fixtures/walk is, line for line, what perf 6.1 printed where its instructions
// were the walk's (tools/make-walks.mjs). And files of another kernel are refused.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Bytes, PerfData, piped } from './perf-data.mjs'

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

it("the kernel goes by the file that was given of it, where that is asked for", () => {
  const named = (name, file) => script(name, '--itrace=i100i', '-F', 'ip,sym,dso', '--show-kernel-path', ...given[name]).includes(` do_syscall_64 (${join(folder, file)})\n`)
  expect(named('vmlinux', 'vmlinux')).toBe(true)
  expect(named('kcore', 'kcore')).toBe(true)
})

it('vmlinux beside kcore and kallsyms changes no name', () => {
  const [name, , instructions] = expected.map((line) => line.split(' ')).find(([walk]) => walk === 'kcore')
  expect(hashOf(script(name, ...FIELDS, ...given.kcore, '--vmlinux', join(folder, 'vmlinux')))).toBe(instructions)
})

it('a jitdump that was given is not asked for again', () => {
  const words = ['info', join(folder, 'jit.perf.data'), '--decode', '--symfs', join(folder, 'symfs'), '--jitdump', join(folder, 'jit-88.dump')]
  const text = execFileSync(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  expect(text).toMatch(/jitted code of process 88 +loaded/)
  expect(text).not.toContain('Not given')
})

it('of a jitdump that is not whole it is said where it ends', () => {
  const dump = join(scratch, 'jit-88.dump')
  writeFileSync(dump, readFileSync(join(folder, 'jit-88.dump')).subarray(0, -1))
  const text = execFileSync(process.execPath, [cli, 'info', join(folder, 'jit.perf.data'), '--symfs', join(folder, 'symfs'), '--jitdump', dump], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  expect(text).toMatch(/jitted code of process 88 .*The jitdump's record at byte \d+ does not end in the file, which has 350 bytes/)
})

it('a guest and its host are two threads, and each instruction is one of them', () => {
  const words = ['info', join(folder, 'guest.perf.data'), '--symfs', join(folder, 'symfs'), '--guest-code']
  const text = execFileSync(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  expect(text.split('\n').filter((line) => / 77\/78 /.test(line)).map((line) => line.trim().replace(/ +[\d,]+ branches.*/, ''))).toEqual([
    'CPU 0/KVM   77/78  1,796 instructions',
    '[guest/77]  77/78  1,129 instructions',
  ])
})

const CHAINS = ['--itrace=i100ig16', '-F', '+machine_pid,+vcpu', '--show-mmap-events', '--show-task-events', '--show-switch-events', '--ns']

// What perf 6.1 prints of what perf inject --guest-data joins (tools/make-joined-walks.mjs).
describe.each([
  ['guest', 'inside', '77', 2925, '0298f80bc40727896949a38619b886a2', 'fa4aa2efde2507bddf40f97587f4cef3', '0e2529f422bdc5f39d8bc375489835ff'],
  ['guest-kernel', 'inside', '77', 2952, '405c7e26cf70233b180e7129d8184b60', 'bdfabd1154ee4e24c05fdbff1122e58f', 'a09b178b7eb6fdb92cc5318b7cef1533'],
  ['guest', 'inside-clock', '77,-40000,1.25', 2925, '0298f80bc40727896949a38619b886a2', 'fa4aa2efde2507bddf40f97587f4cef3', 'e702b89cd10875b5cf3046560c15518e'],
  ['guest-kernel', 'inside-clock', '77,18446744073709511616,1.25', 2952, '405c7e26cf70233b180e7129d8184b60', 'bdfabd1154ee4e24c05fdbff1122e58f', 'ff9c2f97fafa7f8f3d1512acf0c95de5'],
])("%s and its guest's %s,%s", (name, guest, option, count, instructions, branches, chains) => {
  const kernel = ['--guestkallsyms', join(folder, 'kallsyms')]
  const judged = (trace, ...words) => {
    const text = script(trace, ...FIELDS, ...kernel, ...words)
    const others = [['--itrace=bcre', '-F', '+flags,+addr'], CHAINS].map((fields) => hashOf(script(trace, ...fields, ...kernel, ...words)))
    expect([text.trim().split('\n').length, hashOf(text), ...others]).toEqual([count, instructions, branches, chains])
  }
  it('given beside the host prints what perf does of them joined', () =>
    judged(`${name}-host`, '--guest-data', `${join(folder, `${guest}.perf.data`)},${option}`))
  if (guest === 'inside') it('joined prints what host and guest ran as perf does', () => judged(`${name}-joined`))
})

it.each([
  ['guest', 2925, '0298f80bc40727896949a38619b886a2'],
  ['guest-kernel', 2952, '405c7e26cf70233b180e7129d8184b60'],
])('%s: the files of a guest are found below the folder of its process', (name, count, instructions) => {
  const root = join(scratch, name)
  const put = (from, to) => cpSync(join(folder, from), join(root, to), { recursive: true })
  put('symfs/opt/ptarmigan/guest', 'host/opt/ptarmigan/guest')
  put('symfs/opt/ptarmigan/inside', 'mount/77/opt/ptarmigan/inside')
  for (const file of ['kallsyms', 'kcore']) put(file, `mount/77/proc/${file}`)
  const words = [join(folder, `${name}-host.perf.data`), '--symfs', join(root, 'host'), '--guestmount', join(root, 'mount')]
  const text = execFileSync(process.execPath, [cli, 'script', ...words, '--guest-data', `${join(folder, 'inside.perf.data')},77`, ...FIELDS], { maxBuffer: 1 << 28 }).toString()
  expect([text.trim().split('\n').length, hashOf(text)]).toEqual([count, instructions])
})

describe("a guest's file that is not", () => {
  const refused = (...words) => {
    const done = spawnSync(process.execPath, [cli, 'info', join(folder, 'guest-host.perf.data'), ...words])
    return [done.status, done.stderr.toString().trim().replaceAll(`${folder}/`, '').replaceAll(`${scratch}/`, '').split('\n')[0]]
  }
  it('of a process that runs one', () =>
    expect(refused('--guest-data', `${join(folder, 'inside.perf.data')},99`)).toEqual([
      1,
      'ptarmigan: guest-host.perf.data: inside.perf.data cannot be used as the guest\'s recording: No thread of process 99 runs a CPU of a virtual machine: they are known by names as "CPU 0/KVM" (qemu -name debug-threads=on). Processes with such threads: 77.',
    ]))
  it('a perf.data', () =>
    expect(refused('--guest-data', `${join(folder, 'kallsyms')},77`)).toEqual([
      1,
      "ptarmigan: guest-host.perf.data: kallsyms cannot be used as the guest's recording: This is a text file, not a perf.data: open the file that perf record wrote, not what perf script printed. It starts with \"ffffffff9f000000\".",
    ]))
  it('named in full', () =>
    expect(refused('--guest-data', join(folder, 'inside.perf.data'))).toEqual([
      2,
      'ptarmigan: --guest-data inside.perf.data: does not say which process runs the guest; it is FILE,PID[,OFFSET[,SCALE]].',
    ]))
  it('there to its end is used as far as it goes', () => {
    const whole = readFileSync(join(folder, 'inside.perf.data'))
    writeFileSync(join(scratch, 'cut.data'), whole.subarray(0, 1200))
    const words = ['--guest-data', `${join(scratch, 'cut.data')},77`]
    const text = script('guest-host', '--itrace=i1000i', '-F', 'comm,tid,machine_pid', '--show-task-events', ...words)
    expect(text.trim().split('\n').slice(3).map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      'VM: 77 inside 0 PERF_RECORD_COMM exec: inside:501/501',
      'VM: 77 inside 0 PERF_RECORD_FORK(501:502):(501:501)',
      'VM: 77 worker 0 PERF_RECORD_COMM: worker:501/502',
      'VM: 77 inside 501 PERF_RECORD_FORK(600:600):(501:501)',
      'VM: 77 other 600 PERF_RECORD_COMM exec: other:600/600',
      'VM: 77 worker 502',
      'VM: 77 worker 502',
    ])
    const told = execFileSync(process.execPath, [cli, 'info', join(folder, 'guest-host.perf.data'), ...words]).toString()
    expect(/Guest's recording.*|Warning +(In .*)/g.exec(told)?.[0].replaceAll(`${scratch}/`, '')).toBe(
      "Guest's recording     cut.data: 9 records of process 77's virtual machine (TSC offset 0, scale 1)",
    )
    expect(/Warning +(In .*)/.exec(told)?.[1]?.replaceAll(`${scratch}/`, '')).toBe(
      'In cut.data: The file ends 96 bytes early (792 of 888 bytes of data are there), so its end, and with it hostname, command line and build-ids, is missing; what is there is shown.',
    )
  })
})

describe.each([
  ['guest-kernel-host', ['--guest-data', `${join(folder, 'inside-clock.perf.data')},77,-40000,1.25`], [], 2952],
  ['guest-host', ['--guest-data', `${join(folder, 'inside.perf.data')},77`], ['--range', '10us,15us'], 977],
  ['guest-kernel-joined', [], ['--range', '10us,15us'], 987],
  ['guest-kernel-host', ['--guest-data', `${join(folder, 'inside-clock.perf.data')},77,-40000,1.25`], [], 2952, 'pipe'],
  ['guest-host', ['--guest-data', `${join(folder, 'inside.perf.data')},77`], ['--range', '10us,15us'], 977, 'pipe'],
  ['guest-kernel-joined', [], ['--range', '10us,15us'], 987, 'pipe'],
])('a bundle of %s %j %j', (name, guest, range, count, mode = 'file') => {
  const kernel = ['--guestkallsyms', join(folder, 'kallsyms')]
  const fields = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,dso,insn,machine_pid,vcpu', '--ns', ...(range.length > 0 ? ['--time', '0.000110,0.000115'] : [])]
  it(`written to a ${mode} has what the guest recorded`, () => {
    const file = join(scratch, `${name}.ptarmigan`)
    const host = join(scratch, `${name}.perf.data`)
    const whole = readFileSync(join(folder, `${name}.perf.data`))
    writeFileSync(host, mode === 'pipe' ? piped(whole) : whole)
    const run = (...words) => execFileSync(process.execPath, [cli, ...words], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    run('bundle', host, '--symfs', join(folder, 'symfs'), ...guest, ...kernel, ...range, '-o', file)
    const text = run('script', file, ...fields)
    expect(text.trim().split('\n').length).toBe(count)
    expect(text).toBe(script(name, ...fields, ...guest, ...kernel))
  })
})

describe('a host and a guest that ran other code at one path, told apart by no build-id', () => {
  const GUEST_CODE = 0x1020 // in the binary: before it is what the host ran, behind it what the guest did
  const change = (bytes, from, to) => {
    const text = Buffer.from(bytes).toString('latin1').replaceAll(from, to.padEnd(from.length, '\0'))
    return Buffer.from(text, 'latin1')
  }
  const fields = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,insn,machine_pid,vcpu', '--ns']
  const run = (...words) => execFileSync(process.execPath, [cli, ...words], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  it('are read each from its own, and out of a bundle too', () => {
    const root = join(scratch, 'one-path')
    // perf's list of build-ids is behind the data: there the binary gets another name.
    const host = readFileSync(join(folder, 'guest-host.perf.data'))
    const end = Number(host.readBigUInt64LE(40) + host.readBigUInt64LE(48))
    const put = (name, bytes) => {
      mkdirSync(join(root, dirname(name)), { recursive: true })
      writeFileSync(join(root, name), bytes)
      return join(root, name)
    }
    const trace = put('host.perf.data', Buffer.concat([host.subarray(0, end), change(host.subarray(end), 'ptarmigan/guest', 'ptarmigan/other')]))
    const inside = put('inside.perf.data', change(readFileSync(join(folder, 'inside.perf.data')), 'ptarmigan/inside', 'ptarmigan/guest'))
    const binary = readFileSync(join(folder, 'symfs/opt/ptarmigan/guest'))
    const bare = change(binary, 'GNU\0', 'gnu\0')
    put('symfs/opt/ptarmigan/guest', Buffer.from(bare).fill(0xcc, GUEST_CODE, GUEST_CODE + 32))
    put('mount/77/opt/ptarmigan/guest', Buffer.from(bare).fill(0xcc, 0x1000, GUEST_CODE))
    const options = ['--symfs', join(root, 'symfs'), '--guestmount', join(root, 'mount'), '--guest-data', `${inside},77`]
    const expected = script('guest-joined', ...fields)
    expect(run('script', trace, ...options, ...fields)).toBe(expected)
    run('bundle', trace, ...options, '-o', join(root, 'one.ptarmigan'))
    expect(run('script', join(root, 'one.ptarmigan'), ...fields)).toBe(expected)
  })
})

it('of a part without addresses, or of threads, a guest is not told', () => {
  const bundle = (...words) =>
    spawnSync(process.execPath, [cli, 'bundle', join(folder, 'guest-joined.perf.data'), '--symfs', join(folder, 'symfs'), '-o', join(scratch, 'less.ptarmigan'), ...words]).stderr.toString().trim()
  expect(bundle('--redact', 'addresses')).toBe(
    'ptarmigan: Addresses of what a virtual machine had mapped cannot be replaced: keep the addresses, or share the host’s trace without its guest’s recording.',
  )
  expect(bundle('--thread', '78')).toContain('What virtual machines recorded of themselves is not here: where they ran is a gap.')
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
    'CPU 0/KVM               77/78  1,796 instructions',
    'worker     501/502 (guest 77)    867 instructions',
    'other      600/600 (guest 77)    262 instructions',
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

describe("a guest's kernel is known by what its recording says of it", () => {
  const KERNEL = 0xffffffff9f000000n
  const ID = '592a27d8c42a9bc966af46dd8e65f6156ed7c152'
  /** What is said of a vmlinux at the right place: nothing when it is taken. */
  const said = (release, id) => {
    const data = new PerfData()
    data.records = new Bytes()
    data.features.delete(18)
    data.feature(4, (body) => body.string(release))
    if (id) data.buildIds([{ path: '[kernel.kallsyms]', id, kernel: true }])
    data.kernelMap('[kernel.kallsyms]_text', KERNEL, 0x1000000n, KERNEL)
    data.comm({ pid: 501 }, 'inside')
    writeFileSync(join(scratch, 'guest.data'), data.write())
    const options = ['--symfs', join(folder, 'symfs'), '--guest-data', `${join(scratch, 'guest.data')},77`, '--guestvmlinux', join(folder, 'vmlinux')]
    return spawnSync(process.execPath, [cli, 'info', join(folder, 'guest-kernel-host.perf.data'), ...options]).stderr.toString().trim().replaceAll(`${folder}/`, '')
  }
  it.each([
    ['6.18.0-walk', '', ''],
    ['6.18.0-walk', ID, ''],
    ['another', ID, ''],
    ['another', '', 'ptarmigan: vmlinux is Linux 6.18.0-walk, but the guest ran on another: this is another kernel. Use the vmlinux of the guest.'],
    ['6.18.0-walk', ID.replaceAll('5', '6'), `ptarmigan: vmlinux has build-id ${ID}, but the trace ran ${ID.replaceAll('5', '6')}: this is another build. Use the file from the traced machine.`],
  ])('%s, %s', (release, id, sentence) => expect(said(release, id)).toBe(sentence))
  it('also as perf inject joins it', () => {
    const bytes = readFileSync(join(folder, 'guest-kernel-joined.perf.data'))
    // The build-id that is in it: header, pid, id (24 bytes), name.
    const at = bytes.lastIndexOf('/opt/ptarmigan/guest') - 36
    bytes.writeUInt16LE(0x8004, at + 4)
    bytes.writeInt32LE(77, at + 8)
    bytes.fill(0, at + 36, at + 60)
    bytes.write('[kernel.kallsyms]', at + 36)
    writeFileSync(join(scratch, 'joined.data'), bytes)
    const words = ['info', join(scratch, 'joined.data'), '--symfs', join(folder, 'symfs'), '--guestvmlinux', join(folder, 'vmlinux')]
    expect(spawnSync(process.execPath, [cli, ...words]).stderr.toString()).toContain(`vmlinux has build-id ${ID}, but the trace ran b5fa2978652d1014e2b7045ffa6da94c3f4b4f32`)
  })
})
