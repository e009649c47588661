// SPDX-License-Identifier: Apache-2.0
// Makes a bundle of an open trace: asks the decoder what a range needs, cuts the
// perf.data to it and writes small ELF files of the code that is executed in it.
import { fail, ok, type Result } from '../lib/result'
import { textAt } from '../lib/text-column'
import type { TableName, Tables } from '../model/tables.gen'
import type { TimeRange } from '../model/view-state'
import { bundleValue } from './bundle-link'
import { packBundle, type About, type MemberContent } from './container'
import { withoutOthers } from './blanks'
import { momentOf, packetIn, type Selected } from './cut-view'
import { guestEvents, idIndexes, type Joined } from './guest-events'
import { writeElf, type CodeRow, type FrameSection, type Load } from './elf-image'
import { bytesOfHex } from './little-endian'
import { selectPerfData, type AuxPiece, type Selection } from './perf-data'
import { emptyView, viewParameters } from './permalink'
import { lengthOfAll, type ByteSource, type Piece } from './pieces'
import { rebase, type Rebased } from './rebase'
import { redactsNothing, StandIns, type Redaction } from './redaction'

/** Asks the decoder; the trace must have been decoded to its end. */
export type Ask = <Name extends TableName>(
  name: Name,
  request: { thread?: number; start_ns?: number; end_ns?: number; first?: number; count?: number; text?: string },
) => Promise<Result<Tables[Name], { sentence: string }>>

