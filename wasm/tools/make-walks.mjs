// SPDX-License-Identifier: Apache-2.0
// Makes wasm/test/fixtures/walk: traces of code that is in no user binary (a
// kernel, its modules, patched and generated code), with what perf 6.1 prints of
// them as hashes. Needs gcc, binutils and perf; run it when the walks change.
// The hashes are written only where perf's instructions are the truth's.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Bytes, PerfData } from '../test/walk/perf-data.mjs'
import { walk } from '../test/walk/walk.mjs'
import { buildKernel, hashOf, MODULE, toolsIn, writeProc } from './made-kernel.mjs'

const programs = resolve(import.meta.dirname, '../test/walk/programs')
const out = resolve(import.meta.dirname, '../test/fixtures/walk')
const scratch = mkdtempSync(join(tmpdir(), 'walk-'))
const tools = toolsIn(scratch)
const { run, section, symbolsOf, buildId } = tools
const STEPS = 3000
const BPF = 0xffffffffc0400000n
const JIT = 0x7f0000000000n

const kernel = buildKernel(tools, programs)
const { module, at } = kernel
run('gcc', '-c', join(programs, 'user.S'), '-o', 'user.o')
run('ld', '--build-id=sha1', '-o', 'user', 'user.o')
const user = { symbols: symbolsOf('user'), text: section('user', '.text') }

// What the kernel makes while it runs: a jump label, switched on and off again, and an eBPF program.
const NOP = [0x0f, 0x1f, 0x44, 0x00, 0x00]
const JUMP = [0xe9, 0x05, 0x00, 0x00, 0x00]
const pokes = [
  { step: 1000, before: NOP, bytes: JUMP },
  { step: 2000, before: JUMP, bytes: NOP },
]
const bpf = [...NOP, 0x85, 0xc0, 0x74, 0x01, 0x90, 0xc3]

function startTrace() {
  const data = new PerfData()
  data.feature(3, (body) => body.string('example'))
  data.feature(4, (body) => body.string('6.18.0-walk'))
  data.feature(6, (body) => body.string('x86_64'))
  return data
}

/** The BPF_PROG_INFO feature with one program of one function. */
function bpfInfo(body) {
  const info = Buffer.alloc(224)
  info.writeUInt32LE(1, 0)
  info.writeUInt32LE(7, 4)
  info.write('0123456789abcdef', 8, 'hex')
  info.writeUInt32LE(bpf.length, 16)
  info.writeUInt32LE(1, 104)
  info.writeUInt32LE(1, 108)
  info.writeBigUInt64LE(16n, 112)
  info.writeBigUInt64LE(24n, 120)
  const data = Buffer.alloc(32)
  Buffer.from(bpf).copy(data)
  data.writeBigUInt64LE(BPF, 16)
  data.writeUInt32LE(bpf.length, 24)
  body
    .u32(1, info.length, data.length)
    .u64(1 | (1 << 3) | (1 << 4))
    .raw(info)
    .raw(data)
}

function makeKernel(name, { withModule = false, withPokes = false, withBpf = false }) {
  const code = [{ start: user.text.start, bytes: user.text.bytes }, kernel.text, kernel.init]
  const indirect = [at('sys_a'), at('weak_alias'), at('unsized_label')]
  if (withModule) indirect.push(MODULE, at('sys_init'))
  if (withModule) code.push(module.text)
  if (withBpf) indirect.push(BPF)
  if (withBpf) code.push({ start: BPF, bytes: bpf })
  if (withPokes) for (const { step, bytes } of pokes) code.push({ start: at('static_key'), bytes, from: step })
  const kernelEntry = { syscall: at('entry_SYSCALL_64'), interrupt: at('asm_interrupt') }
  const walked = walk({ code, entry: user.text.start, steps: STEPS, kernelEntry, indirect, interrupts: [100, 555, 2001], firstTsc: 100000 })
  const data = startTrace()
  const pid = 77
  data.kernelMap('[kernel.kallsyms]_text', kernel.text.start, 0x1000000n, kernel.text.start)
  if (withModule) data.kernelMap('/lib/modules/6.18.0-walk/kernel/demo/demo.ko', MODULE, 0x2000n)
  if (withBpf) data.ksymbol({ time: 0 }, { address: BPF, length: bpf.length, name: 'bpf_prog_0123456789abcdef_walk' })
  if (withBpf) data.bpfEvent({ time: 0 }, { id: 7, tag: Buffer.from('0123456789abcdef', 'hex') })
  data.comm({ time: 1000, pid }, 'walker')
  data.map({ time: 1001, pid }, '/opt/ptarmigan/user', user.text.start, 0x1000n, 0x1000n)
  data.itraceStart({ time: 1002, pid })
  data.switchTo({ time: 1003, pid }, 0)
  if (withPokes)
    for (const { step, before, bytes } of pokes) data.textPoke({ time: walked.tscOf(step) - 1, pid }, at('static_key'), before, bytes)
  data.last = walked.tscOf(STEPS)
  data.auxtrace(walked.packets)
  data.buildIds([
    { path: '[kernel.kallsyms]', id: buildId('vmlinux'), kernel: true },
    { path: '/opt/ptarmigan/user', id: buildId('user') },
  ])
  if (withBpf) data.feature(25, bpfInfo)
  return { name, data, walked }
}

