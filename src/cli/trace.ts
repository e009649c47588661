// SPDX-License-Identifier: Apache-2.0
// Opens a trace and its binaries for a command, and decodes it when the
// command needs the whole profile. One session, no workers.
import { readFile, stat } from 'node:fs/promises'
import { fail, ok, type Result } from '../lib/result'
import { textAt } from '../lib/text-column'
import { Session } from '../engine/session'
import { decoderUrl } from '../engine/wasm'
import type { ByteSource } from '../share/pieces'
import { FileSources } from './file-sources'
import { MachineFinder, SymfsFinder, type ImageFinder } from './find-images'
import { bundleFiles, byteSource, offerBundle } from './open-bundle'
import { say } from './output'
import { isBundle } from '../share/container'

/** `file`: the perf.data's bytes, `name`: its name; out of the bundle, where one was opened. */
export type Trace = { session: Session; bytes: number; file: ByteSource; name: string }

/** Opens `path` and offers the binaries it names, if they are wanted; refused binaries are named on stderr. */
export async function openTrace(path: string, symfs: string | undefined, wantsImages: boolean): Promise<Result<Trace, string>> {
  const finder = await finderFor(symfs)
  if (!finder.ok) return finder
  const sources = new FileSources()
  const file = sources.open(path)
  if (!file.ok) return file
  const head = new Uint8Array(8)
  sources.read(file.value.source, 0, head)
  const bundle = isBundle(head) ? await bundleFiles(sources, file.value, path) : null
  if (bundle && !bundle.ok) return bundle
  const trace = bundle ? bundle.value.trace : file.value
  const session = await Session.create(await WebAssembly.compile(await readFile(decoderUrl)), sources)
  const opened = session.open(trace.source, trace.size)
  if (!opened.ok) return fail(`${path}: ${opened.error.sentence}`)
  if (wantsImages) {
    const offered = bundle ? offerBundle(session, bundle.value) : offerImages(session, sources, finder.value)
    if (!offered.ok) return offered
  }
  return ok({ session, bytes: trace.size, file: byteSource(sources, trace), name: bundle ? bundle.value.name : path })
}

async function finderFor(symfs: string | undefined): Promise<Result<ImageFinder, string>> {
  if (symfs === undefined) return ok(new MachineFinder())
  const found = await stat(symfs).catch(() => null)
  return found?.isDirectory() ? ok(new SymfsFinder(symfs.replace(/(?<=.)\/+$/, ''))) : fail(`--symfs ${symfs}: not a directory.`)
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
