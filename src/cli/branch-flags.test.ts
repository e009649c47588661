// SPDX-License-Identifier: Apache-2.0
// Branch stacks as AMD's BRS and LbrExtV2 and Intel's Arch LBR fill them: speculation,
// privilege, new types, hw_idx, and weights; no file of such a machine is at hand. The
// lines below are what perf 6.1 prints for the file this test writes; where perf is
// installed it is asked.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Writer } from '../share/little-endian'
import { opened, projectFixtures } from './bundles-for-tests'
import { comm, mapped, perfData, PID, Sample, sample, type TestEvent } from './perf-data-for-tests'
import { hasPerf } from './perf-for-tests'
import { scriptText } from './script-for-tests'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const symfs = join(projectFixtures, 'symfs')

/** PERF_SAMPLE_BRANCH_*: user code, any branch; and what more the entries hold. */
const Branch = { USER: 1n << 0n, ANY: 1n << 3n, TYPE_SAVE: 1n << 16n, HW_INDEX: 1n << 17n, PRIV_SAVE: 1n << 18n } as const

type Entry = { from: number; to: number; mispredicted?: boolean; predicted?: boolean; inTx?: boolean; abort?: boolean; cycles?: number; type?: number; spec?: number; newType?: number; priv?: number }

/** The bit field of struct perf_branch_entry. */
function flagsOf({ mispredicted, predicted, inTx, abort, cycles = 0, type = 0, spec = 0, newType = 0, priv = 0 }: Entry): bigint {
  const bits = [mispredicted, predicted, inTx, abort].reduce((sum, set, bit) => sum | (set ? 1 << bit : 0), 0)
  return BigInt(bits) | (BigInt(cycles) << 4n) | (BigInt(type) << 20n) | (BigInt(spec) << 24n) | (BigInt(newType) << 26n) | (BigInt(priv) << 30n)
}

/** Real branches of `calls`: compare, descend, main. */
const places: readonly [number, number][] = [
  [0x4013e4, 0x401d61],
  [0x401810, 0x4013d0],
  [0x401d5e, 0x401810],
  [0x40136b, 0x401350],
  [0x401357, 0x401368],
]

const entries = (more: readonly Omit<Entry, 'from' | 'to'>[]): Entry[] => more.map((one, row) => ({ from: places[row % places.length]?.[0] ?? 0, to: places[row % places.length]?.[1] ?? 0, ...one }))

const stacks: Record<string, Entry[]> = {
  'Zen 3 BRS: no flags at all': entries([{}, {}, {}]),
  'Zen 4 LbrExtV2: speculation and prediction': entries([
    { predicted: true, spec: 3 },
    { mispredicted: true, spec: 1 },
    { predicted: true, spec: 2 },
    { mispredicted: true, spec: 0 },
  ]),
  'transactions and cycles': entries([{ predicted: true, inTx: true, cycles: 1 }, { mispredicted: true, abort: true, cycles: 65535 }, { predicted: true, cycles: 300 }]),
  'all types': Array.from({ length: 16 }, (_, type) => entries([{ predicted: true, type }])[0] ?? { from: 0, to: 0 }),
  'new types and privilege': Array.from({ length: 8 }, (_, newType) => entries([{ predicted: true, type: 15, newType, priv: newType % 4 }])[0] ?? { from: 0, to: 0 }),
  'an empty stack': [],
}

function traceOf(stack: readonly Entry[], event: TestEvent, weight: bigint): Uint8Array<ArrayBuffer> {
  const body = new Writer().u64(event.id).u64(0x401d61n).u32(PID).u32(PID).u64(3000).u64(17).u64(stack.length)
  if ((event.branchType ?? 0n) & Branch.HW_INDEX) body.u64(5)
  for (const entry of stack) body.u64(entry.from).u64(entry.to).u64(flagsOf(entry))
  body.u64(weight)
  return perfData([event], [comm('calls', event.id), mapped('/opt/ptarmigan/calls', 0x401000n, 0x2000, 0x1000n, event.id), sample(body)])
}

