// SPDX-License-Identifier: Apache-2.0
// Bundles of chosen threads out of streams that several threads share: their rows as
// they were, times included, and nothing of the others' flow, names or maps.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textAt } from '../lib/text-column'
import type { Session } from '../engine/session'
import { noRedaction } from '../share/redaction'
import { bundled, fact, fixturesIn, opened, projectFixtures, sharedFixtures, unpackedBytes, type Fixture } from './bundles-for-tests'
import { scriptText } from './script-for-tests'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const LONGEST_MS = 300_000

/** What script prints of a trace, by thread. */
function rowsByThread(session: Session): Map<number, string[]> {
  const source = fact(session, 'source')
  const isSampled = /^(LBR|Samples)/.test(source)
  const fields = source === 'Intel PT' ? 'comm,tid,pid,cpu,time,event,ip,sym,symoff,dso,addr,flags,insn,ipc' : 'comm,tid,pid,event,ip,sym,symoff,dso,addr,flags,insn'
  const words = isSampled ? ['--ns', '-F', '+brstack,+brstacksym'] : [source === 'Intel PT' ? '--itrace=bei0ns' : '--itrace=b', '--ns', '-F', fields]
  const byThread = new Map<number, string[]>()
  for (const line of scriptText(session, words).split('\n')) {
    const tid = Number(/^ *\S.*?\s(?:-?\d+\/)?(-?\d+)\s/.exec(line)?.[1] ?? Number.NaN)
    if (Number.isNaN(tid)) continue
    const rows = byThread.get(tid) ?? []
    rows.push(ownPart(line))
    byThread.set(tid, rows)
  }
  return byThread
}

/** As perf does, script prints the last instruction of the CPU at a start of tracing, and the first
 * IPC there and of `instructions` rows counts since the last one before it: of whomever. */
const ownPart = (line: string): string =>
  line.replace(/( tr strt .*?)(\s+IPC: .*?)?( insn: [0-9a-f ]+)?$/, '$1').replace(/( instructions:.*?)\s+IPC: .*$/, '$1')

/** Places in memory that rows name. */
const placesIn = (rows: readonly string[]): Set<string> =>
  new Set(rows.flatMap((row) => [...row.matchAll(/(?<![\w+.:])(?:0x)?([0-9a-f]{6,16})(?![\w.:])/g)].map(([, hex = '']) => hex)))

/** Places inside functions that only others reach, as they would stand in a file. */
function placesOfOthers(byThread: ReadonlyMap<number, string[]>, tid: number): Buffer[] {
  const mine = placesIn(byThread.get(tid) ?? [])
  const rows = [...byThread].flatMap(([other, theirs]) => (other === tid ? [] : theirs))
  const starts = new Set(rows.flatMap((row) => [...row.matchAll(/([0-9a-f]{6,16}) \S+\+0x0 /g)].map(([, hex = '']) => hex)))
  return [...placesIn(rows)]
    .filter((place) => !mine.has(place) && !starts.has(place) && !place.endsWith('000'))
    .map((place) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(BigInt(`0x${place}`))
      return bytes.subarray(0, 6)
    })
}

const isFlow = (packet: string): boolean => /^(TIP|FUP)/.test(packet)

/** Addresses that packets tell and the rows of the thread do not. */
function strangePackets(session: Session, rows: readonly string[]): string[] {
  // Packets leave out the upper bytes that they share with the one before.
  const places = new Set([...placesIn(rows)].flatMap((place) => [place, place.slice(-8), place.slice(-8).replace(/^0+/, '')]))
  const queues = session.query('queues')
  const strange: string[] = []
  for (let queue = 0; queues.ok && queue < queues.value.rows; queue++) {
    const packets = session.query('packets', { queue, count: 1_000_000 })
    if (!packets.ok) return [packets.error.sentence]
    for (let row = 0; row < packets.value.rows; row++) {
      const [, ip] = /0x([0-9a-f]{6,16})/.exec(isFlow(textAt(packets.value.name, row)) ? textAt(packets.value.text, row) : '') ?? []
      if (ip !== undefined && !places.has(ip)) strange.push(`${textAt(packets.value.name, row)} ${ip}`)
    }
  }
  return strange
}

