// SPDX-License-Identifier: Apache-2.0
// `script -D`: every record and packet, of files, compressed records and directories,
// by the real decoder. Hashes and texts are those of what perf 6.1 prints:
// `perf script -D -i NAME.data --symfs symfs | sha256sum`.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { Writer } from '../share/little-endian'
import { comm, mapped, perfData, PID, record, Sample, sample } from './perf-data-for-tests'
import { hasPerf } from './perf-for-tests'
import { scriptText } from './script-for-tests'
import { openTrace } from './trace'

// Decoders are made anew: a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 })

const fixtures = join(import.meta.dirname, '../../wasm/test/fixtures')
const symfs = join(fixtures, 'symfs')
const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What -D prints of the file; `name`: as perf was given it. */
async function dumped(file: string, name: string, more: readonly string[] = []): Promise<string> {
  const trace = await openTrace(file, symfs, true)
  if (!trace.ok) throw new Error(trace.error)
  return scriptText(trace.value.session, ['-D', ...more], name)
}

describe('of a file', () => {
  it.each([
    ['calls-default', 'c1fde7c59fe08d5d22c2526ceb70dd6776887221a763a0befa63d81f64e04be0'],
    ['threads-cpu-wide', '7027dafb97d728233010eff0ffa7c1265eb82eabc81d5a506adfa239fb91ef5f'],
    ['calls-truncated', '8b22e603668b0069abe79df4666a7d43b1f857045070188c1e6ef9e94f1cc83a'],
    ['calls-zstd', 'b613faf13547b1b56da01bf27b3411ec25cd53b2bf1a75a3f90a37a54b3ae8ae'],
    ['other/bts-calls', 'bcf4a1f3a3b594f6ba002171e55a2a7de3af7bd982da0600f59baf1a1305a8ac'],
    ['other/lbr-calls', '39d0447bf281f79c91110a738c8ee3642e7c7165857aa81644a4d958f85bedf6'],
  ])('%s', async (name, wanted) => {
    const text = await dumped(join(fixtures, `${name}.perf.data`), `${name.replace('other/', '')}.data`)
    expect(createHash('sha256').update(text).digest('hex')).toBe(wanted)
  })
})

it('leaves the packets out of a trace that is not decoded', async () => {
  const file = join(fixtures, 'calls-default.perf.data')
  const text = await dumped(file, file, ['--no-itrace'])
  expect(text).toContain('PERF_RECORD_AUXTRACE size')
  expect(text).not.toContain('Intel Processor Trace data')
  if (hasPerf()) expect(text).toBe(execFileSync('perf', ['script', '-D', '--no-itrace', '-i', file, '--symfs', symfs], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] }))
})

const type = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME
const ID = 7
const taken = (ip: number, time: number) => sample(new Writer().u64(ID).u64(ip).u32(PID).u32(PID).u64(time))

/** Records in a zstd frame as it is without compression; the frame stays open. */
function packed(bytes: Uint8Array, isFirst: boolean): Uint8Array {
  const block = new Writer().u32(bytes.length << 3).take().subarray(0, 3)
  return record(81, 0, new Writer().put(isFirst ? Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x50) : new Uint8Array(0)).put(block).put(bytes))
}

/** As `perf record --threads -z` writes: what is known before in `data`, samples in data.0 and, packed, in data.1. */
function directory(): string {
  const path = join(folder, 'threads.data')
  const threads = record(73, 0, new Writer().u64(1).u64(PID).zeros(16))
  const unit = record(78, 0, new Writer().u64(1).u64(ID).u64(new BigUint64Array(Float64Array.of(0.25).buffer)[0] ?? 0n))
  const cgroup = record(19, 0, new Writer().u64(42).text('/user.slice').align(8).i32(PID).i32(PID).u64(1500).u64(ID))
  const features = [
    { number: 24, body: new Writer().u64(1).take() },
    { number: 27, body: new Writer().u32(1).u32(1).u32(1).u32(1).u32(65536).take() },
  ]
  mkdirSync(path)
  writeFileSync(join(path, 'data'), perfData([{ type: 1, config: 0, sampleType: type, id: ID }], [threads, unit, comm('calls', ID)], [], features))
  const first = new Writer()
  for (const bytes of [mapped('/opt/ptarmigan/calls', 0x401000n, 0x2000, 0x1000n, ID), taken(0x401040, 2000), taken(0x401360, 4000)]) first.put(bytes)
  writeFileSync(join(path, 'data.0'), first.take())
  const second = new Writer().put(cgroup).put(taken(0x4013d4, 3000)).put(taken(0x4013d4, 5000)).take()
  // The second sample is cut in two.
  const cut = cgroup.length + 20
  writeFileSync(join(path, 'data.1'), new Writer().put(packed(second.subarray(0, cut), true)).put(packed(second.subarray(cut), false)).take())
  return path
}

