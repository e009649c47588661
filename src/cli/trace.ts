// SPDX-License-Identifier: Apache-2.0
// Opens a trace and its binaries for a command, and decodes it when the
// command needs the whole profile. One session; decode-workers.ts has several.
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fail, ok, type Result } from '../lib/result'
import { textAt } from '../lib/text-column'
import { splitMissing } from '../model/split-files'
import { Session } from '../engine/session'
import { decoderUrl } from '../engine/wasm'
import type { ByteSource } from '../share/pieces'
import type { EngineError, ImageOutcome } from '../engine/protocol'
import type { Guest } from './args'
import type { GuestData } from './guest-args'
import { FileSources } from './file-sources'
import { KERNEL, MachineFinder, SymfsFinder, type Candidate, type ImageFinder } from './find-images'
import { bundleInputs, byteSource } from './open-bundle'
import { say } from './output'
import { openRaw, type RawOptions } from './raw-options'
import { archivedImages, openUnpacked, traceInputs, type OfferedImage, type TraceInputs } from './trace-inputs'

/** `file`: the perf.data's bytes, `name`: its name; out of the bundle, where one was opened. */
export type Trace = { session: Session; module: WebAssembly.Module; sources: FileSources; bytes: number; file: ByteSource; name: string }

/** Opens `path` (or the raw stream; `guest`: see Session.guestCode, guestFiles) and offers the binaries it names, if they are wanted; refused binaries are named on stderr. `wantsSplit`: also what -gsplit-dwarf split from them, which perf does not read. */
export async function openTrace(
  path: string,
  symfs: string | undefined,
  wantsImages: boolean,
  raw?: RawOptions,
  given: readonly string[] = [],
  guest: Guest = { code: false, files: [], data: [], mount: undefined },
  wantsSplit = false,
): Promise<Result<Trace, string>> {
  const sources = new FileSources()
  const packed = symfs === undefined ? ok(null) : await archivedImages(symfs, sources)
  if (!packed.ok) return packed
  const finder = await finderFor(packed.value ? undefined : symfs)
  if (!finder.ok) return finder
  const bundle = raw ? ok(null) : await bundleInputs(path, sources)
  if (!bundle.ok) return bundle
  const inputs = raw ? rawInputs(raw, sources) : bundle.value ? ok(bundle.value) : await traceInputs(path, sources)
  if (!inputs.ok) return inputs
  const { trace, data, images } = inputs.value
  const module = await WebAssembly.compile(await readFile(decoderUrl))
  const session = await Session.create(module, sources)
  if (guest.code) session.guestCode()
  const recorded = await addGuests(session, sources, guest.data)
  if (!recorded.ok) return recorded
  const opened = openWith(session, trace, data)
  if (!opened.ok) return fail(`${path}: ${opened.error.sentence}`)
  if (wantsImages) {
    const along = offerGiven(session, [...images, ...(packed.value ?? [])])
    if (!along.ok) return along
    const named = offerNamed(session, sources, given)
    if (!named.ok) return named
    const guests = offerGuests(session, sources, guest.files, recorded.value)
    if (!guests.ok) return guests
    const mounted = guest.mount === undefined ? ok(undefined) : offerMounted(session, sources, guest.mount)
    if (!mounted.ok) return mounted
    // A bundle has what it needs: another binary of the same name would only be a wrong one.
    const offered = bundle.value ? ok(undefined) : await offerFound(session, sources, finder.value, named.value)
    if (!offered.ok) return offered
    const split = bundle.value || !wantsSplit ? ok(undefined) : offerSplit(session, sources, finder.value)
    if (!split.ok) return split
  }
  const bytes = trace.size + data.reduce((sum, { size }) => sum + size, 0)
  return ok({ session, module, sources, bytes, file: byteSource(sources, trace), name: bundle.value ? bundle.value.name : path })
}

function rawInputs(raw: RawOptions, sources: FileSources): Result<TraceInputs, string> {
  const opened = openRaw(raw, sources)
  return opened.ok ? ok({ ...opened.value, data: [] }) : opened
}

function openWith(session: Session, trace: TraceInputs['trace'], data: TraceInputs['data']): Result<void, EngineError> {
  for (const { source, size, name } of data) {
    const noted = session.addData(source, size, name)
    if (!noted.ok) return noted
  }
  const opened = session.open(trace.source, trace.size)
  session.withoutRanges()
  return opened
}

/** Files that came along with the trace: those it does not want are not worth a word. */
function offerGiven(session: Session, images: readonly OfferedImage[]): Result<void, string> {
  for (const { source, size, as, of } of images) {
    session.guestFiles(of ?? 'host')
    const outcome = session.addImage(source, size, as)
    session.guestFiles('host')
    if (!outcome.ok) return fail(outcome.error.sentence)
    if (outcome.value.state === 'refused') say(outcome.value.sentence)
  }
  return ok(undefined)
}