function threadsOf(session: Session): { tid: number; pid: number; comm: string }[] {
  const threads = session.query('threads')
  if (!threads.ok) throw new Error(threads.error.sentence)
  return Array.from(threads.value.tid, (tid, row) => ({ tid, pid: threads.value.pid[row] ?? 0, comm: textAt(threads.value.comm, row) })).slice(1)
}

const project = fixturesIn(projectFixtures).filter(({ name }) => ['threads-2cpu', 'threads-cpu-wide', 'threads-per-thread', 'forks-2cpu'].includes(name))
const shared = sharedFixtures().filter(({ name }) => ['pthr', 'pthr-cpu-wide', 'forkexec', 'ls', 'bts-pthr', 'lbr-pthr'].includes(name))

/** It names the programs that others run. */
const redaction = { ...noRedaction, commandLine: true }

describe('a bundle of one thread', () => {
  it.each<Fixture>([...project, ...shared])('$name', async (fixture) => {
    const whole = await opened(fixture.trace, fixture.symfs)
    const before = rowsByThread(whole)
    const threads = threadsOf(whole)
    const isPt = fact(whole, 'source') === 'Intel PT'
    for (const { tid } of threads) {
      const rows = before.get(tid) ?? []
      if (rows.length === 0 || tid === 0) continue
      const out = await bundled(folder, fixture, { threads: [tid], redaction })
      const again = await opened(out)
      expect({ tid, rows: rowsByThread(again).get(tid) }).toEqual({ tid, rows })
      if (!isPt) continue
      expect({ tid, strange: strangePackets(again, rows) }).toEqual({ tid, strange: [] })
      const bytes = await unpackedBytes(out)
      expect({ tid, leaked: placesOfOthers(before, tid).filter((place) => bytes.includes(place)).map((place) => place.toString('hex')) }).toEqual({ tid, leaked: [] })
      const strangers = threads.filter(({ comm }) => comm.length > 3 && comm !== 'swapper' && !rows.some((row) => row.trimStart().startsWith(`${comm} `)))
      expect({ tid, strangers: strangers.filter(({ comm }) => bytes.includes(`${comm}\0`)) }).toEqual({ tid, strangers: [] })
    }
  }, LONGEST_MS)
})

it('takes several threads, a range, and other addresses at once', async () => {
  const fixture = project.find(({ name }) => name === 'threads-2cpu')
  if (!fixture) throw new Error('the fixture is gone')
  const whole = await opened(fixture.trace, fixture.symfs)
  const tids = threadsOf(whole).filter(({ comm }) => comm.startsWith('worker')).map(({ tid }) => tid)
  expect(tids.length).toBeGreaterThan(1)
  const [start, end] = [86409_526860000n, 86409_526880000n]
  const range = { start: { ns: start, absolute: true }, end: { ns: end, absolute: true } }
  const again = await opened(await bundled(folder, fixture, { threads: tids, range, redaction: { ...redaction, addresses: true } }))
  const inRange = (rows: readonly string[] = []) =>
    rows.filter((row) => {
      const match = / (\d+)\.(\d{9}):/.exec(row)
      const time = match ? BigInt(`${match[1]}${match[2]}`) : 0n
      return time >= start && time < end
    })
  const [before, after] = [rowsByThread(whole), rowsByThread(again)]
  for (const tid of tids) {
    expect(inRange(before.get(tid)).length).toBeGreaterThan(100)
    expect(inRange(after.get(tid))).toEqual(inRange(before.get(tid)))
  }
  expect([...after].filter(([tid, rows]) => !tids.includes(tid) && rows.some((row) => / branches:| instructions:/.test(row)))).toEqual([])
}, LONGEST_MS)

it('is refused where nobody knows who ran when', async () => {
  const fixture = fixturesIn(projectFixtures).find(({ name }) => name === 'calls-notime')
  if (!fixture) throw new Error('the fixture is gone')
  const [thread] = threadsOf(await opened(fixture.trace, fixture.symfs))
  await expect(bundled(folder, fixture, { threads: [thread?.tid ?? 0] })).rejects.toThrow(
    'The threads of a CPU share one stream here, and without times nobody can tell who ran when: one thread cannot be cut out. Record with --per-thread, or with times.',
  )
})
