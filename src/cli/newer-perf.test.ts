// SPDX-License-Identifier: Apache-2.0
// What perf 6.12 prints otherwise than 6.1 of ordinary samples: fields, call chains, branch stacks, sources of memory
// accesses, the header. The lines are perf's; where it is installed ($PERF_6_12, perf) it is asked.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Writer } from '../share/little-endian'
import { parseCommand } from './args'
import { opened, projectFixtures } from './bundles-for-tests'
import { comm, mapped, perfData, PID, record, Sample, sample, type TestEvent } from './perf-data-for-tests'
import { perfText } from './perf-for-tests'
import type { PerfVersion } from './perf-version'
import { scriptText } from './script-for-tests'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const symfs = join(projectFixtures, 'symfs')
const base = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME
const [DATA_SRC, CGROUP] = [1n << 15n, 1n << 21n]
const start = (ip: number, time: number): Writer => new Writer().u64(1).u64(ip).u32(PID).u32(PID).u64(time)
const program = [comm('calls', 1), mapped('/opt/ptarmigan/calls', 0x401000n, 0x2000, 0x1000n, 1)]

async function expectText(event: TestEvent, records: readonly Uint8Array[], version: PerfVersion, words: readonly string[], expected: readonly string[]): Promise<void> {
  const path = join(folder, 'perf.data')
  writeFileSync(path, perfData([event], [...program, ...records]))
  const ours = scriptText(await opened(path, symfs), version === '6.1' ? words : [...words, '--perf-version', version])
  const theirs = perfText(version, path, ['--symfs', symfs, ...words])
  if (theirs !== undefined) expect(ours).toBe(theirs)
  expect(ours.split('\n').filter((line) => line !== '').map((line) => line.trim())).toEqual(expected)
}

it('prints retire latencies, of raw events without being asked', async () => {
  const records = [sample(start(0x4013e4, 5000).u32(9).u16(10).u16(11))]
  await expectText({ type: 4, config: 0x1cd, sampleType: base | Sample.WEIGHT_STRUCT, id: 1 }, records, '6.12', [], [
    'calls    4321     0.000005:          1 raw 0x1cd:HG:                9              10              11           4013e4 compare+0x14 (/opt/ptarmigan/calls)',
  ])
  await expectText({ type: 0, config: 0, sampleType: base | Sample.WEIGHT_STRUCT, id: 1 }, records, '6.12', ['-F', 'ip,retire_lat'], ['11           4013e4'])
})

it('prints control groups by their paths', async () => {
  const named = record(19, 0, new Writer().u64(77).text('/user.slice').align(8).i32(PID).i32(PID).u64(1000).u64(1))
  const records = [named, sample(start(0x4013e4, 5000).u64(77)), sample(start(0x4013e4, 6000).u64(78)), sample(start(0x4013e4, 7000).u64(77))]
  await expectText({ type: 1, config: 0, sampleType: base | CGROUP, id: 1 }, records, '6.12', ['-F', 'ip,cgroup'], ['/user.slice           4013e4', 'unknown           4013e4', '/user.slice           4013e4'])
})

/** perf_mem_data_src: an L1 hit, told twice; a remote hop; two snoops and two operations; a block that is not known. */
const sources = [0x2_0000_0000n | (10n << 5n), (1n << 37n) | (2n << 43n) | (6n << 33n) | (4n << 5n), 0x6n | (1n << 21n) | (3n << 38n), (1n << 33n) | (7n << 40n)]

it.each([
  [
    '6.1',
    [
      '200000140 |OP No|LVL L1 or L1 hit|SNP N/A|TLB N/A|LCK No|BLK  N/A',
      '102c00000080 |OP No|LVL Remote node, same socket L6 miss|SNP N/A|TLB N/A|LCK No|BLK  N/A',
      'c000200006 |OP LOAD|LVL N/A|SNP Hit or Fwd or Peer|TLB N/A|LCK No|BLK  N/A',
      '70200000000 |OP No|LVL L1|SNP N/A|TLB N/A|LCK No|BLK  N/A',
    ],
  ],
  [
    '6.12',
    [
      '200000140 |OP No|LVL L1 hit|SNP N/A|TLB N/A|LCK No|BLK  N/A',
      '102c00000080 |OP No|LVL Remote node, same socket Memory-side Cache miss|SNP N/A|TLB N/A|LCK No|',
      'c000200006 |OP LOAD|LVL N/A|SNP Hit or Fwd or Peer|TLB N/A|LCK No|BLK  N/A',
      '70200000000 |OP No|LVL L1 |SNP N/A|TLB N/A|LCK No|BLK  N/A',
    ],
  ],
] as const)('prints where data came from, as perf %s', async (version, expected) => {
  const records = sources.map((source, row) => sample(start(0x4013e4, 5000 + row).u64(source)))
  await expectText({ type: 0, config: 0, sampleType: base | DATA_SRC, id: 1 }, records, version, ['-F', 'data_src'], expected)
})