/** Behind the sample's symbol. perf 6.1 prints neither speculation nor privilege. */
const expected: Record<string, string> = {
  'Zen 3 BRS: no flags at all':
    ' 0x4013e4/0x401d61/-/-/-/0/  0x401810/0x4013d0/-/-/-/0/  0x401d5e/0x401810/-/-/-/0/ ',
  'Zen 4 LbrExtV2: speculation and prediction':
    ' 0x4013e4/0x401d61/P/-/-/0/  0x401810/0x4013d0/M/-/-/0/  0x401d5e/0x401810/P/-/-/0/  0x40136b/0x401350/M/-/-/0/ ',
  'all types':
    ' 0x4013e4/0x401d61/P/-/-/0/  0x4013e4/0x401d61/P/-/-/0/COND  0x4013e4/0x401d61/P/-/-/0/UNCOND  0x4013e4/0x401d61/P/-/-/0/IND  0x4013e4/0x401d61/P/-/-/0/CALL  0x4013e4/0x401d61/P/-/-/0/IND_CALL  0x4013e4/0x401d61/P/-/-/0/RET  0x4013e4/0x401d61/P/-/-/0/SYSCALL  0x4013e4/0x401d61/P/-/-/0/SYSRET  0x4013e4/0x401d61/P/-/-/0/COND_CALL  0x4013e4/0x401d61/P/-/-/0/COND_RET  0x4013e4/0x401d61/P/-/-/0/ERET  0x4013e4/0x401d61/P/-/-/0/IRQ  0x4013e4/0x401d61/P/-/-/0/SERROR  0x4013e4/0x401d61/P/-/-/0/NO_TX  0x4013e4/0x401d61/P/-/-/0/FAULT_ALGN ',
  'an empty stack':
    '',
  'new types and privilege':
    ' 0x4013e4/0x401d61/P/-/-/0/FAULT_ALGN  0x4013e4/0x401d61/P/-/-/0/FAULT_DATA  0x4013e4/0x401d61/P/-/-/0/FAULT_INST  0x4013e4/0x401d61/P/-/-/0/ARCH_1  0x4013e4/0x401d61/P/-/-/0/ARCH_2  0x4013e4/0x401d61/P/-/-/0/ARCH_3  0x4013e4/0x401d61/P/-/-/0/ARCH_4  0x4013e4/0x401d61/P/-/-/0/ARCH_5 ',
  'transactions and cycles':
    ' 0x4013e4/0x401d61/P/X/-/1/  0x401810/0x4013d0/M/-/A/65535/  0x401d5e/0x401810/P/-/-/300/ ',
}

/** Before it: the weight, whole or in its three parts. */
const heads: Record<string, string> = {
  'with hw_idx and privilege, weight_struct': '           calls  4321     0.000003:         17 cycles:HG:              257               2           401d61',
  'with types, weight': '           calls  4321     0.000003:         17 cycles:HG:  844433520066817           401d61',
}

const base = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME | Sample.PERIOD | Sample.BRANCH_STACK
const events: Record<string, TestEvent> = {
  'with types, weight': { type: 0, config: 0, sampleType: base | Sample.WEIGHT, branchType: Branch.USER | Branch.ANY | Branch.TYPE_SAVE, id: 7001 },
  'with hw_idx and privilege, weight_struct': {
    type: 0,
    config: 0,
    sampleType: base | Sample.WEIGHT_STRUCT,
    branchType: Branch.USER | Branch.ANY | Branch.TYPE_SAVE | Branch.HW_INDEX | Branch.PRIV_SAVE,
    id: 7001,
  },
}
const WEIGHT = 0x0003_0002_0000_0101n

const fields = (event: TestEvent): string => `comm,tid,time,event,period,ip,sym,brstack,brstacksym,brstackoff,weight${event.sampleType & Sample.WEIGHT_STRUCT ? ',ins_lat' : ''}`

describe.each(Object.keys(events))('branch stacks %s', (kind) => {
  const event = events[kind]
  it.each(Object.keys(stacks))('%s', async (name) => {
    const stack = stacks[name]
    if (!event || !stack) throw new Error('no such stack')
    const path = join(folder, 'stack.data')
    writeFileSync(path, traceOf(stack, event, WEIGHT))
    const ours = scriptText(await opened(path, symfs), ['-F', fields(event)])
    if (hasPerf()) {
      const perf = execFileSync('perf', ['script', '--symfs', symfs, '-i', path, '-F', fields(event)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      expect(ours).toBe(perf)
    }
    expect(ours).toBe(`${heads[kind]} sift${expected[name]}\n`)
  })
})