const wanted = `
0x100@threads.data/data [0x28]: event: 73
.
. ... raw event: size 40 bytes
.  0000:  49 00 00 00 00 00 28 00 01 00 00 00 00 00 00 00  I.....(.........
.  0010:  e1 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................
.  0020:  00 00 00 00 00 00 00 00                          ........        

0 0x100 [0x28]: PERF_RECORD_THREAD_MAP nr: 1 thread: 4321

0x128@threads.data/data [0x20]: event: 78
.
. ... raw event: size 32 bytes
.  0000:  4e 00 00 00 00 00 20 00 01 00 00 00 00 00 00 00  N..... .........
.  0010:  07 00 00 00 00 00 00 00 00 00 00 00 00 00 d0 3f  ...............?

0 0x128 [0x20]: PERF_RECORD_EVENT_UPDATE
... id:    7
... scale: 0.250000

0x148@threads.data/data [0x30]: event: 3
.
. ... raw event: size 48 bytes
.  0000:  03 00 00 00 02 00 30 00 e1 10 00 00 e1 10 00 00  ......0.........
.  0010:  63 61 6c 6c 73 00 00 00 e1 10 00 00 e1 10 00 00  calls...........
.  0020:  e8 03 00 00 00 00 00 00 07 00 00 00 00 00 00 00  ................

1000 0x148 [0x30]: PERF_RECORD_COMM: calls:4321/4321

0@threads.data/data.0 [0x58]: event: 1
.
. ... raw event: size 88 bytes
.  0000:  01 00 00 00 02 00 58 00 e1 10 00 00 e1 10 00 00  ......X.........
.  0010:  00 10 40 00 00 00 00 00 00 20 00 00 00 00 00 00  ..@...... ......
.  0020:  00 10 00 00 00 00 00 00 2f 6f 70 74 2f 70 74 61  ......../opt/pta
.  0030:  72 6d 69 67 61 6e 2f 63 61 6c 6c 73 00 00 00 00  rmigan/calls....
.  0040:  e1 10 00 00 e1 10 00 00 e8 03 00 00 00 00 00 00  ................
.  0050:  07 00 00 00 00 00 00 00                          ........        

1000 0 [0x58]: PERF_RECORD_MMAP 4321/4321: [0x401000(0x2000) @ 0x1000]: x /opt/ptarmigan/calls

0@threads.data/data.1 [0x38]: event: 19
.
. ... raw event: size 56 bytes
.  0000:  13 00 00 00 00 00 38 00 2a 00 00 00 00 00 00 00  ......8.*.......
.  0010:  2f 75 73 65 72 2e 73 6c 69 63 65 00 00 00 00 00  /user.slice.....
.  0020:  e1 10 00 00 e1 10 00 00 dc 05 00 00 00 00 00 00  ................
.  0030:  07 00 00 00 00 00 00 00                          ........        

1500 0 [0x38]: PERF_RECORD_CGROUP cgroup: 42 /user.slice

0x58@threads.data/data.0 [0x28]: event: 9
.
. ... raw event: size 40 bytes
.  0000:  09 00 00 00 02 00 28 00 07 00 00 00 00 00 00 00  ......(.........
.  0010:  40 10 40 00 00 00 00 00 e1 10 00 00 e1 10 00 00  @.@.............
.  0020:  d0 07 00 00 00 00 00 00                          ........        

2000 0x58 [0x28]: PERF_RECORD_SAMPLE(IP, 0x2): 4321/4321: 0x401040 period: 1 addr: 0
 ... thread: calls:4321
 ...... dso: /opt/ptarmigan/calls
           calls  4321     0.000002:          1 cpu-clock:HG:            401040 main+0x10 (/opt/ptarmigan/calls)

0x60@threads.data/data.1 [0x28]: event: 9
.
. ... raw event: size 40 bytes
.  0000:  09 00 00 00 02 00 28 00 07 00 00 00 00 00 00 00  ......(.........
.  0010:  d4 13 40 00 00 00 00 00 e1 10 00 00 e1 10 00 00  ..@.............
.  0020:  b8 0b 00 00 00 00 00 00                          ........        

3000 0x60 [0x28]: PERF_RECORD_SAMPLE(IP, 0x2): 4321/4321: 0x4013d4 period: 1 addr: 0
 ... thread: calls:4321
 ...... dso: /opt/ptarmigan/calls
           calls  4321     0.000003:          1 cpu-clock:HG:            4013d4 compare+0x4 (/opt/ptarmigan/calls)

0x80@threads.data/data.0 [0x28]: event: 9
.
. ... raw event: size 40 bytes
.  0000:  09 00 00 00 02 00 28 00 07 00 00 00 00 00 00 00  ......(.........
.  0010:  60 13 40 00 00 00 00 00 e1 10 00 00 e1 10 00 00  \`.@.............
.  0020:  a0 0f 00 00 00 00 00 00                          ........        

4000 0x80 [0x28]: PERF_RECORD_SAMPLE(IP, 0x2): 4321/4321: 0x401360 period: 1 addr: 0
 ... thread: calls:4321
 ...... dso: /opt/ptarmigan/calls
           calls  4321     0.000004:          1 cpu-clock:HG:            401360 descend+0x10 (/opt/ptarmigan/calls)

0x60@threads.data/data.1 [0x28]: event: 9
.
. ... raw event: size 40 bytes
.  0000:  09 00 00 00 02 00 28 00 07 00 00 00 00 00 00 00  ......(.........
.  0010:  d4 13 40 00 00 00 00 00 e1 10 00 00 e1 10 00 00  ..@.............
.  0020:  88 13 00 00 00 00 00 00                          ........        

5000 0x60 [0x28]: PERF_RECORD_SAMPLE(IP, 0x2): 4321/4321: 0x4013d4 period: 1 addr: 0
 ... thread: calls:4321
 ...... dso: /opt/ptarmigan/calls
           calls  4321     0.000005:          1 cpu-clock:HG:            4013d4 compare+0x4 (/opt/ptarmigan/calls)
`

