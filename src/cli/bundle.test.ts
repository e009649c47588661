// SPDX-License-Identifier: Apache-2.0
// A bundle of a time range, opened with nothing else, gives the rows that the
// whole trace gives inside that range: of script and of the instructions table,
// field by field. Done with every fixture there is.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tableColumns, type TableName, type Tables } from '../model/tables.gen'
import { textAt, type TextColumn } from '../lib/text-column'
import type { Session } from '../engine/session'
import { openBundle, readMember } from '../share/container'
import { MemorySource } from '../share/pieces'
import { noRedaction } from '../share/redaction'
import { directoryForm } from '../../e2e/make-forms'
import { bundle } from './bundle'
import { bundled, fact, fixturesIn, opened, projectFixtures, sharedFixtures } from './bundles-for-tests'
import { differences, scriptLines, scriptText } from './script-for-tests'
import { decodeAll, openTrace } from './trace'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const isText = (column: unknown): column is TextColumn => typeof column === 'object' && column !== null && 'pool' in column

/** One row as text, column by column, without the columns named. */
function rowText<Name extends TableName>(name: Name, table: Tables[Name], row: number, without: readonly string[]): string {
  const cells: string[] = []
  for (const [column] of tableColumns[name]) {
    if (without.includes(column)) continue
    const values: unknown = table[column as keyof Tables[Name]]
    if (isText(values)) cells.push(`${column}=${textAt(values, row)}`)
    else if (ArrayBuffer.isView(values)) cells.push(`${column}=${(values as unknown as ArrayLike<number | bigint>)[row]}`)
  }
  return cells.join(' ')
}

const FIELDS = 'comm,tid,pid,cpu,time,event,ip,sym,symoff,dso,addr,flags,insn,ipc'

/** The fields of a trace whose branches have no times of their own. */
const TIMELESS_FIELDS = 'comm,tid,pid,event,ip,sym,symoff,dso,addr,flags,insn'

/** All that script prints, line by line; of samples what they hold by default. */
function everyLine(session: Session): Generator<string> {
  const isTrace = !/^(LBR|Samples)/.test(fact(session, 'source'))
  if (!isTrace) return scriptLines(session, ['--ns', '-F', '+brstack,+brstacksym'])
  const isTimed = fact(session, 'source') === 'Intel PT' && fact(session, 'start_time_ns') !== '0'
  if (!isTimed) return scriptLines(session, ['--itrace=b', '-F', TIMELESS_FIELDS])
  return scriptLines(session, ['--itrace=bei0ns', '--ns', '-F', lacksAddresses(session) ? FIELDS.replace(',addr', '') : FIELDS])
}

/** Samples that bring AUX data along are printed with the same fields as the trace, and have no address. */
function lacksAddresses(session: Session): boolean {
  try {
    scriptLines(session, ['-F', 'addr']).next()
    return false
  } catch (refused) {
    expect(String(refused)).toContain('do not have ADDR attribute set')
    return true
  }
}

/** Of ns of perf's clock; null for a line without. */
function timeOf(line: string): bigint | null {
  const match = / (\d+)\.(\d{9}):/.exec(line)
  return match ? BigInt(`${match[1]}${match[2]}`) : null
}

/** What script prints of [start, end). */
function* scriptRows(session: Session, start: bigint, end: bigint): Generator<string> {
  // Lines without a time (call chains) belong to the one before.
  let time: bigint | null = null
  for (const line of everyLine(session)) {
    time = timeOf(line) ?? time
    if (line !== '' && (time === null ? start === end : time >= start && time < end)) yield line
  }
}

/** The instructions of all threads in a range, under names instead of row numbers. */
function* instructionRows(session: Session, start: bigint, end: bigint): Generator<string> {
  const origin = BigInt(fact(session, 'start_time_ns'))
  const threads = session.query('threads')
  const images = session.query('images')
  if (!threads.ok || !images.ok) throw new Error('no tables')
  const numbered = ['ordinal', 'time_ns', 'function', 'image', 'queue', 'offset', 'gap_text', 'gap_lost']
  for (let thread = 1; thread < threads.value.rows; thread++) {
    for (let first = 0; ; ) {
      const answer = session.query('instructions', { thread, first, count: 50_000 })
      if (!answer.ok) throw new Error(answer.error.sentence)
      const table = answer.value
      if (table.rows === 0) break
      first += table.rows
      // The names of functions now that the table may have added some.
      const names = session.query('functions')
      if (!names.ok) throw new Error(names.error.sentence)
      for (let row = 0; row < table.rows; row++) {
        const relative = table.time_ns[row] ?? Number.NaN
        const time = Number.isNaN(relative) ? start : BigInt(Math.round(relative)) + origin
        if (start !== end && (time < start || time >= end)) continue
        const named = `${textAt(names.value.name, table.function[row] ?? 0)} in ${textAt(images.value.path, table.image[row] ?? 0)}`
        yield `${threads.value.tid[thread]} ${time} ${named} ${rowText('instructions', table, row, numbered)}`
      }
    }
  }
}