export type BundleWish = {
  /** In ns since the trace's start; null: all of it. */
  range: TimeRange | null
  /** Rows of `threads`; null: all. */
  threads: readonly number[] | null
  redaction: Redaction
  title: string
  note: string
  /** The view's part of a link's fragment. */
  view: string
  /** What is selected, when only a part is taken: the view says it in that part's own numbers. */
  selected?: Selected
  /** When the reader asked for source texts: those there are of the files that the executed code is of, by their paths. */
  sources?: (paths: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>>
}

/** What is in a bundle, for the reader to look at before it leaves. */
export type Contents = {
  bytes: number
  traceBytes: number
  codeBytes: number
  images: string[]
  comms: string[]
  paths: string[]
  symbols: string[]
  files: string[]
  /** Source files whose text is in it. */
  sources: string[]
  left: string[]
}

/** `linkValue`: all of it as a link holds it, or why it does not fit (bundle-link.ts). */
export type MadeBundle = { pieces: Piece[]; contents: Contents; linkValue(): Promise<Result<string, string>> }

/** `trace`: the open file's bytes, `name` its name. */
export async function makeBundle(trace: ByteSource, name: string, ask: Ask, wish: BundleWish): Promise<Result<MadeBundle, string>> {
  const names = new StandIns(wish.redaction)
  const wanted = await askAll(ask, wish)
  if (!wanted.ok) return wanted
  const chosen = wish.threads ? await withoutOthers(trace, ask, requestOf(wish)) : ok(trace)
  if (!chosen.ok) return chosen
  const rebased = wish.redaction.addresses ? await rebase(chosen.value, ask, requestOf(wish)) : ok(null)
  if (!rebased.ok) return rebased
  const pieces = await tracePieces(chosen.value, rebased.value, wanted.value, wish, names)
  if (!pieces.ok) return pieces
  const images = imageMembers(wanted.value, wish, names)
  const left = [...leftOut(wish, wanted.value), ...images.left]
  const texts = await wish.sources?.(images.files)
  const sources = [...(texts ?? [])].map(([path, bytes]): MemberContent => ({ role: 'source', path, size: bytes.length, pieces: [bytes] }))
  const about: About = { by: 'Ptarmigan', title: wish.title, note: wish.note, view: wish.view + (await selectedText(ask, wanted.value, wish)), left }
  const traceName = wish.redaction.paths ? 'perf.data' : name
  const members: MemberContent[] = [
    { role: 'trace', path: traceName, size: lengthOfAll(pieces.value), pieces: pieces.value },
    ...images.members,
    ...sources,
  ]
  const packed = await packBundle(members, about)
  return ok({
    pieces: packed,
    linkValue: async () => bundleValue(await packBundle(members, about, true)),
    contents: {
      bytes: lengthOfAll(packed),
      traceBytes: lengthOfAll(pieces.value),
      codeBytes: images.codeBytes,
      images: images.members.map(({ path }) => path),
      comms: [...names.told.comms],
      paths: [...names.told.paths],
      symbols: [...names.told.symbols],
      files: images.files,
      sources: sources.map(({ path }) => path),
      left,
    },
  })
}

/** More of the view: what is selected, where it is in the part. */
async function selectedText(ask: Ask, { aux }: Wanted, { selected, threads }: BundleWish): Promise<string> {
  const moment = selected?.instruction ? await momentOf(ask, selected.instruction) : null
  const packet = selected?.packet && !threads ? packetIn(aux, selected.packet) : null
  const text = viewParameters({ ...emptyView, moment, packet }).toString()
  return text === '' ? '' : `&${text}`
}

type Request = Parameters<Ask>[1]

/** What to ask the decoder for. */
const requestOf = ({ range, threads }: BundleWish): Request => ({
  ...(threads && { text: threads.join(',') }),
  ...(range && { start_ns: range.start_ns, end_ns: range.end_ns }),
})

type Wanted = {
  images: Tables['images']
  loads: Tables['image_loads']
  records: Tables['cut_records']
  guests: Tables['cut_guests']
  aux: Tables['cut_aux']
  code: Tables['cut_code']
  frames: Tables['cut_frames']
  lost: Tables['cut_lost']
}

async function askAll(ask: Ask, wish: BundleWish): Promise<Result<Wanted, string>> {
  const request = requestOf(wish)
  const images = await ask('images', {})
  if (!images.ok) return fail(images.error.sentence)
  const loads = await ask('image_loads', {})
  if (!loads.ok) return fail(loads.error.sentence)
  const records = await ask('cut_records', request)
  if (!records.ok) return fail(records.error.sentence)
  const guests = await ask('cut_guests', {})
  if (!guests.ok) return fail(guests.error.sentence)
  const aux = await ask('cut_aux', request)
  if (!aux.ok) return fail(aux.error.sentence)
  const code = await ask('cut_code', request)
  if (!code.ok) return fail(code.error.sentence)
  const frames = await ask('cut_frames', request)
  if (!frames.ok) return fail(frames.error.sentence)
  const lost = await ask('cut_lost', request)
  if (!lost.ok) return fail(lost.error.sentence)
  return ok({ images: images.value, loads: loads.value, records: records.value, guests: guests.value, aux: aux.value, code: code.value, frames: frames.value, lost: lost.value })
}

async function tracePieces(
  trace: ByteSource,
  rebased: Rebased | null,
  wanted: Wanted,
  wish: BundleWish,
  names: StandIns,
): Promise<Result<Piece[], string>> {
  if (isDirectory(wanted))
    return fail('A recording that is a directory with several data files (perf record --threads) cannot be made a bundle: share its folder as a tar, which opens as well.')
  if (wish.redaction.addresses && wanted.guests.rows > 0)
    return fail('Addresses of what a virtual machine had mapped cannot be replaced: keep the addresses, or share the host’s trace without its guest’s recording.')
  const whole = !wish.range && !wish.threads
  const joined = wish.threads ? null : joinedRecords(wanted)
  if (whole && !joined && redactsNothing(wish.redaction)) return ok([{ source: trace, offset: 0, length: trace.size }])
  // With other addresses only what is known to the last byte is taken.
  const all = whole && !rebased
  const selection: Selection = {
    names,
    unpacked: unpackedRecords(wanted.records, rebased, 0),
    joined,
    records: all ? null : new Set(wanted.records.file_offset),
    aux: all ? null : auxPiecesOf(wanted.aux),
    onlyMapped: wish.threads !== null,
  }
  return selectPerfData(rebased ?? trace, selection)
}

/** Offsets from here on are of other files of a recording's directory, or of unpacked records. */
const OTHER_VOLUMES = 2 ** 48

/** Whether something of the trace is in other files than the one at hand. */
function isDirectory({ records, aux }: Wanted): boolean {
  const { offsets } = records.record
  const isElsewhere = records.file_offset.some((offset, row) => offset >= OTHER_VOLUMES && (offsets[row + 1] ?? 0) === (offsets[row] ?? 0))
  return isElsewhere || aux.file_offset.some((offset) => offset >= OTHER_VOLUMES)
}

/** Of guests' own files: null where none was joined. */
function joinedRecords({ records, guests }: Wanted): Joined | null {
  const events = guestEvents(guests)
  if (events.length === 0) return null
  return { events, records: [...idIndexes(guests), ...unpackedRecords(records, null, 1)] }
}

/** In the order of the file, what was joined in that of its time; `of`: see cut_records.joined. */
function unpackedRecords({ rows, file_offset, record, joined }: Wanted['records'], rebased: Rebased | null, of: 0 | 1): Uint8Array<ArrayBuffer>[] {
  const found = new Map<number, Uint8Array<ArrayBuffer>>()
  for (let row = 0; row < rows; row++) {
    if (joined[row] !== of) continue
    const bytes = record.pool.slice(record.offsets[row], record.offsets[row + 1])
    if (bytes.length > 0) found.set(file_offset[row] ?? 0, bytes)
  }
  const inOrder = of === 1 ? [...found] : [...found].toSorted(([a], [b]) => a - b)
  return inOrder.map(([offset, bytes]) => rebased?.patched(offset, bytes) ?? bytes)
}

function auxPiecesOf(table: Tables['cut_aux']): AuxPiece[] {
  return Array.from({ length: table.rows }, (_, row) => ({
    index: table.index[row] ?? 0,
    fileOffset: table.file_offset[row] ?? 0,
    size: table.size[row] ?? 0,
    clock: textAt(table.clock, row),
  }))
}

function imageMembers(wanted: Wanted, wish: BundleWish, names: StandIns): { members: MemberContent[]; codeBytes: number; files: string[]; left: string[] } {
  const rows = codeRows(wanted.code, wish.redaction, names)
  for (const image of wanted.frames.image) rows.set(image, rows.get(image) ?? [])
  const members: MemberContent[] = []
  const left: string[] = []
  let codeBytes = 0
  for (const [image, code] of [...rows].toSorted(([a], [b]) => a - b)) {
    const { loads, is32bit } = loadsOf(wanted.loads, image)
    if (loads.length === 0) {
      left.push(`Code of ${names.path(textAt(wanted.images.path, image))}, which was generated while the program ran, is not here: where it ran is a gap.`)
      continue
    }
    const own = textAt(wanted.images.own_build_id, image) || textAt(wanted.images.build_id, image)
    const file = writeElf({ is32bit, loads, buildId: names.buildId(bytesOfHex(own)), rows: code, frames: framesOf(wanted.frames, image), withLines: !wish.redaction.lines })
    codeBytes += code.reduce((sum, row) => sum + row.code.length, 0)
    members.push({
      role: 'image',
      path: names.path(textAt(wanted.images.path, image)),
      of: wanted.images.machine[image] ?? 0,
      size: file.size,
      extents: file.extents.flatMap(({ offset, bytes }) => [offset, bytes.length]),
      pieces: file.extents.map(({ bytes }) => bytes),
    })
  }
  const files = new Set([...rows.values()].flatMap((code) => code.map(({ file, line }) => (line > 0 ? file : ''))))
  files.delete('')
  return { members, codeBytes, files: wish.redaction.lines ? [] : [...files], left }
}

/** The executed code by image. */
function codeRows(table: Tables['cut_code'], redaction: Redaction, names: StandIns): Map<number, CodeRow[]> {
  const byImage = new Map<number, CodeRow[]>()
  for (let row = 0; row < table.rows; row++) {
    const image = table.image[row] ?? 0
    const rows = byImage.get(image) ?? []
    rows.push({
      address: table.address[row] ?? 0n,
      code: bytesOfHex(textAt(table.code, row)),
      symbol: names.symbol(textAt(table.symbol, row)),
      isUnread: table.is_unread[row] === 1,
      symbolAddress: table.symbol_address[row] ?? 0n,
      symbolSize: table.symbol_size[row] ?? 0n,
      file: redaction.lines ? '' : textAt(table.file, row),
      line: redaction.lines ? 0 : (table.line[row] ?? 0),
      lineless: redaction.lines ? 0 : (table.lineless[row] ?? 0),
      inlined: redaction.lines || redaction.symbols !== 'keep' ? '' : textAt(table.inlined, row),
    })
    byImage.set(image, rows)
  }
  return byImage
}

/** An image's unwinding tables, each once. */
function framesOf({ rows, image: images, section, address, file_offset, bytes }: Wanted['frames'], image: number): FrameSection[] {
  const found = new Map<string, FrameSection>()
  for (let row = 0; row < rows; row++) {
    const name = textAt(section, row)
    if (images[row] !== image || found.has(name)) continue
    found.set(name, { name, address: address[row] ?? 0n, fileOffset: file_offset[row] ?? 0n, bytes: bytes.pool.slice(bytes.offsets[row], bytes.offsets[row + 1]) })
  }
  return [...found.values()]
}

function loadsOf(table: Tables['image_loads'], image: number): { loads: Load[]; is32bit: boolean } {
  const loads: Load[] = []
  let is32bit = false
  for (let row = 0; row < table.rows; row++) {
    if (table.image[row] !== image) continue
    is32bit = table.is_32bit[row] === 1
    loads.push({
      fileOffset: table.file_offset[row] ?? 0n,
      fileSize: table.file_size[row] ?? 0n,
      address: table.address[row] ?? 0n,
      memorySize: table.memory_size[row] ?? 0n,
      executable: table.executable[row] === 1,
      section: textAt(table.section, row),
    })
  }
  return { loads, is32bit }
}

/** One sentence for each thing that is not, or not as it was, in the bundle. */
function leftOut({ range, threads, redaction }: BundleWish, { lost, guests }: Wanted): string[] {
  const left: string[] = []
  if (threads && guests.rows > 0) left.push('What virtual machines recorded of themselves is not here: where they ran is a gap.')
  if (range) left.push('Only a time range of the trace is here.')
  if (threads) left.push(`Only ${threads.length === 1 ? 'one thread' : `${threads.length} threads`} of the trace ${threads.length === 1 ? 'is' : 'are'} here; of others remain their numbers, and when they ran.`)
  const [stretches = 0, instructions = 0] = [lost.stretches[0], lost.instructions[0]]
  if (stretches > 0)
    left.push(
      `${stretches} ${stretches === 1 ? 'stretch' : 'stretches'} of the chosen threads (${instructions} instructions) ${stretches === 1 ? 'is' : 'are'} not here: times do not tell them from those of others, or they cannot be decoded without these.`,
    )
  if (redaction.host) left.push('Host name and kernel release were left out.')
  if (redaction.commandLine) left.push('The command line was left out.')
  if (redaction.comms) left.push('Names of processes and threads were replaced.')
  if (redaction.paths) left.push('Paths and build-ids of binaries were replaced.')
  if (redaction.symbols === 'hash') left.push('Names of functions were replaced.')
  if (redaction.symbols === 'drop') left.push('Names of functions were left out.')
  if (redaction.lines) left.push('Source files and lines were left out.')
  if (redaction.addresses) left.push('Addresses of what was mapped were replaced, but for the lowest 16 bits and for programs that are always at the same place.')
  if (redaction.symbols !== 'keep' || redaction.paths || redaction.addresses)
    left.push(`${redaction.addresses ? 'The' : 'Addresses and the'} executed instructions are as they were, with short texts that a compiler put into them.`)
  return left
}
