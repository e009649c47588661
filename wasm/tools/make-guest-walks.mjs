// SPDX-License-Identifier: Apache-2.0
// Makes wasm/test/fixtures/guests: walks through virtual machines that run kernels of
// their own, with modules, and the files that the guests recorded meanwhile. Prints the
// hashes of what perf 6.1 says of them, for guests.test.mjs; writes nothing where perf's
// instructions are not those walked. Needs gcc, binutils and perf, and make-walks.mjs run before.
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Bytes, PerfData } from '../test/walk/perf-data.mjs'
import { walk } from '../test/walk/walk.mjs'
import { buildKernel, hashOf, madeUp, MODULE, toolsIn, writeProc } from './made-kernel.mjs'

const programs = resolve(import.meta.dirname, '../test/walk/programs')
const walks = resolve(import.meta.dirname, '../test/fixtures/walk')
const out = resolve(import.meta.dirname, '../test/fixtures/guests')
const scratch = mkdtempSync(join(tmpdir(), 'guest-walks-'))
const tools = toolsIn(scratch)
const { run } = tools
const STEPS = 800
const COPIED = 0xffffffffc0500000n // code that the kernel copies and patches (a kprobe's, an optimized branch's)
const NOP = [0x0f, 0x1f, 0x44, 0x00, 0x00]
const JUMP = [0xe9, 0x05, 0x00, 0x00, 0x00]
const KERNEL_BYTES = 0x1000000n

/** Another kernel, at the addresses of the first: other code, other names. */
function otherSources() {
  const folder = join(scratch, 'other')
  mkdirSync(folder)
  for (const name of ['kernel.S', 'module.S']) {
    const text = readFileSync(join(programs, name), 'utf8')
    const changed = text
      .replaceAll(/\bhelper\b/g, 'other_helper')
      .replaceAll(/\bsys_a\b/g, 'sys_b')
      .replace('inc %eax', 'nop\n\tnop\n\tdec %eax')
      .replace('mov $3, %ecx', 'mov $2, %ecx\n\tnop')
      .replaceAll('demo_fast', 'demo_slow')
      .replace('push %rbx', 'nop\n\tpush %rbx')
    writeFileSync(join(folder, name), changed)
  }
  return folder
}

const first = buildKernel(tools, programs)
const other = buildKernel(tools, otherSources(), { vmlinux: 'vmlinux-other', module: 'module-other.elf', linkedBy: programs })
copyFileSync(join(walks, 'symfs/opt/ptarmigan/guest'), join(scratch, 'guest'))
const host = { symbols: tools.symbolsOf('guest'), text: tools.section('guest', '.text') }

function walkGuest(kernel, { seed, firstTsc, changes = [], copied }) {
  const { text, init, module, at } = kernel
  const code = [host.text, text, init, module.text, ...changes.map(({ step, bytes }) => ({ start: at('static_key'), bytes, from: step })), ...(copied ? [copied] : [])]
  const machine = {
    entry: at('do_syscall_64'),
    exit: host.symbols.get('vmexit').address,
    exits: Array.from({ length: STEPS / 21 }, (_, nth) => nth * 21),
    indirect: [at(kernel === first ? 'sys_a' : 'sys_b'), at('weak_alias'), at('unsized_label'), MODULE, at('sys_init'), ...(copied ? [copied.start] : [])],
  }
  return walk({ code, entry: host.text.start, steps: STEPS, kernelEntry: {}, indirect: [], seed, firstTsc, machine, psbs: [0, 2, 6, 7, 20, 21, 300, 600, 601] })
}

function describeHost(data) {
  data.feature(3, (body) => body.string('example'))
  data.feature(4, (body) => body.string('6.18.0-walk'))
  data.feature(6, (body) => body.string('x86_64'))
  return data
}
const idIndex = (data) => data.record(69, 0, (body) => body.u64(2).u64(1, 0, 0, -1).u64(2, 0, 0, -1))
const finishedInit = (data) => data.record(82, 0, () => undefined)

/** The host's file: processes that run a virtual machine each, and take turns on the CPU. */
function hostFile(walked, turns, maps = () => undefined) {
  const data = describeHost(new PerfData())
  idIndex(data)
  maps(data)
  for (const pid of new Set(turns.map(({ pid }) => pid))) {
    const thread = { pid, tid: pid + 1 }
    data.comm({ pid }, `hypervisor${pid}`)
    data.map({ pid }, '/opt/ptarmigan/guest', host.text.start, 0x1000n, 0x1000n)
    data.fork({ time: 0, pid }, thread)
    data.comm(thread, 'CPU 0/KVM')
  }
  finishedInit(data)
  data.itraceStart({ time: 1004, pid: turns[0].pid, tid: turns[0].pid + 1 })
  for (const { time, pid } of turns) data.switchTo({ time, pid, tid: pid + 1 }, 0)
  data.last = walked.at(-1).tscOf(STEPS)
  data.auxtrace(Buffer.concat(walked.map(({ packets }) => packets)))
  data.buildIds([{ path: '/opt/ptarmigan/guest', id: tools.buildId('guest') }])
  return madeUp(data.write())
}

