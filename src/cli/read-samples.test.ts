// SPDX-License-Identifier: Apache-2.0
// Samples that hold what counters read, of a group (`perf record -e '{a,b}:S'`) and of one event, with what perf 6.1
// prints of them; and weights and CPU maps of -D. Where perf is installed it is asked.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Writer } from '../share/little-endian'
import { comm, mapped, perfData, PID, record, Sample, sample, type TestEvent } from './perf-data-for-tests'
import { hasPerf } from './perf-for-tests'

const cli = join(import.meta.dirname, 'ptarmigan.mjs')
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const sampleType = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME | Sample.READ
const [ENABLED, ID, GROUP, LOST] = [1n, 4n, 8n, 16n]
const TIMES = [5000, 6000, 7000]
/** cpu-clock and page-faults; what they had counted at each time. */
const counted = [
  [100, 7],
  [250, 7],
  [300, 9],
]

const group = TIMES.map((time, row) => {
  const read = new Writer().u64(2).u64(77)
  for (const [index, value] of (counted[row] ?? []).entries()) read.u64(value).u64(1 + index).u64(0)
  return sample(new Writer().u64(1).u64(0x401000 + row).u32(PID).u32(PID).u64(time).put(read.take()))
})
const alone = TIMES.map((time, row) => sample(new Writer().u64(1).u64(0x401000 + row).u32(PID).u32(PID).u64(time).u64([5, 5, 8][row] ?? 0).u64(1)))

const events = (readFormat: bigint): TestEvent[] => [
  { type: 1, config: 0, sampleType, readFormat, id: 1 },
  { type: 1, config: 2, sampleType, readFormat, id: 2 },
]
const weights: TestEvent[] = [{ type: 1, config: 0, sampleType: Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME | Sample.WEIGHT_STRUCT, id: 1 }]
const cases: Record<string, { events: TestEvent[]; records: Uint8Array[]; words: string[]; lines: string[] }> = {
  'a group: each event that counted something': {
    events: events(ENABLED | ID | GROUP | LOST),
    records: group,
    words: ['-F', 'period,event,ip'],
    lines: ['100 cpu-clock:HG: 401000', '7 page-faults:HG: 401000', '150 cpu-clock:HG: 401001', '50 cpu-clock:HG: 401002', '2 page-faults:HG: 401002'],
  },
  'one event: what it counted since the sample before': { events: events(ID), records: alone, words: ['-F', 'period,event,ip'], lines: ['5 cpu-clock:HG: 401000', '3 cpu-clock:HG: 401002'] },
  'what counters read, of -D': {
    events: events(ENABLED | ID | GROUP | LOST),
    records: group.slice(0, 1),
    words: ['-D'],
    lines: ['... sample_read:', '...... time enabled 000000000000004d', '.... group nr 2', '..... id 0000000000000001, value 0000000000000064, lost 0', '..... id 0000000000000002, value 0000000000000007, lost 0'],
  },
  'a weight of several parts, and the CPU map of a thread, of -D': {
    events: weights,
    records: [record(74, 0, new Writer().u16(0).u16(1).u16(0xffff)), sample(new Writer().u64(1).u64(0x401000).u32(PID).u32(PID).u64(5000).u32(9).u16(10).u16(11))],
    words: ['-D'],
    lines: ['... weight: 9,0xa,0x0', '0 0x180 [0x10]: PERF_RECORD_CPU_MAP: -1'],
  },
  'the CPUs of an event, and that it was throttled, of -D': {
    events: weights,
    records: [
      record(78, 0, new Writer().u64(3).u64(1).u16(0).u16(2).u16(1).u16(5)),
      record(5, 0, new Writer().u64(4000).u64(1).u64(1).i32(PID).i32(PID).u64(4000).u64(1)),
      sample(new Writer().u64(1).u64(0x401000).u32(PID).u32(PID).u64(5000).u32(9).u16(10).u16(11)),
    ],
    words: ['-D'],
    lines: ['... 1,5', '4000 0x1a0 [0x38]: PERF_RECORD_THROTTLE'],
  },
}

const lines = (text: string): string[] => text.trim().split('\n').map((line) => line.trim().replace(/ +/g, ' '))

describe.each(Object.entries(cases))('%s', (name, { events, records, words, lines: expected }) => {
  const print = (command: string, ...first: string[]): string => {
    const path = join(folder, 'read.data')
    writeFileSync(path, perfData(events, [comm('reader', 1), mapped('/opt/reader', 0x401000n, 0x1000, 0x1000n, 1), ...records]))
    return execFileSync(command, [...first, path, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  }
  it('prints these lines', () => {
    const printed = lines(print(process.execPath, cli, 'script'))
    if (name.endsWith('-D')) for (const line of expected) expect(printed).toContain(line)
    else expect(printed).toEqual(expected)
  })
  it.runIf(hasPerf())('prints what perf does', () => expect(print(process.execPath, cli, 'script')).toBe(print('perf', 'script', '-i')))
})
