// SPDX-License-Identifier: Apache-2.0
// --header and --header-only, by the real decoder. The texts are those of perf 6.1:
// `TZ=UTC perf script --header-only -i FILE`, for a file last written at that time.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { parseCommand } from './args'
import { Writer } from '../share/little-endian'
import { comm, perfData, PID, Sample, sample, type TestFeature } from './perf-data-for-tests'
import { hasPerf } from './perf-for-tests'
import { optionsText } from './script'
import { openTrace } from './trace'

vi.setConfig({ testTimeout: 60_000 })

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
const zone = process.env['TZ']
beforeAll(() => {
  process.env['TZ'] = 'UTC'
})
afterAll(() => {
  rmSync(folder, { recursive: true })
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

/** The first answer of `script` over a copy of the file, written on 5 March 2024. */
async function firstPrinted(name: string, ...options: readonly string[]): Promise<string> {
  const file = join(folder, basename(name))
  copyFileSync(join(fixtures, name), file)
  return printedOf(file, options)
}

async function printedOf(file: string, options: readonly string[]): Promise<string> {
  const written = new Date('2024-03-05T07:08:09Z')
  utimesSync(file, written, written)
  const command = parseCommand(['script', ...options, file])
  if (!command.ok || command.value.name !== 'script') throw new Error('not a script command')
  const trace = await openTrace(file, join(fixtures, 'symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const text = optionsText(command.value.options, [], 0, file)
  const answer = await trace.value.session.borrow('script', { first: 0, text }, async ({ rows, text: { offsets, pool } }) =>
    new TextDecoder().decode(pool.slice(0, offsets[rows] ?? 0)),
  )
  if (!answer.ok) throw new Error(answer.error.sentence)
  return answer.value
}

const compressed = `# ========
# captured on    : Tue Mar  5 07:08:09 2024
# header version : 1
# data offset    : 632
# data size      : 9780
# feat offset    : 10412
# hostname : example
# os release : 6.1.0
# perf version : 6.1.ptgen
# arch : x86_64
# nrcpus online : 4
# nrcpus avail : 4
# cpudesc : 12th Gen Intel(R) Core(TM) i9-12900K (synthetic: ptgen)
# cpuid : GenuineIntel-6-151-2
# total memory : 33554432 kB
# cmdline : perf record -e intel_pt//u /opt/ptarmigan/calls 
# event : name = intel_pt//u, , id = { 1021, 1022, 1023, 1024 }, type = 8, size = 128, config = 0x300e603, { sample_period, sample_freq } = 1, sample_type = IP|TID|TIME|CPU|IDENTIFIER, read_format = ID, disabled = 1, inherit = 1, exclude_kernel = 1, exclude_hv = 1, enable_on_exec = 1, sample_id_all = 1, aux_watermark = 1048576
# event : name = dummy:u, , id = { 1025, 1026, 1027, 1028 }, type = 1, size = 128, config = 0x9, { sample_period, sample_freq } = 1, sample_type = IP|TID|TIME|CPU|IDENTIFIER, read_format = ID, exclude_hv = 1, sample_id_all = 1, context_switch = 1
# event : name = dummy:u, , id = { 1029, 1030, 1031, 1032 }, type = 1, size = 128, config = 0x9, { sample_period, sample_freq } = 1, sample_type = IP|TID|TIME|CPU|IDENTIFIER, read_format = ID, disabled = 1, inherit = 1, exclude_kernel = 1, exclude_hv = 1, mmap = 1, comm = 1, enable_on_exec = 1, task = 1, sample_id_all = 1, mmap2 = 1, comm_exec = 1
# CPU_TOPOLOGY info available, use -I to display
# pmu mappings: cpu = 4, software = 1, tracepoint = 2, intel_pt = 8, intel_bts = 9
# contains AUX area data (e.g. instruction trace)
# time of first sample : 86409.526717
# time of last sample : 86409.526779
# sample duration :      0.062 ms
# compressed : Zstd, level = 1, ratio = 3
# missing features: TRACING_DATA NUMA_TOPOLOGY BRANCH_STACK GROUP_DESC STAT CACHE MEM_TOPOLOGY CLOCKID DIR_FORMAT BPF_PROG_INFO BPF_BTF CPU_PMU_CAPS CLOCK_DATA HYBRID_TOPOLOGY PMU_CAPS 
# ========
#
`

const lbr = `# ========
# captured on    : Tue Mar  5 07:08:09 2024
# header version : 1
# data offset    : 456
# data size      : 38432
# feat offset    : 38888
# hostname : vm
# os release : 6.18.44-fc-v782
# perf version : 6.1.ptgen
# arch : x86_64
# nrcpus online : 4
# nrcpus avail : 4
# cpudesc : 12th Gen Intel(R) Core(TM) i9-12900K (synthetic: ptgen)
# cpuid : GenuineIntel-6-151-2
# total memory : 33554432 kB
# cmdline : perf record -e cycles:u -b /opt/ptarmigan/calls 
# event : name = cycles:u, , id = { 1021, 1022, 1023, 1024 }, size = 128, { sample_period, sample_freq } = 499, sample_type = IP|TID|TIME|CPU|PERIOD|BRANCH_STACK|IDENTIFIER, read_format = ID, disabled = 1, inherit = 1, exclude_kernel = 1, exclude_hv = 1, mmap = 1, comm = 1, enable_on_exec = 1, task = 1, sample_id_all = 1, mmap2 = 1, comm_exec = 1, branch_sample_type = USER|ANY|TYPE_SAVE|HW_INDEX
# event : name = dummy:u, , id = { 1025, 1026, 1027, 1028 }, type = 1, size = 128, config = 0x9, { sample_period, sample_freq } = 1, sample_type = IP|TID|TIME|CPU|IDENTIFIER, read_format = ID, exclude_hv = 1, sample_id_all = 1, context_switch = 1
# CPU_TOPOLOGY info available, use -I to display
# contains samples with branch stack
# pmu mappings: cpu = 4, software = 1, tracepoint = 2, intel_pt = 8, intel_bts = 9
# time of first sample : 86409.526717
# time of last sample : 86409.526779
# sample duration :      0.062 ms
# cpu pmu capabilities: branches=16, max_precise=3, pmu_name=alderlake_hybrid
# missing features: TRACING_DATA NUMA_TOPOLOGY GROUP_DESC AUXTRACE STAT CACHE MEM_TOPOLOGY CLOCKID DIR_FORMAT BPF_PROG_INFO BPF_BTF COMPRESSED CLOCK_DATA HYBRID_TOPOLOGY PMU_CAPS 
# ========
#
`

it('prints what perf does of a compressed trace', async () => {
  expect(await firstPrinted('calls-zstd.perf.data', '--header-only')).toBe(compressed)
})

it('prints what perf does of samples', async () => {
  expect(await firstPrinted('other/lbr-calls.perf.data', '--header-only')).toBe(lbr)
})

it('prints the lines behind the header', async () => {
  const text = await firstPrinted('other/lbr-calls.perf.data', '--header')
  expect(text.slice(0, lbr.length)).toBe(lbr)
  expect(text.slice(lbr.length).split('\n', 1)).toEqual(['           calls 31404 [000] 86409.526767:        499 cycles:u:            4015b8 __init_libc+0xe8 (/opt/ptarmigan/calls)'])
})

const text = (words: string) => {
  const bytes = new Writer().text(words).align(64).take()
  return new Writer().u32(bytes.length).put(bytes).take()
}
const texts = (...words: string[]) => {
  const all = new Writer().u32(words.length)
  for (const word of words) all.put(text(word))
  return all.take()
}

/** A machine of two nodes with performance and efficiency cores, in the features of a header. */
function machine(dies: boolean): TestFeature[] {
  const topology = new Writer().put(texts('0-1', '2')).put(texts('0-1', '2'))
  for (const number of [0, 0, 4, 0, 8, 1]) topology.u32(number)
  if (dies) topology.put(texts('0-2')).u32(0).u32(1).u32(1)
  const numa = new Writer().u32(2).u32(0).u64(16_000_000).u64(123_456).put(text('0-1')).u32(1).u64(8_000_000).u64(0).put(text('2'))
  const caches = new Writer().u32(1).u32(2)
  for (const [level, type, size, map] of [[1, 'Data', '48K', '0-1'], [3, 'Unified', '1024K', '0-2']] as const)
    caches.u32(level).u32(64).u32(512).u32(8).put(text(type)).put(text(size)).put(text(map))
  const memory = new Writer().u64(1).u64(0x800_0000).u64(2).u64(0).u64(1).u64(70).u64(0xffff_0000_0000_ff01n).u64(3).u64(1).u64(1).u64(3).u64(4)
  const hybrid = new Writer().u32(2).put(text('cpu_core')).put(text('0-1')).put(text('cpu_atom')).put(text('2'))
  return [
    { number: 7, body: new Writer().u32(3).u32(3).take() },
    { number: 13, body: topology.take() },
    { number: 14, body: numa.take() },
    { number: 20, body: caches.take() },
    { number: 22, body: memory.take() },
    { number: 30, body: hybrid.take() },
  ]
}

it.each([
  [true, ['# sibling dies    : 0-2'], [', Die ID 0', ', Die ID 1', ', Die ID 1']],
  [false, [], ['', '', '']],
])('tells of the machine at length with -I, dies: %s', async (dies, shared, [first = '', second = '', third = '']) => {
  const file = join(folder, `machine-${dies}.data`)
  const type = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME
  const taken = sample(new Writer().u64(7).u64(0x401040).u32(PID).u32(PID).u64(2000))
  writeFileSync(file, perfData([{ type: 1, config: 0, sampleType: type, id: 7 }], [comm('calls', 7), taken], [], machine(dies)))
  const options = ['--header-only', '-I']
  const lines = (await printedOf(file, options)).split('\n')
  const from = lines.indexOf('# sibling sockets : 0-1')
  expect(lines.slice(from, lines.findIndex((line) => line.startsWith('# missing')))).toEqual([
    '# sibling sockets : 0-1',
    '# sibling sockets : 2',
    ...shared,
    '# sibling threads : 0-1',
    '# sibling threads : 2',
    `# CPU 0: Core ID 0${first}, Socket ID 0`,
    `# CPU 1: Core ID 4${second}, Socket ID 0`,
    `# CPU 2: Core ID 8${third}, Socket ID 1`,
    '# node0 meminfo  : total = 16000000 kB, free = 123456 kB',
    '# node0 cpu list : 0-1',
    '# node1 meminfo  : total = 8000000 kB, free = 0 kB',
    '# node1 cpu list : 2',
    '# CPU cache info:',
    '#  L1 Data                 48K [0-1]',
    '#  L3 Unified            1024K [0-2]',
    '# memory nodes (nr 2, block size 0x8000000):',
    '#    0 [3G]: 0,8-15,48-65',
    '#    1 [128M]: 2',
    '# hybrid cpu system:',
    '# cpu_core cpu list : 0-1',
    '# cpu_atom cpu list : 2',
  ])
  if (hasPerf()) expect(lines.join('\n')).toBe(execFileSync('perf', ['script', ...options, '-i', file], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } }))
})
