// SPDX-License-Identifier: Apache-2.0
// A file of ordinary samples of several events: the flame graph's tree event by event,
// `report`, call chains and paths of kernel modules as perf prints them, and all of
// it out of a bundle too. Written here; where perf is installed it is asked.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { textAt } from '../lib/text-column'
import { buildCallTree, sampledEvents } from '../model/call-tree'
import type { Session } from '../engine/session'
import { Writer } from '../share/little-endian'
import { bundled, opened, projectFixtures } from './bundles-for-tests'
import { comm, mapped, perfData, PID, Sample, sample, type TestEvent } from './perf-data-for-tests'
import { hasPerf } from './perf-for-tests'
import { sampleReports } from './sample-report'
import { scriptText } from './script-for-tests'
import { openTrace } from './trace'

const symfs = join(projectFixtures, 'symfs')
const cli = join(import.meta.dirname, 'ptarmigan.mjs')
let folder = ''
let path = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
  path = join(folder, 'events.data')
  writeFileSync(path, trace())
})
afterAll(() => rmSync(folder, { recursive: true }))

const type = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME | Sample.CALLCHAIN | Sample.PERIOD
/** PERF_TYPE_HARDWARE: cycles and instructions; PERF_TYPE_SOFTWARE: page-faults. */
const events: TestEvent[] = [
  { type: 0, config: 0, sampleType: type, id: 11 },
  { type: 0, config: 1, sampleType: type, id: 22 },
  { type: 1, config: 2, sampleType: type, id: 33 },
]
const USER = -512n
const KERNEL = -128n
const MODULE = 0xffff_ffff_a001_0000n
const KERNEL_TEXT = 0xffff_ffff_8100_0000n

function taken(id: number, time: number, period: number, chain: readonly bigint[]): Uint8Array<ArrayBuffer> {
  const isKernel = chain[0] === KERNEL
  const body = new Writer().u64(id).u64(chain[1] ?? 0n).u32(PID).u32(PID).u64(time).u64(period).u64(chain.length)
  for (const ip of chain) body.u64(ip)
  return sample(body, isKernel)
}

const [main, descend, compare] = [0x401040n, 0x401360n, 0x4013d4n]

function trace(): Uint8Array<ArrayBuffer> {
  const maps = [
    mapped('[kernel.kallsyms]_text', KERNEL_TEXT, 0x100_0000, KERNEL_TEXT, 11, true),
    mapped('[wifi]', MODULE, 0x2000, 0n, 11, true),
    mapped('/opt/ptarmigan/calls', 0x401000n, 0x2000, 0x1000n, 11),
  ]
  const samples = [
    taken(11, 2000, 100, [USER, compare, main]),
    taken(22, 2500, 7000, [USER, descend, main]),
    taken(11, 3000, 300, [USER, descend, descend + 2n, main]),
    taken(33, 3500, 1, [USER, main]),
    taken(11, 4000, 50, [KERNEL, MODULE + 0x40n, USER, descend, main]),
    taken(22, 4500, 9000, [USER, compare, main]),
  ]
  const buildIds = [
    { path: '[kernel.kallsyms]', isKernel: true, id: new Uint8Array(20).fill(7) },
    { path: '/lib/modules/3.8.0/kernel/drivers/net/wifi.ko', isKernel: true, id: new Uint8Array(20).fill(9) },
  ]
  return perfData(events, [comm('calls', 11), ...maps, ...samples], buildIds)
}

/** "path;to;function weight" of each place where samples were taken. */
function stacksOf(session: Session, event: number): string[] {
  const table = session.query('sample_events')
  const tree = session.query('call_tree', { extra: event + 1 })
  const functions = session.query('functions')
  if (!table.ok || !tree.ok || !functions.ok) throw new Error('no tables')
  const built = buildCallTree(tree.value, { weight: 'events', byThread: false, event: sampledEvents(table.value)[event] ?? null })
  const nameOf = (node: number): string => textAt(functions.value.name, built.function[node] ?? 0) || '?'
  const stacks: string[] = []
  for (let node = 1; node < built.count; node++) {
    const self = built.self.events[node] ?? 0
    if (!(self > 0)) continue
    const names: string[] = []
    for (let at = node; at > 0; at = built.parent[at] ?? 0) names.unshift(nameOf(at))
    stacks.push(`${names.join(';')} ${self}`)
  }
  return stacks.toSorted()
}

it('makes a flame graph of each event', async () => {
  const session = await opened(path, symfs)
  expect([0, 1, 2].map((event) => stacksOf(session, event))).toEqual([
    ['main;compare 100', 'main;descend;? 50', 'main;descend;descend 300'],
    ['main;compare 9000', 'main;descend 7000'],
    ['main 1'],
  ])
})

