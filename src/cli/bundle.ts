// SPDX-License-Identifier: Apache-2.0
// `ptarmigan bundle`: a trace, or a part of it, with the code, symbols and lines
// it needs, in one file.
import { open, readFile, rename, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { fail, ok, type Result } from '../lib/result'
import { textAt } from '../lib/text-column'
import type { TimeRange } from '../model/view-state'
import type { Session } from '../engine/session'
import { makeBundle, type Ask, type Contents } from '../share/make-bundle'
import { chunksOf, type Piece } from '../share/pieces'
import type { Redaction } from '../share/redaction'
import { print, say } from './output'
import { decodeAll, infoOf, type Trace } from './trace'

/** A range's end as typed: in ns since the trace's start, or of perf's clock. */
export type TypedTime = { ns: bigint; absolute: boolean }

export type BundleOptions = {
  /** Where to write it; undefined: nowhere. */
  out: string | undefined
  /** The page that opens a link which holds all of it; null: no link. */
  link: string | null
  range: { start: TypedTime; end: TypedTime } | null
  threads: readonly number[] | null
  redaction: Redaction
  title: string
  note: string
  withSources: boolean
}

export async function bundle(trace: Trace, options: BundleOptions): Promise<Result<void, string>> {
  const { session } = trace
  const decoded = decodeAll(session)
  if (!decoded.ok) return decoded
  const rows = threadRows(session, options.threads)
  if (!rows.ok) return rows
  const range = options.range ? fitRange(session, options.range) : ok(null)
  if (!range.ok) return range
  const ask: Ask = (name, request) => Promise.resolve(session.query(name, request))
  const wish = { ...options, range: range.value, threads: rows.value, view: '' }
  const made = await makeBundle(trace.file, basename(trace.name), ask, { ...wish, ...(options.withSources && { sources: sourceTexts }) })
  if (!made.ok) return made
  if (options.out !== undefined) {
    const written = await writeOut(options.out, made.value.pieces)
    if (!written.ok) return written
  }
  say(summary(options.out ?? 'the bundle', made.value.contents))
  if (options.link === null) return ok(undefined)
  const value = await made.value.linkValue()
  if (!value.ok) return value
  say(`All of it is in the link: whoever sees the link can read it, for as long as the link exists.`)
  await print(`${options.link}#bundle=${value.value}\n`)
  return ok(undefined)
}

/** Source files that the executed code names and this machine has. */
async function sourceTexts(paths: readonly string[]): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const texts = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const path of paths) {
    const text = await readFile(path).catch(() => null)
    if (text) texts.set(path, new Uint8Array(text))
  }
  return texts
}

function threadRows(session: Session, tids: readonly number[] | null): Result<number[] | null, string> {
  if (!tids) return ok(null)
  const threads = session.query('threads')
  if (!threads.ok) return fail(threads.error.sentence)
  const rows: number[] = []
  for (const tid of tids) {
    const row = threads.value.tid.indexOf(tid)
    if (row < 0) return fail(`--thread ${tid}: the trace has no such thread; it has ${threadList(threads.value.tid, threads.value.comm)}.`)
    rows.push(row)
  }
  return ok(rows)
}

function threadList(tids: Int32Array, comms: Parameters<typeof textAt>[0]): string {
  const names = Array.from(tids, (tid, row) => `${tid} (${textAt(comms, row)})`).slice(1, 9)
  return names.join(', ') + (tids.length > 9 ? ` and ${tids.length - 9} more` : '')
}

function fitRange(session: Session, { start, end }: { start: TypedTime; end: TypedTime }): Result<TimeRange, string> {
  const info = infoOf(session)
  if (!info.ok) return info
  const origin = BigInt(info.value.get('start_time_ns') ?? '0')
  const duration = Number(info.value.get('duration_ns') ?? 0)
  const relative = ({ ns, absolute }: TypedTime) => Number(absolute ? ns - origin : ns)
  const range = { start_ns: Math.max(0, relative(start)), end_ns: Math.min(duration, relative(end)) }
  if (range.start_ns < range.end_ns) return ok(range)
  return fail(`--range: nothing of the trace lies in it: it begins at ${origin} ns of perf's clock and lasts ${duration} ns.`)
}

/** Writes to a file beside it first: half a bundle is never left under the name. */
async function writeOut(path: string, pieces: readonly Piece[]): Promise<Result<void, string>> {
  const temporary = `${path}.${process.pid}.part`
  try {
    const file = await open(temporary, 'w')
    try {
      for await (const chunk of chunksOf(pieces)) await file.write(chunk)
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    return ok(undefined)
  } catch (error) {
    await rm(temporary, { force: true })
    return fail(`${path} could not be written: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

function summary(path: string, contents: Contents): string {
  const { bytes, traceBytes, codeBytes, images, symbols, sources, left } = contents
  return [
    `${path}: ${bytes} bytes: ${traceBytes} of trace, ${codeBytes} of executed code in ${images.length} binaries, ${symbols.length} symbols${sources.length > 0 ? `, ${sources.length} source files` : ''}.`,
    ...left,
  ].join(' ')
}