it('of a directory, whose files are named and whose packed records stand where they were packed', async () => {
  const path = directory()
  const text = await dumped(path, path)
  expect(text.replaceAll(`${folder}/`, '')).toBe(wanted)
  if (hasPerf()) expect(text).toBe(execFileSync('perf', ['script', '-D', '-i', path, '--symfs', symfs], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
})

it('with the rows of records that are asked for among them', async () => {
  const path = join(folder, 'shown.data')
  const cgroup = record(19, 0, new Writer().u64(42).text('/user.slice').align(8).i32(PID).i32(PID).u64(1500).u64(ID))
  const exit = record(4, 0, new Writer().i32(PID).i32(1).i32(PID).i32(1).u64(2000).i32(PID).i32(PID).u64(2000).u64(ID))
  writeFileSync(path, perfData([{ type: 1, config: 0, sampleType: type, id: ID }], [comm('calls', ID), cgroup, exit, taken(0x401040, 3000)]))
  const options = ['--show-cgroup-events', '--show-task-events']
  const text = await dumped(path, path, options)
  expect(text.split('\n').filter((line) => /PERF_RECORD_[CE]|^\(/.test(line))).toEqual([
    '1000 0x100 [0x30]: PERF_RECORD_COMM: calls:4321/4321',
    '           calls  4321     0.000001: PERF_RECORD_COMM: calls:4321/4321',
    '1500 0x130 [0x38]: PERF_RECORD_CGROUP cgroup: 42 /user.slice',
    '           calls  4321     0.000001: PERF_RECORD_CGROUP cgroup: 42 /user.slice',
    '2000 0x168 [0x38]: PERF_RECORD_EXIT           calls  4321     0.000002: PERF_RECORD_EXIT(4321:4321):(1:1)',
    '(4321:4321):(1:1)',
  ])
  if (hasPerf()) expect(text).toBe(execFileSync('perf', ['script', '-D', '-i', path, ...options], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
})
