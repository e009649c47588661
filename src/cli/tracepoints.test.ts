// SPDX-License-Identifier: Apache-2.0
// What tracepoints say, by the format files in a perf.data's tracing data. Written
// here; where perf is installed it is asked.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Writer } from '../share/little-endian'
import { opened } from './bundles-for-tests'
import { comm, perfData, PID, Sample, sample } from './perf-data-for-tests'
import { hasPerf } from './perf-for-tests'
import { scriptText } from './script-for-tests'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const FEATURE_TRACING_DATA = 1
const TEXT_AT = 0xffff_ffff_8281_bb1en
const headerPage = '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n'
const common = ['unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;', 'int common_pid;\toffset:4;\tsize:4;\tsigned:1;']

function format(name: string, id: number, fields: readonly string[], print: string): Uint8Array {
  const lines = (of: readonly string[]) => of.map((field) => `\tfield:${field}\n`).join('')
  return new TextEncoder().encode(`name: ${name}\nID: ${id}\nformat:\n${lines(common)}\n${lines(fields)}\nprint fmt: ${print}\n`)
}

function tracingData(systems: Readonly<Record<string, readonly Uint8Array[]>>): Uint8Array {
  const file = (out: Writer, bytes: Uint8Array) => out.u64(bytes.length).put(bytes)
  const out = new Writer().put(Uint8Array.of(0x17, 8, 0x44)).text('tracing0.6').put(Uint8Array.of(0, 8)).u32(4096)
  file(out.text('header_page'), new TextEncoder().encode(headerPage))
  file(out.text('header_event'), new TextEncoder().encode('# compressed entry header\n'))
  out.u32(0).u32(Object.keys(systems).length)
  for (const [system, formats] of Object.entries(systems)) {
    out.text(system).u32(formats.length)
    for (const bytes of formats) file(out, bytes)
  }
  const texts = new TextEncoder().encode(`0x${TEXT_AT.toString(16)} : "Start tick"\n`)
  return out.u32(0).u32(texts.length).put(texts).u64(0).take()
}

const states = '{ 0x1, "S" }, { 0x2, "D" }, { 0x20, "Z" }'
const switched = format(
  'sched_switch',
  11,
  ['char prev_comm[8];\toffset:8;\tsize:8;\tsigned:0;', 'long prev_state;\toffset:16;\tsize:8;\tsigned:1;', 'int prio;\toffset:24;\tsize:4;\tsigned:1;'],
  `"comm=%s state=%s%s prio=%03d", REC->prev_comm, (REC->prev_state & ((((0x0 | 0x1 | 0x20) + 1) << 1) - 1)) ? __print_flags(REC->prev_state & 0x3f, "|", ${states}) : "R", REC->prev_state & 0x100 ? "+" : "", REC->prio`,
)
const entered = format(
  'sys_enter',
  22,
  ['long id;\toffset:8;\tsize:8;\tsigned:1;', 'unsigned long args[3];\toffset:16;\tsize:24;\tsigned:0;'],
  '"NR %ld (%lx, %lx, %#lx)", REC->id, REC->args[0], REC->args[1], ((unsigned long)(REC->args[2]))',
)
const handled = format(
  'irq_handler',
  33,
  ['u32 vec;\toffset:8;\tsize:4;\tsigned:0;', '__data_loc char[] name;\toffset:12;\tsize:4;\tsigned:0;', 'const char * s;\toffset:16;\tsize:8;\tsigned:0;', 'u8 ip[4];\toffset:24;\tsize:4;\tsigned:0;'],
  '"vec=%u [%s] name=%-6s| %s %pI4 %p %d%% flags=%s", REC->vec, __print_symbolic(REC->vec, { 1, "TIMER" }, { 9, "RCU" }), __get_str(name), REC->s, REC->ip, REC->s, (int)-1, __print_flags(REC->vec & (0x10 | 0x20), "|", { 0x10, "M" }, { 0x20, "D" })',
)
const failed = format('stats', 44, ['u32 wait;\toffset:8;\tsize:4;\tsigned:0;', 'char who[4];\toffset:12;\tsize:4;\tsigned:0;'], '"wait %u", jiffies_to_msecs(REC->wait)')

const type = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME | Sample.RAW

