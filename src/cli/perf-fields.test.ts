// SPDX-License-Identifier: Apache-2.0
// Fields that a sweep over all of perf's, alone and together, found to differ. Where perf is installed it is asked.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { opened, projectFixtures } from './bundles-for-tests'
import { parseCommand } from './args'
import { Writer } from '../share/little-endian'
import { comm, mapped, perfData, PID, sample, Sample } from './perf-data-for-tests'
import { hasPerf } from './perf-for-tests'
import { scriptText } from './script-for-tests'

const symfs = join(projectFixtures, 'symfs')
const fixture = (name: string): string => join(projectFixtures, `${name}.perf.data`)
const ofPerf = (name: string, words: readonly string[]): string =>
  execFileSync('perf', ['script', '-i', fixture(name), '--symfs', symfs, ...words], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] })

it('shows the instruction at the first PSB of a snapshot, before which nothing was walked', async () => {
  const text = scriptText(await opened(fixture('other/snapshot-calls'), symfs), ['--itrace=p', '-F', 'event,ip,insn'])
  expect(text.split('\n').slice(-5, -2)).toEqual([
    '        psb:            401f84 insn: 83 f8 3f',
    '        psb:            402478 insn: 72 14',
    '        psb:            401c50 insn: 48 8b 73 08',
  ])
})

it('prints nothing where flags, which are no field of their own, are all that is asked for', async () => {
  expect(scriptText(await opened(fixture('other/aux-sample-calls'), symfs), ['-F', 'flags'])).toBe('')
  expect(scriptText(await opened(fixture('other/lbr-calls'), symfs), ['-F', 'flags'])).toBe('')
})

it('refuses what perf refuses, in its words', async () => {
  const session = await opened(fixture('calls-notime'), symfs)
  expect(() => scriptText(session, ['-F', 'srcline'])).toThrow('Display of source line number requested but sample IP is not selected. Hence, no address to lookup the source line number.')
  expect(() => scriptText(session, ['-F', 'time'])).toThrow("Samples for 'intel_pt//u' event do not have TIME attribute set. Cannot print 'time' field.")
  expect(parseCommand(['script', '-F', '-dsoff', 'x'])).toEqual({ ok: false, error: '-F dsoff: perf 6.1 has no such field; --perf-version 6.12 has.' })
})

const commands: Record<string, string[][]> = {
  'other/aux-sample-calls': [['-F', '+insn,+flags'], ['--itrace=wpxIe', '-F', 'ip,sym,insnlen'], ['-F', 'flags', '--itrace=b']],
  'other/snapshot-calls': [['--itrace=bp', '-F', '+insn,+flags'], ['--itrace=i1usp', '-F', '+insnlen,+addr']],
}
for (const [name, lists] of Object.entries(commands))
  it.runIf(hasPerf())(`prints what perf does of ${name}`, async () => {
    const session = await opened(fixture(name), symfs)
    for (const words of lists) expect(scriptText(session, words), words.join(' ')).toBe(ofPerf(name, words))
  })

it('tells where a branch led in samples of every branch, as perf inject makes them of a trace', async () => {
  const type = Sample.IP | Sample.TID | Sample.TIME | Sample.ADDR
  const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
  const file = join(folder, 'branches.data')
  const body = new Writer().u64(0x401040n).u32(PID).u32(PID).u64(2000).u64(0x401360n)
  writeFileSync(file, perfData([{ type: 0, config: 4, sampleType: type, id: 7 }], [mapped('/opt/ptarmigan/calls', 0x401000n, 0x2000, 0x1000n, 7), sample(body)]))
  const text = async (...words: string[]) => scriptText(await opened(file, symfs), words)
  expect(await text()).toMatch(/branches:\S* +401040 main\+0x10 \(\S+calls\) => +401360 descend\+0x10 \(\S+calls\)\n$/)
  expect(await text('-F', 'ip,addr')).toBe('           401040 =>           401360\n')
  for (const words of [[], ['-F', 'ip,addr'], ['-F', 'ip,sym,srcline,insn,addr'], ['-F', 'ip']])
    if (hasPerf()) expect(await text(...words)).toBe(execFileSync('perf', ['script', '-i', file, '--symfs', symfs, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  rmSync(folder, { recursive: true })
})

/** What perf inject writes of packets, by config of an event of PERF_TYPE_SYNTH, and what is said of it. */
const written: [config: number, words: (raw: Writer) => Writer, said: string][] = [
  [0, (raw) => raw.u32(1).u64(0x6c6c65n), 'IP: 1 payload: 0x6c6c65 ell'],
  [1, (raw) => raw.u32(0).u64(0x2_0000_0011n), 'hints: 0x11 extensions: 0x2'],
  [2, (raw) => raw.u32(0).u64(0x3280n), 'hw: 1 cstate: 3 sub-cstate: 2'],
  [4, (raw) => raw.u32(0).u64(0x143n), 'deepest cstate: 3 last cstate: 4 wake reason: 0x1'],
  [5, (raw) => raw.u32(0x280014).u32(2_000_400).u32(0), 'cbr: 20 freq: 2000 MHz ( 50%)'],
  [6, (raw) => raw.u32(0).u64(0x1230n), 'psb offs: 0x1230'],
  [7, (raw) => raw.u32(0x1_0e81).u64(0).u64(0x1234n), 'cfe: INTR IP: 1 vector: 14 PFA: 0x1234'],
  [8, (raw) => raw.u32(3).u64(0x401040n), 'IFLAG: 0->1 via branch'],
]

it('says what perf inject wrote of packets, of a thread that has no name yet', async () => {
  const type = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME | Sample.RAW
  const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
  for (const [config, words, said] of written) {
    const file = join(folder, `${config}.data`)
    const raw = words(new Writer()).take()
    const body = new Writer().u64(7).u64(0n).u32(PID).u32(PID).u64(500).u32(raw.length).put(raw)
    writeFileSync(file, perfData([{ type: 0x8000_0000, config, sampleType: type, id: 7 }], [comm('later', 7), sample(body)]))
    const text = scriptText(await opened(file, symfs), ['-F', 'comm,synth'])
    expect(text.trim().replace(/ +/g, ' ')).toBe(`:${PID} ${said}`)
    if (hasPerf()) expect(text).toBe(execFileSync('perf', ['script', '-i', file, '-F', 'comm,synth'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  }
  rmSync(folder, { recursive: true })
})