async function finderFor(symfs: string | undefined): Promise<Result<ImageFinder, string>> {
  if (symfs === undefined) return ok(new MachineFinder())
  const found = await stat(symfs).catch(() => null)
  return found?.isDirectory()
    ? ok(new SymfsFinder(symfs.replace(/(?<=.)\/+$/, '')))
    : fail(`--symfs ${symfs}: neither a directory nor an archive.`)
}

/** What the user named: what is refused is told. Whether a list of names (kallsyms) is used now. */
function offerNamed(session: Session, sources: FileSources, given: readonly string[]): Result<boolean, string> {
  let hasNames = false
  for (const path of given) {
    const file = sources.open(path)
    if (!file.ok) return file
    const outcome = session.addImage(file.value.source, file.value.size, path)
    if (!outcome.ok) return fail(outcome.error.sentence)
    if (outcome.value.state !== 'used') say(outcome.value.sentence)
    const first = new Uint8Array(1)
    sources.read(file.value.source, 0, first)
    hasNames ||= outcome.value.state === 'used' && /[0-9a-f]/.test(String.fromCharCode(...first))
  }
  return ok(hasNames)
}

/** Before the host's trace is opened: what its guests recorded. The copies of their kernels that came along. */
async function addGuests(session: Session, sources: FileSources, guests: readonly GuestData[]): Promise<Result<OfferedImage[], string>> {
  const images: OfferedImage[] = []
  for (const { path, clock } of guests) {
    const inputs = await traceInputs(path, sources)
    if (!inputs.ok) return inputs
    const noted = session.addGuest(inputs.value.trace.source, inputs.value.trace.size, path, clock)
    if (!noted.ok) return fail(noted.error.sentence)
    for (const { source, size, name } of inputs.value.data) {
      const file = session.addGuestData(source, size, name)
      if (!file.ok) return fail(file.error.sentence)
    }
    images.push(...inputs.value.images.map((one) => ({ ...one, of: clock.pid })))
  }
  return ok(images)
}

/** The same of the kernel of virtual machines. */
function offerGuests(session: Session, sources: FileSources, files: readonly string[], along: readonly OfferedImage[]): Result<unknown, string> {
  const copies = offerGiven(session, along)
  if (!copies.ok) return copies
  session.guestFiles('any')
  const offered = offerNamed(session, sources, files)
  session.guestFiles('host')
  return offered
}

/** Files of guests, below the folder of the process that runs each: its kernel's, and those that its processes had mapped. */
function offerMounted(session: Session, sources: FileSources, mount: string): Result<void, string> {
  const images = session.query('images')
  if (!images.ok) return fail(images.error.sentence)
  const { path, machine, anonymous, rows } = images.value
  const wanted = Array.from({ length: rows }, (_, row) => ({ of: machine[row] ?? 0, name: textAt(path, row), isFile: anonymous[row] === 0 }))
  const kernels = [...new Set(wanted.map(({ of }) => of))].flatMap((of) => ['kallsyms', 'kcore'].map((name) => ({ of, name: `/proc/${name}`, isFile: true })))
  for (const { of, name, isFile } of [...kernels, ...wanted]) {
    const file = join(mount, String(of), name)
    if (of === 0 || !isFile || !name.startsWith('/') || !existsSync(file)) continue
    session.guestFiles(of)
    const opened = sources.open(file)
    const outcome = opened.ok ? session.addImage(opened.value.source, opened.value.size, name.startsWith('/proc/') ? file : name) : null
    session.guestFiles('host')
    if (outcome && !outcome.ok) return fail(outcome.error.sentence)
    if (!opened.ok) say(opened.error)
    else if (outcome?.value.state === 'refused') say(`${file}: ${outcome.value.sentence}`)
  }
  return ok(undefined)
}

/** What this machine has of kernels, unless one or its names are given: what is of another kernel is not worth a word. */
function offerKernel(session: Session, sources: FileSources, finder: ImageFinder, hasNames: boolean): Result<void, string> {
  const images = session.query('images')
  const info = infoOf(session)
  if (!images.ok) return fail(images.error.sentence)
  if (!info.ok) return info
  const { path, build_id, rows, status } = images.value
  const row = Array.from({ length: rows }, (_, at) => at).find((at) => textAt(path, at) === KERNEL)
  if (row === undefined || status[row] !== 0) return ok(undefined)
  for (const candidate of finder.kernelFiles(textAt(build_id, row), info.value.get('os_release') ?? '')) {
    if (hasNames && basename(candidate.file) === 'kallsyms') continue
    const file = sources.open(candidate.file)
    const outcome = file.ok ? session.addImage(file.value.source, file.value.size, candidate.as) : null
    if (outcome && !outcome.ok) return fail(outcome.error.sentence)
  }
  return ok(undefined)
}

/** The kernel, then the binaries that the trace names. */
async function offerFound(session: Session, sources: FileSources, finder: ImageFinder, hasNames: boolean): Promise<Result<void, string>> {
  const kernel = offerKernel(session, sources, finder, hasNames)
  if (!kernel.ok) return kernel
  const offered = await offerImages(session, sources, finder)
  if (!offered.ok) return offered
  const debug = offerDebugFiles(session, sources, finder)
  return debug.ok ? offerAlternates(session, sources, finder) : debug
}