function taken(id: number, time: number, fields: Writer): Uint8Array<ArrayBuffer> {
  const raw = new Writer().u32(id).i32(PID).put(fields.take()).take()
  const size = Math.ceil((raw.length + 4) / 8) * 8 - 4
  return sample(new Writer().u64(id).u64(0x1000).u32(PID).u32(PID).u64(time).u32(size).put(raw).zeros(size - raw.length))
}

const eight = (text: string): Uint8Array => new TextEncoder().encode(text.padEnd(8, '\0'))
const irq = (vec: number) => new Writer().u32(vec).u32((6 << 16) | 28).u64(TEXT_AT).put(Uint8Array.of(127, 0, 0, 1)).text('eth0\0')

it('prints what tracepoints say', async () => {
  const events = [11, 22, 33, 44].map((id) => ({ type: 2, config: id, sampleType: type, id }))
  const samples = [
    taken(11, 2000, new Writer().put(eight('app')).u64(0x102).i32(7)),
    taken(11, 3000, new Writer().put(eight('kworker8')).u64(0).i32(-7)),
    taken(22, 4000, new Writer().u64(257).u64(0xffff_ff9cn).u64(0).u64(0x80000)),
    taken(33, 5000, irq(9)),
    taken(33, 6000, irq(2)),
    taken(44, 7000, new Writer().u32(5).put(Uint8Array.of(97, 98, 0, 0))),
  ]
  const data = tracingData({ sched: [switched], raw_syscalls: [entered], irq: [handled], jbd2: [failed] })
  const file = join(folder, 'tracepoints.data')
  writeFileSync(file, perfData(events, [comm('app', 11), ...samples], [], [{ number: FEATURE_TRACING_DATA, body: data }]))
  const text = scriptText(await opened(file), ['-F', 'comm,time,trace'])
  expect(text).toBe(`             app     0.000002: comm=app state=D+ prio=007
             app     0.000003: comm=kworker8 state=R prio=-07
             app     0.000004: NR 257 (ffffff9c, 0, 0x80000)
             app     0.000005: vec=9 [RCU] name=eth0  | Start tick 127.0.0.1 0xffffffff8281bb1e -1% flags=D
             app     0.000006: vec=2 [0x2] name=eth0  | Start tick 127.0.0.1 0xffffffff8281bb1e -1% flags=D
             app     0.000007: [FAILED TO PARSE] wait=5 who=ab
`)
  if (hasPerf()) expect(execFileSync('perf', ['script', '-i', file, '-F', 'comm,time,trace'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toBe(text)
})

it('prints what eBPF programs put out, and takes a list with bpf-output as perf does', async () => {
  const outputs = [new TextEncoder().encode('hello'), Uint8Array.of(1, 2, 0x41, 0, 0x9f, 0x20, 0x7e, 0x7f, 0x30, 0x31)]
  const samples = outputs.map((bytes, row) => {
    const size = Math.ceil((bytes.length + 4 + 1) / 8) * 8 - 4
    return sample(new Writer().u64(55).u64(0x1000).u32(PID).u32(PID).u64(2000 + row).u32(size).put(bytes).zeros(size - bytes.length))
  })
  const file = join(folder, 'bpf.data')
  writeFileSync(file, perfData([{ type: 1, config: 10, sampleType: type, id: 55 }], [comm('app', 55), ...samples]))
  const session = await opened(file)
  // perf has no name for such an event where the file does not name it.
  const text = scriptText(session, ['-F', 'comm,time,bpf-output', '-F', '-event'])
  expect(text).toBe(`             app  4321     0.000002:          1              1000 [unknown] ([unknown])
      BPF output: 0000: 68 65 6c 6c 6f 00 00 00  hello...
                  0008: 00 00 00 00              ....    
      BPF string: "hello"

             app  4321     0.000002:          1              1000 [unknown] ([unknown])
      BPF output: 0000: 01 02 41 00 9f 20 7e 7f  ..A.. ~.
                  0008: 30 31 00 00              01..    

`)
  for (const words of [['-F', 'comm,time,bpf-output', '-F', '-event'], ['-F', '-bpf-output,-event'], ['-F', 'sw:metric'], ['-F', '-event']])
    if (hasPerf()) expect(scriptText(session, words)).toBe(execFileSync('perf', ['script', '-i', file, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
})