/** What a guest records of itself; `events`: { time, write(data, at) }. */
function guestFile(kernel, [one, two], events) {
  const data = new PerfData()
  data.records = new Bytes()
  data.features.delete(18)
  describeHost(data)
  idIndex(data)
  data.kernelMap('[kernel.kallsyms]_text', kernel.text.start, KERNEL_BYTES, kernel.text.start)
  data.kernelMap('/lib/modules/6.18.0-walk/kernel/demo/demo.ko', MODULE, 0x2000n)
  data.comm({ pid: 501 }, one)
  data.comm({ pid: 600 }, two)
  finishedInit(data)
  for (const { time, write } of events.toSorted((a, b) => a.time - b.time)) write(data, time)
  data.record(68, 0, () => undefined)
  return madeUp(data.write())
}
const comes = (time, pid) => ({ time, write: (data) => data.switchTo({ time, pid }, 0) })
const poke = (time, address, before, after) => ({ time, write: (data) => data.textPoke({ time, pid: 501 }, address, before, after) })
const symbol = (time, address, type, name) => ({ time, write: (data) => data.ksymbol({ time, pid: 0 }, { address, length: 16, type, name }) })

const put = (name, bytes) => {
  writeFileSync(join(out, name), bytes)
  copyFileSync(join(out, name), join(scratch, name))
}
const perf = (name, ...words) => run('perf', 'script', '-i', name, '--symfs', 'symfs', ...words).toString()
const FIELDS = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,sym,symoff,dso,insn,machine_pid,vcpu', '--ns']
const BRANCHES = ['--itrace=bcre', '-F', '+flags,+addr']
const CHAINS = ['--itrace=i100ig16', '-F', '+machine_pid,+vcpu', '--show-mmap-events', '--show-task-events', '--show-switch-events', '--ns']
const EVENTS = ['--itrace=ibxwpe', '-F', '+flags,+addr,+ipc']

function judge(name, walked, ...options) {
  const ips = perf(name, '--itrace=i0ns', '-F', 'ip', ...options)
  if (walked && ips.trim().split(/\s+/).join() !== walked.flatMap(({ truth }) => truth).join()) throw new Error(`${name}: perf's instructions are not the truth's`)
  console.log(name, [FIELDS, BRANCHES, CHAINS, EVENTS].map((fields) => hashOf(perf(name, ...fields, ...options))).join(' '))
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
cpSync(join(walks, 'symfs'), join(scratch, 'symfs'), { recursive: true })
writeProc(join(scratch, 'mount/77/proc'), first)
writeProc(join(out, 'other-proc'), other)
cpSync(join(out, 'other-proc'), join(scratch, 'mount/87/proc'), { recursive: true })
const mount = ['--guestmount', 'mount']

// Two guests on one CPU, with other kernels at the same addresses.
const two = [
  walkGuest(first, { seed: 1, firstTsc: 100_000 }),
  walkGuest(other, { seed: 2, firstTsc: 120_000 }),
  walkGuest(first, { seed: 3, firstTsc: 140_000 }),
  walkGuest(other, { seed: 4, firstTsc: 160_000 }),
]
put('two-host.perf.data', hostFile(two, [{ time: 1005, pid: 77 }, { time: 119_000, pid: 87 }, { time: 139_000, pid: 77 }, { time: 159_000, pid: 87 }]))
put('first.perf.data', guestFile(first, ['alpha', 'beta'], [comes(40_006, 501), comes(104_000, 600), comes(141_000, 501)]))
put('other.perf.data', guestFile(other, ['gamma', 'delta'], [comes(40_006, 501), comes(125_000, 600), comes(161_000, 501)]))
const inject = (from, data, into) => run('perf', 'inject', '-i', from, ...mount, `--guest-data=${data}`, '-o', into)
inject('two-host.perf.data', 'first.perf.data,77', 'one.data')
inject('one.data', 'other.perf.data,87', 'two-joined.perf.data')
copyFileSync(join(scratch, 'two-joined.perf.data'), join(out, 'two-joined.perf.data'))
chmodSync(join(out, 'two-joined.perf.data'), 0o644)
judge('two-joined.perf.data', two, ...mount)

// A guest whose module perf kvm --guest record tells of.
const alone = [walkGuest(first, { seed: 5, firstTsc: 100_000 })]
const guestMap = (data, name, start, length, reference) => data.record(1, 4, (body) => body.u32(0, 0).u64(start, length, reference).text(name).u32(0, 0).u64(0).u32(0, 0).u64(1))
const kvmMaps = (data) => {
  guestMap(data, '[guest.kernel.kallsyms]_text', first.text.start, KERNEL_BYTES, first.text.start)
  guestMap(data, '[demo]', MODULE, 0x2000n, 0n)
}
put('kvm.perf.data', hostFile(alone, [{ time: 1005, pid: 77 }], kvmMaps))
judge('kvm.perf.data', alone, '--guestkallsyms', 'mount/77/proc/kallsyms', '--guestmodules', 'nowhere')

// A guest that patches its kernel, and runs code that it copied. perf 6.1 passes over the patches: the walk is the judge.
const changes = [
  { step: 300, before: NOP, bytes: JUMP },
  { step: 600, before: JUMP, bytes: NOP },
]
const copied = { start: COPIED, bytes: [0x90, 0xff, 0xc0, 0xc3] }
const poked = walkGuest(first, { seed: 6, firstTsc: 100_000, changes, copied })
put('poked-host.perf.data', hostFile([poked], [{ time: 1005, pid: 77 }]))
put(
  'poked.perf.data',
  guestFile(first, ['alpha', 'beta'], [
    comes(40_006, 501),
    symbol(50_000, COPIED, 2, 'copied_code'),
    poke(50_001, COPIED, [], copied.bytes),
    symbol(50_002, COPIED + 0x1000n, 1, 'bpf_prog_0123456789abcdef_walk'),
    ...changes.map(({ step, before, bytes }) => poke(poked.tscOf(step) - 1, first.at('static_key'), before, bytes)),
  ]),
)
console.log('poked', poked.truth.length, hashOf(`${poked.truth.join('\n')}\n`))
rmSync(scratch, { recursive: true })