/** Times that cut off what happened before its 40 and behind its 60 percent. */
function middle(session: Session): { start: bigint; end: bigint } {
  const origin = BigInt(fact(session, 'start_time_ns'))
  if (origin === 0n) return { start: 0n, end: 0n }
  const times: number[] = []
  for (const line of everyLine(session)) {
    const time = timeOf(line)
    if (time !== null) times.push(Number(time - origin))
  }
  if (times.length === 0) {
    const duration = BigInt(fact(session, 'duration_ns'))
    return { start: origin + duration / 3n, end: origin + (duration * 2n) / 3n }
  }
  const sorted = Float64Array.from(times).toSorted()
  const at = (share: number) => origin + BigInt(sorted[Math.floor(sorted.length * share)] ?? 0)
  return { start: at(0.4), end: at(0.6) }
}

const project = fixturesIn(projectFixtures)
const shared = sharedFixtures()
const LONGEST_MS = 900_000

describe('a bundle of the whole trace', () => {
  it.each(project.filter(({ name }) => ['calls-cyc', 'threads-2cpu', 'signals-event', 'calls-zstd'].includes(name)))('$name', async (fixture) => {
    const whole = await opened(fixture.trace, fixture.symfs)
    const again = await opened(await bundled(folder, fixture, {}))
    expect(differences(scriptRows(whole, 0n, 1n << 63n), scriptRows(again, 0n, 1n << 63n))).toEqual([])
    expect(differences(instructionRows(whole, 0n, 1n << 63n), instructionRows(again, 0n, 1n << 63n))).toEqual([])
  }, LONGEST_MS)
})

describe('a bundle of a range has the rows of the range', () => {
  it.each([...project, ...shared])('$name', async (fixture) => {
    const whole = await opened(fixture.trace, fixture.symfs)
    const { start, end } = middle(whole)
    const range = { start: { ns: start, absolute: true }, end: { ns: end, absolute: true } }
    const timeless = start === end
    const again = await opened(await bundled(folder, fixture, timeless ? {} : { range }))
    expect(differences(scriptRows(whole, start, end), scriptRows(again, start, end))).toEqual([])
    expect(differences(instructionRows(whole, start, end), instructionRows(again, start, end))).toEqual([])
  }, LONGEST_MS)
})

describe('a redacted bundle', () => {
  it.each(['threads-2cpu', 'calls-zstd'])('of %s holds none of the names that were to be left out, and the same rows but for these', async (name) => {
    const fixture = project.find((one) => one.name === name)
    if (!fixture) throw new Error('the fixture is gone')
    const whole = await opened(fixture.trace, fixture.symfs)
    const redaction = { host: true, commandLine: true, comms: true, paths: true, symbols: 'hash', lines: true, addresses: false } as const
    const out = await bundled(folder, fixture, { redaction })
    const secrets = secretsOf(whole)
    expect(secrets.length).toBeGreaterThan(20)
    const text = await unpackedText(out)
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
    const again = await opened(out)
    const places = (rows: readonly string[]) => rows.map((row) => row.replace(/^ *\S+/, '').replace(/ \S+\+0x[0-9a-f]+ \(\S+\)| \[unknown\] \(\S+\)/g, ' '))
    const everything = 1n << 63n
    expect(places([...scriptRows(again, 0n, everything)])).toEqual(places([...scriptRows(whole, 0n, everything)]))
  }, LONGEST_MS)

  it('of one thread holds no packets of the others', async () => {
    const own = project.find(({ name }) => name === 'threads-per-thread')
    if (!own) throw new Error('the fixture is gone')
    const whole = await opened(own.trace, own.symfs)
    const threads = whole.query('threads')
    const tid = threads.ok ? (threads.value.tid[2] ?? 0) : 0
    const again = await opened(await bundled(folder, own, { threads: [tid] }))
    const mine = (rows: readonly string[]) => rows.filter((row) => new RegExp(`/${tid}\\s`).test(row))
    const rows = [...scriptRows(again, 0n, 1n << 63n)]
    expect(rows).toEqual(mine(rows))
    expect(rows).toEqual(mine([...scriptRows(whole, 0n, 1n << 63n)]))
  }, LONGEST_MS)
})

