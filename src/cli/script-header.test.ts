// SPDX-License-Identifier: Apache-2.0
// --header and --header-only, by the real decoder. The texts are those of perf 6.1:
// `TZ=UTC perf script --header-only -i FILE`, for a file last written at that time.
import { copyFileSync, mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { parseCommand } from './args'
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
async function firstPrinted(name: string, option: string): Promise<string> {
  const file = join(folder, basename(name))
  copyFileSync(join(fixtures, name), file)
  const written = new Date('2024-03-05T07:08:09Z')
  utimesSync(file, written, written)
  const command = parseCommand(['script', option, file])
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