/** The files in which binaries share their debug information. */
function offerAlternates(session: Session, sources: FileSources, finder: ImageFinder): Result<void, string> {
  const images = session.query('images')
  if (!images.ok) return fail(images.error.sentence)
  const { path, own_build_id, debug_link, alternate, alternate_id, rows } = images.value
  for (let row = 1; row < rows; row++) {
    const name = textAt(alternate, row)
    if (name === '') continue
    const files = finder.alternates(textAt(path, row), textAt(own_build_id, row), textAt(debug_link, row), name, textAt(alternate_id, row))
    const found = offerFirst(sources, files, (...file) => session.addImage(...file))
    if (!found.ok) return found
  }
  return ok(undefined)
}

/** What was split from the binaries that are there: the first file that fits. */
function offerDebugFiles(session: Session, sources: FileSources, finder: ImageFinder): Result<void, string> {
  const images = session.query('images')
  if (!images.ok) return fail(images.error.sentence)
  const { path, build_id, own_build_id, debug_link, anonymous, status, rows } = images.value
  for (let row = 1; row < rows; row++) {
    if (status[row] !== LOADED || anonymous[row] !== 0) continue
    const id = textAt(own_build_id, row) || textAt(build_id, row)
    const found = offerFirst(sources, finder.debugFiles(textAt(path, row), id, textAt(debug_link, row)), (...file) => session.addImage(...file))
    if (!found.ok) return found
    const lines = found.value ? ok(true) : offerFirst(sources, finder.lineFiles(id), (...file) => session.addLines(...file))
    if (!lines.ok) return lines
  }
  return ok(undefined)
}

/** The .dwp and .dwo files of the binaries that are there; how many are missing is said. */
function offerSplit(session: Session, sources: FileSources, finder: ImageFinder): Result<void, string> {
  const images = session.query('images')
  if (!images.ok) return fail(images.error.sentence)
  const place = (row: number) => [textAt(images.value.path, row), textAt(images.value.own_build_id, row)] as const
  const offer = (...file: Parameters<Session['addImage']>) => session.addImage(...file)
  const before = session.query('split_files')
  if (!before.ok) return fail(before.error.sentence)
  for (const row of new Set(before.value.image)) {
    const packages = finder.packages(...place(row), textAt(images.value.debug_link, row))
    const offered = offerFirst(sources, packages, offer)
    if (!offered.ok) return offered
  }
  const left = session.query('split_files')
  if (!left.ok) return fail(left.error.sentence)
  const { rows, image, given, name, directory } = left.value
  const missing: string[] = []
  for (let row = 0; row < rows; row++) {
    if (given[row] === 1) continue
    const files = finder.splitFiles(...place(image[row] ?? 0), textAt(name, row), textAt(directory, row))
    const offered = offerFirst(sources, files, offer)
    if (!offered.ok) return offered
    if (!offered.value) missing.push(textAt(name, row))
  }
  if (missing.length > 0) say(splitMissing(missing, rows))
  return ok(undefined)
}

/** Offers files until one is used; whether one was. */
function offerFirst(
  sources: FileSources,
  candidates: readonly Candidate[],
  offer: (source: number, size: number, path: string) => Result<ImageOutcome, EngineError>,
): Result<boolean, string> {
  for (const candidate of candidates) {
    const file = sources.open(candidate.file)
    const outcome = file.ok ? offer(file.value.source, file.value.size, candidate.as) : null
    if (outcome && !outcome.ok) return fail(outcome.error.sentence)
    if (outcome?.value.state === 'used') return ok(true)
  }
  return ok(false)
}

/** enum ptm_image_status: it came along with the trace. */
const LOADED = 1

async function offerImages(session: Session, sources: FileSources, finder: ImageFinder): Promise<Result<void, string>> {
  const images = session.query('images')
  if (!images.ok) return fail(images.error.sentence)
  for (let row = 1; row < images.value.rows; row++) {
    if (images.value.status[row] === LOADED) continue
    const refused: string[] = []
    for (const candidate of finder.candidates(textAt(images.value.path, row), textAt(images.value.build_id, row))) {
      const file = await openUnpacked(candidate.file, sources)
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
  const part = decodePart(session, segment)
  if (!part.ok) return part
  const merged = session.merge(part.value)
  return merged.ok ? ok(undefined) : fail(merged.error.sentence)
}

/** Decodes one segment; its part, to be merged. */
export function decodePart(session: Session, segment: number): Result<Uint8Array<ArrayBuffer>, string> {
  const started = session.decodeStart(segment)
  if (!started.ok) return fail(started.error.sentence)
  for (;;) {
    const step = session.decodeStep(STEP_BYTES)
    if (!step.ok) return fail(step.error.sentence)
    if (step.value === 'done') break
  }
  const part = session.part()
  return part.ok ? part : fail(part.error.sentence)
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