/** Code of a runtime: one function is made again where another was. */
function makeJit() {
  const main = [0xff, 0xd0, 0xeb, 0xfc]
  const first = [0x85, 0xc0, 0x74, 0x01, 0x90, 0xc3]
  const again = [0x90, 0xff, 0xc0, 0x74, 0xfb, 0xc3]
  const caller = Buffer.from([0xff, 0xc0, 0x75, 0xfc, 0xe8, 0, 0, 0, 0, 0xc3])
  caller.writeInt32LE(0x100 - 0x209, 5)
  const pid = 88
  const code = [
    { start: JIT, bytes: main },
    { start: JIT + 0x100n, bytes: first },
    { start: JIT + 0x200n, bytes: caller },
    { start: JIT + 0x100n, bytes: again, from: 1500 },
  ]
  const walked = walk({ code, entry: JIT, steps: STEPS, kernelEntry: {}, indirect: [JIT + 0x100n, JIT + 0x200n], firstTsc: 100000 })
  const data = startTrace()
  data.comm({ time: 1000, pid }, 'jit')
  data.map({ time: 1001, pid }, '//anon', JIT, 0x10000n)
  data.map({ time: 1002, pid }, '/tmp/jit-88.dump', JIT + 0x100000n, 0x1000n)
  data.itraceStart({ time: 1003, pid })
  data.switchTo({ time: 1004, pid }, 0)
  data.last = walked.tscOf(STEPS)
  data.auxtrace(walked.packets)
  const dump = new Bytes().u32(0x4a695444, 1, 40, 62, 0, pid).u64(0, 1)
  const record = (id, time, write) => {
    const body = new Bytes()
    write(body)
    dump
      .u32(id, 16 + body.length)
      .u64(time)
      .raw(body.buffer)
  }
  const load = (time, address, bytes, index, name) =>
    record(0, time, (body) =>
      body
        .u32(pid, pid)
        .u64(address, address, bytes.length, index)
        .raw(Buffer.from(`${name}\0`))
        .raw(bytes),
    )
  load(1010, JIT, main, 0, 'main_loop')
  load(1011, JIT + 0x100n, first, 1, '_ZN3foo3barEv')
  load(1012, JIT + 0x200n, caller, 2, 'two words')
  load(walked.tscOf(1500) - 1, JIT + 0x100n, again, 3, 'made_again')
  record(3, walked.tscOf(STEPS), () => undefined)
  writeFileSync(join(out, 'jit-88.dump'), dump.buffer)
  return { name: 'jit', data, walked }
}

/** Sideband of a process that runs a virtual machine. */
function runMachine(data, walked, text) {
  const at = { pid: 77, tid: 78 }
  data.comm({ time: 1000, pid: 77 }, 'hypervisor')
  data.map({ time: 1001, pid: 77 }, '/opt/ptarmigan/guest', text.start, 0x1000n, 0x1000n)
  data.fork({ time: 1002, pid: 77 }, at)
  data.comm({ time: 1003, ...at }, 'CPU 0/KVM')
  data.itraceStart({ time: 1004, ...at })
  data.switchTo({ time: 1005, ...at }, 0)
  data.last = walked.tscOf(STEPS)
  data.auxtrace(walked.packets)
  data.buildIds([{ path: '/opt/ptarmigan/guest', id: buildId('guest') }])
}