/** Names that a reader of the trace can learn from it. */
function secretsOf(session: Session): string[] {
  const secrets = new Set(['hostname', 'os_release', 'command_line'].map((key) => fact(session, key)))
  const tables = [session.query('threads'), session.query('functions'), session.query('images')] as const
  const [threads, functions, images] = tables
  if (threads.ok) for (let row = 1; row < threads.value.rows; row++) secrets.add(textAt(threads.value.comm, row))
  if (functions.ok) for (let row = 1; row < functions.value.rows; row++) secrets.add(textAt(functions.value.name, row))
  if (images.ok) for (let row = 1; row < images.value.rows; row++) secrets.add(textAt(images.value.path, row))
  // Words of three letters may stand in any bytes; the kernel's own names and perf's event "dummy" are nobody's secret.
  return [...secrets].filter((name) => name.length > 3 && !name.startsWith('[') && name !== 'swapper' && name !== 'dummy')
}

/** Index and members of a bundle as text of single bytes, but for the executed code: compilers put short texts into instructions. */
async function unpackedText(path: string): Promise<string> {
  const source = new MemorySource(new Uint8Array(readFileSync(path)))
  const bundle = await openBundle(source)
  if (!bundle.ok) throw new Error(bundle.error)
  const { members, about } = bundle.value.index
  const texts = [JSON.stringify({ members, about: { ...about, left: [] } })]
  for (const member of members) {
    const read = await readMember(source, bundle.value, member)
    if (!read.ok) throw new Error(read.error)
    const head = member.extents?.[1] ?? read.value.length
    const tail = member.extents?.at(-1) ?? 0
    texts.push(latin(read.value.subarray(0, head)), latin(read.value.subarray(read.value.length - tail)))
  }
  return texts.join('\n')
}

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

describe('what cannot be a bundle says why', () => {
  it('a recording in several files of a directory', async () => {
    const form = directoryForm(join(projectFixtures, 'calls-cyc.perf.data'))
    const path = join(folder, 'directory')
    mkdirSync(path)
    for (const [name, bytes] of Object.entries(form)) writeFileSync(join(path, name), bytes)
    const made = bundled(folder, { name: 'directory', trace: path, symfs: join(projectFixtures, 'symfs') }, {})
    await expect(made).rejects.toThrow(
      'A recording that is a directory with several data files (perf record --threads) cannot be made a bundle: share its folder as a tar, which opens as well.',
    )
  }, LONGEST_MS)
})

describe('a bundle with code of the kernel', () => {
  const walks = join(projectFixtures, 'walk')
  it.each([
    ['vmlinux', ['vmlinux']],
    ['kcore', ['kallsyms', 'kcore']],
    ['poke', ['vmlinux']],
    ['bpf', ['vmlinux']],
  ])('%s prints the same, and keeps its addresses', async (name, given) => {
    const lines = (session: Session) => scriptText(session, ['--itrace=i0ns', '--ns', '-F', 'comm,tid,time,ip,sym,symoff,dso,insn']).split('\n')
    const files = given.map((file) => join(walks, file))
    const opening = await openTrace(join(walks, `${name}.perf.data`), join(walks, 'symfs'), true, undefined, files)
    if (!opening.ok) throw new Error(opening.error)
    const trace = opening.value
    const out = join(folder, `${name}.ptarmigan`)
    const wish = { out, link: null, range: null, threads: null, redaction: noRedaction, title: '', note: '', withSources: false }
    expect(await bundle(trace, wish)).toEqual({ ok: true, value: undefined })
    const again = await openTrace(out, undefined, true)
    if (!again.ok) throw new Error(again.error)
    const decoded = decodeAll(again.value.session)
    if (!decoded.ok) throw new Error(decoded.error)
    const wanted = lines(trace.session)
    expect(wanted.length).toBeGreaterThan(2000)
    expect(lines(again.value.session)).toEqual(wanted)
    const refused = await bundle(trace, { ...wish, redaction: { ...noRedaction, addresses: true } })
    expect(refused.ok ? '' : refused.error).toMatch(/^Code of the kernel was executed here, and it holds the addresses/)
  }, LONGEST_MS)
})

it('prints the lines of all code, and of such without any what is printed of the whole trace', async () => {
  const name = 'signals-cyc'
  const fixture = { name, trace: join(projectFixtures, `${name}.perf.data`), symfs: join(projectFixtures, 'symfs') }
  const [whole, cut] = [await opened(fixture.trace, fixture.symfs), await opened(await bundled(folder, fixture, {}))]
  const words = ['--itrace=i20ibg8', '-F', 'ip,sym,symoff,dso,srcline']
  expect(scriptText(whole, words)).toContain('\n  __libc_start_main.lo:0\n')
  expect(differences(scriptLines(whole, words), scriptLines(cut, words))).toEqual([])
})
