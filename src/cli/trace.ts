// SPDX-License-Identifier: Apache-2.0
// Opens a trace and its binaries for a command, and decodes it when the
// command needs the whole profile. One session, no workers.
import { readFile, stat } from 'node:fs/promises'
import { fail, ok, type Result } from '../lib/result'
import { textAt } from '../lib/text-column'
import { Session } from '../engine/session'
import { decoderUrl } from '../engine/wasm'
import { FileSources } from './file-sources'
import { KERNEL, MachineFinder, SymfsFinder, type ImageFinder } from './find-images'
import { say } from './output'

export type Trace = { session: Session; bytes: number }

/** Opens `path` and offers the binaries it names, if they are wanted; refused binaries are named on stderr. */
export async function openTrace(
  path: string,
  symfs: string | undefined,
  wantsImages: boolean,
  given: readonly string[] = [],
): Promise<Result<Trace, string>> {
  const finder = await finderFor(symfs)
  if (!finder.ok) return finder
  const sources = new FileSources()
  const file = sources.open(path)
  if (!file.ok) return file
  const session = await Session.create(await WebAssembly.compile(await readFile(decoderUrl)), sources)
  const opened = session.open(file.value.source, file.value.size)
  if (!opened.ok) return fail(`${path}: ${opened.error.sentence}`)
  if (wantsImages) {
    const named = offerGiven(session, sources, given)
    if (!named.ok) return named
    const kernel = offerKernel(session, sources, finder.value)
    if (!kernel.ok) return kernel
    const offered = offerImages(session, sources, finder.value)
    if (!offered.ok) return offered
  }
  return ok({ session, bytes: file.value.size })
}

async function finderFor(symfs: string | undefined): Promise<Result<ImageFinder, string>> {
  if (symfs === undefined) return ok(new MachineFinder())
  const found = await stat(symfs).catch(() => null)
  return found?.isDirectory() ? ok(new SymfsFinder(symfs.replace(/(?<=.)\/+$/, ''))) : fail(`--symfs ${symfs}: not a directory.`)
}

/** What the user named: what is refused is told. */
function offerGiven(session: Session, sources: FileSources, given: readonly string[]): Result<void, string> {
  for (const path of given) {
    const file = sources.open(path)
    if (!file.ok) return file
    const outcome = session.addImage(file.value.source, file.value.size, path)
    if (!outcome.ok) return fail(outcome.error.sentence)
    if (outcome.value.state !== 'used') say(outcome.value.sentence)
  }
  return ok(undefined)
}

/** What this machine has of kernels, unless one is given: what is of another kernel is not worth a word. */
function offerKernel(session: Session, sources: FileSources, finder: ImageFinder): Result<void, string> {
  const images = session.query('images')
  const info = infoOf(session)
  if (!images.ok) return fail(images.error.sentence)
  if (!info.ok) return info
  const { path, build_id, rows, status } = images.value
  const row = Array.from({ length: rows }, (_, at) => at).find((at) => textAt(path, at) === KERNEL)
  if (row === undefined || status[row] !== 0) return ok(undefined)
  for (const candidate of finder.kernelFiles(textAt(build_id, row), info.value.get('os_release') ?? '')) {
    const file = sources.open(candidate.file)
    const outcome = file.ok ? session.addImage(file.value.source, file.value.size, candidate.as) : null
    if (outcome && !outcome.ok) return fail(outcome.error.sentence)
  }
  return ok(undefined)
}

function offerImages(session: Session, sources: FileSources, finder: ImageFinder): Result<void, string> {
  const images = session.query('images')
  if (!images.ok) return fail(images.error.sentence)
  for (let row = 1; row < images.value.rows; row++) {
    const refused: string[] = []
    for (const candidate of finder.candidates(textAt(images.value.path, row), textAt(images.value.build_id, row))) {
      const file = sources.open(candidate.file)
      if (!file.ok) {
        refused.push(file.error)
        continue
      }
      const outcome = session.addImage(file.value.source, file.value.size, candidate.as)
      if (!outcome.ok) return fail(outcome.error.sentence)
      if (outcome.value.state === 'used') {
        refused.length = 0
        break
      }
      if (outcome.value.state !== 'unwanted') refused.push(`${candidate.file}: ${outcome.value.sentence}`)
    }
    for (const sentence of refused) say(sentence)
  }
  return ok(undefined)
}

const STEP_BYTES = 1 << 20

/** Decodes all segments into the session's profile; tells progress on a terminal. */
export function decodeAll(session: Session): Result<void, string> {
  const count = session.segments()
  const tell = process.stderr.isTTY
  for (let segment = 0; segment < count; segment++) {
    if (tell) process.stderr.write(`\rdecoding segment ${segment + 1} of ${count}`)
    const decoded = decodeSegment(session, segment)
    if (!decoded.ok) return decoded
  }
  if (tell) process.stderr.write('\r\x1b[K')
  return ok(undefined)
}

function decodeSegment(session: Session, segment: number): Result<void, string> {
  const started = session.decodeStart(segment)
  if (!started.ok) return fail(started.error.sentence)
  for (;;) {
    const step = session.decodeStep(STEP_BYTES)
    if (!step.ok) return fail(step.error.sentence)
    if (step.value === 'done') break
  }
  const part = session.part()
  if (!part.ok) return fail(part.error.sentence)
  const merged = session.merge(part.value)
  return merged.ok ? ok(undefined) : fail(merged.error.sentence)
}

/** The info table as a map; keys that may repeat keep their first value. */
export function infoOf(session: Session): Result<Map<string, string>, string> {
  const table = session.query('info')
  if (!table.ok) return fail(table.error.sentence)
  const info = new Map<string, string>()
  for (let row = 0; row < table.value.rows; row++) {
    const key = textAt(table.value.key, row)
    if (!info.has(key)) info.set(key, textAt(table.value.value, row))
  }
  return ok(info)
}