it('prints addresses of call chains as they are', async () => {
  const records = [sample(start(0x4013e4, 5000).u64(3).u64(0xffff_ffff_ffff_fe00n).u64(0x4013e4).u64(0x401d61))]
  const event = { type: 0, config: 0, sampleType: base | Sample.CALLCHAIN, id: 1 }
  await expectText(event, records, '6.1', ['-F', 'ip,sym'], ['13e4 compare', '1d61 sift'])
  await expectText(event, records, '6.12', ['-F', 'ip,sym'], ['4013e4 compare', '401d61 sift'])
  await expectText(event, records, '6.12', ['-F', 'ip,dsoff'], ['4013e4 (/opt/ptarmigan/calls+0x13e4)', '401d61 (/opt/ptarmigan/calls+0x1d61)'])
})

it('prints how branches were speculated, and goes on behind branches that need not be taken', async () => {
  const flags = (spec: bigint): bigint => 2n | (1n << 20n) | (spec << 24n)
  const records = [sample(start(0x4013df, 5000).u64(2).u64(0x401810).u64(0x4013d0).u64(flags(3n)).u64(0x401d5e).u64(0x401810).u64(flags(0n)))]
  const event = { type: 0, config: 0, sampleType: base | Sample.BRANCH_STACK, branchType: 9n, id: 1 }
  await expectText(event, records, '6.12', ['-F', 'ip,brstack'], ['4013df 0x401810/0x4013d0/P/-/-/0/COND/SPEC_CORRECT_PATH  0x401d5e/0x401810/P/-/-/0/COND/-'])
  await expectText(event, records, '6.12', ['-F', 'brstack,dso'], ['0x401810 (/opt/ptarmigan/calls)/0x4013d0 (/opt/ptarmigan/calls)/P/-/-/0/COND/SPEC_CORRECT_PATH  0x401d5e (/opt/ptarmigan/calls)/0x401810 (/opt/ptarmigan/calls)/P/-/-/0/COND/-'])
  const upTo = ['4013df', 'sift+174:', '0000000000401d5e\tinsn: 41 ff d5                \t# PRED', 'wrapper_cmp:', '0000000000401810\tinsn: ff e2                   \t# PRED', 'compare:']
  const tail = ['d0\tinsn: 8b 17', 'd2\tinsn: 8b 0e', 'd4\tinsn: b8 ff ff ff ff', 'd9\tinsn: 39 ca', 'db\tinsn: 72 07', 'dd\tinsn: 31 c0', 'df\tinsn: 39 d1'].map((line) => `00000000004013${line}`)
  await expectText(event, records, '6.1', ['-F', 'ip,brstackinsn'], [...upTo, ...tail.slice(0, 5), '... not reaching sample ...'])
  await expectText(event, records, '6.12', ['-F', 'ip,brstackinsn'], [...upTo, ...tail])
})

it('forgets a thread that has exited', async () => {
  const exit = record(4, 0, new Writer().i32(PID).i32(1).i32(PID).i32(1).u64(5500).i32(PID).i32(PID).u64(5500).u64(1))
  const records = [sample(start(0x4013e4, 5000)), exit, sample(start(0x4013e4, 6000))]
  await expectText({ type: 0, config: 0, sampleType: base, id: 1 }, records, '6.12', ['-F', 'comm,tid'], ['calls    4321', ':4321    4321'])
})

it('says of fields and options that 6.1 has not', async () => {
  const path = join(folder, 'perf.data')
  writeFileSync(path, perfData([{ type: 0, config: 0, sampleType: base, id: 1 }], [...program, sample(start(0x4013e4, 5000))]))
  const session = await opened(path, symfs)
  for (const field of ['dsoff', 'retire_lat', 'cgroup', 'brstackdisasm'])
    expect(parseCommand(['script', '-F', field, 'x'])).toEqual({ ok: false, error: `-F ${field}: perf 6.1 has no such field; --perf-version 6.12 has.` })
  expect(() => scriptText(session, ['-F', 'ip,cgroup', '--perf-version', '6.12'])).toThrow("Samples for 'cycles:HG' event do not have CGROUP attribute set. Cannot print 'cgroup' field.")
})

it('leaves out what was asked for of one kind of event, and is not recorded', async () => {
  await expectText({ type: 0, config: 0, sampleType: base, id: 1 }, [sample(start(0x4013e4, 5000))], '6.1', ['-F', 'hw:ip,weight,iregs'], ['4013e4'])
})