/** One whose code is its own (perf script --guest-code), or one that runs a kernel. */
function makeGuest(name, isKernel) {
  run('gcc', '-c', join(programs, 'guest.S'), '-o', 'guest.o')
  run('ld', '--build-id=sha1', '-o', 'guest', 'guest.o')
  copyFileSync(join(scratch, 'guest'), join(out, 'symfs/opt/ptarmigan/guest'))
  const symbols = symbolsOf('guest')
  const text = section('guest', '.text')
  const machine = {
    entry: isKernel ? at('do_syscall_64') : symbols.get('guest_code').address,
    exit: symbols.get('vmexit').address,
    exits: Array.from({ length: STEPS / 21 }, (_, at) => at * 21),
    indirect: isKernel ? [at('sys_a'), at('weak_alias'), at('unsized_label')] : [],
  }
  const psbs = [2, 6, 7, 20, 21, 300, 1000, 1001, 2000]
  const code = isKernel ? [text, kernel.text] : [text]
  const walked = walk({ code, entry: text.start, steps: STEPS, kernelEntry: {}, indirect: [], firstTsc: 100000, machine, psbs })
  const data = startTrace()
  if (isKernel) data.guestKernelMap(kernel.text.start, 0x1000000n)
  runMachine(data, walked, text)
  return { name, data, walked }
}

const FIELDS = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,sym,symoff,dso,insn', '--ns']
const BRANCHES = ['--itrace=b', '-F', 'tid,time,ip,sym,symoff,dso,addr,flags', '--ns']

/** perf's lines of a walk, after checking that its instructions are those walked. */
function judge({ name, walked }, options) {
  const perf = (...words) => run('perf', 'script', '-i', join(scratch, `${name}.perf.data`), ...words, ...options).toString()
  const ips = perf('--itrace=i0ns', '-F', 'ip').trim().split(/\s+/)
  if (ips.join() !== walked.truth.join()) throw new Error(`${name}: perf's instructions are not the truth's`)
  return `${name} ${walked.truth.length} ${hashOf(perf(...FIELDS))} ${hashOf(perf(...BRANCHES))}`
}

rmSync(out, { recursive: true, force: true })
mkdirSync(join(out, 'symfs/opt/ptarmigan'), { recursive: true })
copyFileSync(join(scratch, 'user'), join(out, 'symfs/opt/ptarmigan/user'))
writeProc(out, kernel)
copyFileSync(join(scratch, 'vmlinux'), join(out, 'vmlinux'))
const walks = [
  makeKernel('vmlinux', {}),
  makeKernel('kcore', { withModule: true }),
  makeKernel('poke', { withModule: true, withPokes: true }),
  makeKernel('bpf', { withModule: true, withBpf: true }),
  makeJit(),
  makeGuest('guest', false),
  makeGuest('guest-kernel', true),
]
for (const { name, data } of walks) {
  writeFileSync(join(out, `${name}.perf.data`), data.write())
  copyFileSync(join(out, `${name}.perf.data`), join(scratch, `${name}.perf.data`))
}
// perf looks for vmlinux and kallsyms below the symfs too.
const symfs = join(scratch, 'symfs')
run('cp', '-r', join(out, 'symfs'), symfs)
for (const file of ['vmlinux', 'kcore', 'kallsyms', 'modules']) copyFileSync(join(out, file), join(symfs, file))
copyFileSync(join(out, 'jit-88.dump'), '/tmp/jit-88.dump')
run('perf', 'inject', '--jit', '-i', 'jit.perf.data', '-o', 'injected.data')
run('mv', 'injected.data', 'jit.perf.data')
const lines = walks.map((one) => {
  if (one.name === 'guest') return judge(one, ['--symfs', symfs, '--guest-code'])
  if (one.name === 'guest-kernel') return judge(one, ['--symfs', symfs, '--guestkallsyms', join(symfs, 'kallsyms')])
  const given = one.name === 'jit' ? [] : one.name === 'vmlinux' ? ['--vmlinux', 'vmlinux'] : ['--kallsyms', join(symfs, 'kallsyms')]
  return judge(one, one.name === 'jit' ? [] : ['--symfs', symfs, ...given])
})
writeFileSync(join(out, 'expected.txt'), `${lines.join('\n')}\n`)
rmSync('/tmp/jit-88.dump')
rmSync(scratch, { recursive: true })
console.log(lines.join('\n'))