it('takes names of the kernel from the list that was named, where a cache of build-ids has one too', async () => {
  const [text, cached] = [join(folder, 'kernel.data'), join(folder, '.debug/.build-id/07', '07'.repeat(19))]
  const named = mapped('[kernel.kallsyms]_text', KERNEL_TEXT, 0x100_0000, KERNEL_TEXT, 11, true)
  const inKernel = taken(11, 2000, 100, [KERNEL, KERNEL_TEXT + 4n])
  writeFileSync(text, perfData(events, [named, inKernel], [{ path: '[kernel.kallsyms]', isKernel: true, id: new Uint8Array(20).fill(7) }]))
  mkdirSync(cached, { recursive: true })
  for (const [place, name] of [[cached, 'of_the_cache'], [folder, 'as_named']] as const)
    writeFileSync(join(place, 'kallsyms'), `${KERNEL_TEXT.toString(16)} T _text\n${KERNEL_TEXT.toString(16)} T ${name}\n`)
  const nameOf = async (given: string[]) => {
    const opening = await openTrace(text, folder, true, undefined, given)
    if (!opening.ok) throw new Error(opening.error)
    return scriptText(opening.value.session, ['-F', 'ip,sym', '-G']).trim()
  }
  expect(await nameOf([])).toBe('ffffffff81000004 of_the_cache')
  expect(await nameOf([join(folder, 'kallsyms')])).toBe('ffffffff81000004 as_named')
})

it('counts each event for itself', async () => {
  const session = await opened(path, symfs)
  const reports = sampleReports(session)
  const functions = session.query('functions')
  if (!reports.ok || !functions.ok) throw new Error('no report')
  const lines = reports.value.map(({ event, samples, functions: rows }) => [
    `${event.name}: ${samples}`,
    ...rows.map((row) => `${textAt(functions.value.name, row.function) || '?'} self ${row.self.samples}/${row.self.events} total ${row.total.samples}/${row.total.events}`),
  ])
  expect(lines).toEqual([
    ['cycles:HG: 3', 'descend self 1/300 total 2/350', 'compare self 1/100 total 1/100', '? self 1/50 total 1/50', 'main self 0/0 total 3/450'],
    ['instructions:HG: 2', 'compare self 1/9000 total 1/9000', 'descend self 1/7000 total 1/7000', 'main self 0/0 total 2/16000'],
    ['page-faults:HG: 1', 'main self 1/1 total 1/1'],
  ])
})

it('prints chains, with paths of modules out of the build-id table', async () => {
  const words = ['-F', 'comm,tid,time,period,event,ip,sym,symoff,dso']
  const ours = scriptText(await opened(path, symfs), words)
  expect(ours.split('\n').filter((line) => line.includes('wifi'))).toEqual(['\tffffffffa0010040 [unknown] (/lib/modules/3.8.0/kernel/drivers/net/wifi.ko)'])
  const again = await opened(await bundled(folder, { name: 'events', trace: path, symfs }, {}))
  expect(scriptText(again, words)).toBe(ours)
  if (!hasPerf()) return
  expect(ours).toBe(execFileSync('perf', ['script', '--symfs', symfs, '-i', path, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
})

it('keeps the code and names of branch stacks in a bundle', async () => {
  const words = ['--ns', '-F', '+brstacksym,+brstackinsn']
  const lbr = { name: 'lbr', trace: join(projectFixtures, 'other/lbr-calls.perf.data'), symfs }
  const wanted = scriptText(await opened(lbr.trace, symfs), words)
  expect(wanted.length).toBeGreaterThan(10_000)
  expect(scriptText(await opened(await bundled(folder, lbr, {})), words)).toBe(wanted)
})

it('prints the address of a raw event that records none only when asked', async () => {
  const sampleType = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME
  const file = join(folder, 'raw.data')
  const one = sample(new Writer().u64(44).u64(compare).u32(PID).u32(PID).u64(2000))
  writeFileSync(file, perfData([{ type: 4, config: 0xc4, sampleType, id: 44 }], [comm('calls', 44), mapped('/opt/ptarmigan/calls', 0x401000n, 0x2000, 0x1000n, 44), one]))
  const session = await opened(file, symfs)
  const text = scriptText(session, [])
  expect(text).toBe('           calls  4321     0.000002:          1 raw 0xc4:HG:            4013d4 compare+0x4 (/opt/ptarmigan/calls)\n')
  if (hasPerf()) expect(execFileSync('perf', ['script', '-i', file, '--symfs', symfs], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toBe(text)
  expect(() => scriptText(session, ['-F', '+addr'])).toThrow("Samples for 'raw 0xc4:HG' event do not have ADDR attribute set. Cannot print 'addr' field.")
})

it('names tracepoints whose words it cannot tell', async () => {
  const traced: TestEvent[] = [
    { type: 2, config: 315, sampleType: type, id: 11 },
    { type: 1, config: 0, sampleType: type, id: 22 },
  ]
  const file = join(folder, 'tracepoints.data')
  writeFileSync(file, perfData(traced, [comm('app', 11), mapped('/opt/app', 0x401000n, 0x1000, 0x1000n, 11), taken(11, 2000, 1, [USER, main]), taken(22, 3000, 1, [USER, main])]))
  const run = (...words: string[]) => spawnSync(process.execPath, [cli, 'script', file, ...words], { encoding: 'utf8' })
  const all = run()
  expect(all.stdout).toBe(`app  4321     0.000002: tracepoint:315:HG: 
\t            1040 [unknown] (/opt/app)

app  4321     0.000003:          1      cpu-clock:HG: 
\t            1040 [unknown] (/opt/app)

`)
  expect(all.stderr).toContain("what tracepoints say (tracepoint:315:HG; perf's field trace) cannot be printed: the file does not describe their formats, or in a way that is not understood.\n")
  expect(run('-F', 'trace:comm,ip').stderr).not.toContain('tracepoints')
})
