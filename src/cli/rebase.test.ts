// SPDX-License-Identifier: Apache-2.0
// Bundles with other addresses: the same rows, moved map by map, and none of the
// old addresses in any byte of them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../engine/session'
import { bundled, fact, fixturesIn, opened, projectFixtures, sharedFixtures, unpackedBytes, type Fixture } from './bundles-for-tests'
import { scriptLines } from './script-for-tests'
import { noRedaction } from '../share/redaction'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const LONGEST_MS = 900_000
const redaction = { ...noRedaction, addresses: true }

type Mapped = { from: bigint; to: bigint }

const linesOf = (session: Session, words: readonly string[]): string[] => [...scriptLines(session, words)]

/** What was mapped, as script prints it. */
function mapsOf(session: Session): Mapped[] {
  return linesOf(session, ['--show-mmap-events', '--itrace=']).flatMap((line) => {
    const match = /PERF_RECORD_MMAP2? .*\[0x([0-9a-f]+)\(0x([0-9a-f]+)\)/.exec(line)
    const from = BigInt(`0x${match?.[1] ?? '0'}`)
    return match ? [{ from, to: from + BigInt(`0x${match[2]}`) }] : []
  })
}

/** Rows with addresses, and what belongs to them. */
function rowsOf(session: Session): string[] {
  const source = fact(session, 'source')
  if (/^(LBR|Samples)/.test(source)) return linesOf(session, ['--ns', '-F', 'comm,tid,time,event,ip,sym,symoff,dso,brstack'])
  if (source !== 'Intel PT') return linesOf(session, ['--itrace=b', '-F', 'comm,tid,event,ip,sym,symoff,dso,addr'])
  const times = fact(session, 'start_time_ns') === '0' ? [] : ['time']
  return linesOf(session, ['--itrace=bei0ns', '--ns', '-F', ['comm,tid', ...times, 'event,ip,sym,symoff,dso,addr,flags,insn,ipc'].join(',')])
}

const ADDRESS = /(?<![\w+.:])(?:0x)?([0-9a-f]{5,16})(?![\w.:])/g

/** Each row of one trace held against the same of the other; what is wrong, in words. */
function compare(before: readonly string[], after: readonly string[], maps: readonly Mapped[]): string[] {
  const wrong: string[] = []
  const deltas = new Map<Mapped | bigint, bigint>()
  if (before.length !== after.length) return [`${before.length} and ${after.length} rows`]
  const move = (old: string, fresh: string): boolean => {
    const address = BigInt(`0x${old}`)
    const delta = BigInt(`0x${fresh}`) - address
    const map = maps.find(({ from, to }) => address >= from && address < to) ?? address
    const known = deltas.get(map) ?? delta
    deltas.set(map, delta)
    return known === delta && delta % 0x1_0000n === 0n
  }
  before.forEach((row, at) => {
    const other = after[at] ?? ''
    const [olds, news] = [row, other].map((text) => [...text.matchAll(ADDRESS)].map(([, hex = '0']) => hex))
    const moves = olds?.length === news?.length && olds?.every((old, index) => move(old, news?.[index] ?? ''))
    const frames = [row, other].map((text) => text.replace(ADDRESS, '@').replace(/ +/g, ' '))
    if ((!moves || frames[0] !== frames[1]) && wrong.length < 5) wrong.push(`${row}\n${other}`)
  })
  return wrong
}

/** Bits 47 to 16 of everything that was mapped and was not to stay. */
function oldPlaces(maps: readonly Mapped[]): Buffer[] {
  const places = new Set<bigint>()
  for (const { from, to } of maps) {
    if (from < 0x4000_0000n || from === 0xffff_ffff_ff60_0000n) continue
    for (let granule = from >> 16n; granule <= (to - 1n) >> 16n && places.size < 4096; granule++) places.add(granule & 0xffff_ffffn)
  }
  return [...places].map((place) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(Number(place))
    return bytes
  })
}

/** Traces whose addresses cannot be replaced, and why. */
const refused: Record<string, RegExp> = {
  ptwrite: /values that the program or the CPU wrote into it \(PTWRITE\)/,
  'ptwrite-nofup': /values that the program or the CPU wrote into it \(PTWRITE\)/,
  ptw: /values that the program or the CPU wrote into it \(PTWRITE\)/,
  'ptw-nofup': /values that the program or the CPU wrote into it \(PTWRITE\)/,
  'lbr-pebs': /^The samples of this trace hold registers, copies of stacks/,
  'aux-sample': /^The samples of this trace hold registers, copies of stacks/,
}

/** Traces with 55 55 55 55 of their own, in long TNT packets or as a constant in code: what a program at 0x5555_5555_xxxx would leave looks the same. */
const alternating = ['algo-long-tnt', 'algo-mixed-tnt', 'cxx-full', 'ls', 'lbr-cxx']

describe('a bundle with other addresses', () => {
  const fixtures: Fixture[] = [...fixturesIn(projectFixtures), ...sharedFixtures()]
  it.each(fixtures)('$name', async (fixture) => {
    const why = refused[fixture.name]
    if (why) return expect(bundled(folder, fixture, { redaction })).rejects.toThrow(why)
    const whole = await opened(fixture.trace, fixture.symfs)
    const out = await bundled(folder, fixture, { redaction })
    const again = await opened(out)
    const maps = mapsOf(whole)
    const bytes = await unpackedBytes(out)
    const left = oldPlaces(maps).filter((place) => bytes.includes(place)).map((place) => place.toString('hex'))
    expect(left).toEqual(alternating.includes(fixture.name) ? ['55555555'] : [])
    expect(compare(rowsOf(whole), rowsOf(again), maps)).toEqual([])
  }, LONGEST_MS)
})

it('moves a program, and says where to', async () => {
  const fixture = fixturesIn(projectFixtures).find(({ name }) => name === 'calls-pie-cyc')
  if (!fixture) throw new Error('the fixture is gone')
  const out = await bundled(folder, fixture, { redaction })
  const first = async (path: string, symfs?: string) => {
    const session = await opened(path, symfs)
    const ranges = mapsOf(session).map(({ from, to }) => `${from.toString(16)}-${to.toString(16)}`)
    return [...ranges, ...linesOf(session, ['--itrace=i0ns', '-F', 'ip,sym,symoff,insn']).slice(0, 2)]
  }
  expect(await first(fixture.trace, fixture.symfs)).toEqual([
    '7ffff7ff7000-7ffff7ff9000',
    '7ffff7ffa000-7ffff7ffc000',
    'ffffffffff600000-ffffffffff601000',
    '     7ffff7ffa1bf _start+0x0 insn: 48 31 ed',
    '     7ffff7ffa1c2 _start+0x3 insn: 48 89 e7',
  ])
  expect(await first(out)).toEqual([
    '7f0000017000-7f0000019000',
    '7f000001a000-7f000001c000',
    'ffffffffff600000-ffffffffff601000',
    '     7f000001a1bf _start+0x0 insn: 48 31 ed',
    '     7f000001a1c2 _start+0x3 insn: 48 89 e7',
  ])
})
