// SPDX-License-Identifier: Apache-2.0
// Makes a smaller perf.data of a perf.data: chosen records and AUX data, names
// replaced, features that are of use. The result is a perf.data that perf opens,
// too. Layout: Linux tools/perf/Documentation/perf.data-file-format.txt.
import { fail, ok, type Result } from '../lib/result'
import { attrRecord, writeAttr, type GuestEvent, type Joined } from './guest-events'
import { bytesOfHex, viewOf, Writer } from './little-endian'
import { buildIdPath, RECORD_HEADER, RecordType, renameBuildId, renameRecord } from './perf-records'
import { Walker, type ByteSource, type Piece } from './pieces'
import type { StandIns } from './redaction'

export type AuxPiece = { index: number; fileOffset: number; size: number; clock: string }

export type Selection = {
  /** File offsets of the records and samples to keep; null: all. */
  records: ReadonlySet<number> | null
  /** AUX data to keep, by file offset; null: all. */
  aux: readonly AuxPiece[] | null
  /** Records to keep that are packed in the file (perf record -z), unpacked; there they stand in place of the packed ones. */
  unpacked: readonly Uint8Array<ArrayBuffer>[]
  /** Of guests' files that were joined to the trace; null: none was. */
  joined: Joined | null
  /** Whether build-ids of binaries that no kept record maps are left out: they are of others. */
  onlyMapped: boolean
  names: StandIns
}

export const Feature = {
  BUILD_ID: 2,
  HOSTNAME: 3,
  OSRELEASE: 4,
  VERSION: 5,
  ARCH: 6,
  NRCPUS: 7,
  CPUDESC: 8,
  CPUID: 9,
  TOTAL_MEM: 10,
  CMDLINE: 11,
  EVENT_DESC: 12,
  PMU_MAPPINGS: 16,
  GROUP_DESC: 17,
  AUXTRACE: 18,
  CLOCKID: 23,
  CUT: 255,
} as const

const MAGIC = 'PERFILE2'
const HEADER = 104
const PIPE_HEADER = 16
const FEATURE_BITS = 256
const AUXTRACE_RECORD = 48
const MOST_FEATURE_BYTES = 64 << 20
const MOST_ATTRS = 65_536
const LEAST_ATTR = 64
/** As many ids of an event as its record has room for, however large its attribute. */
const MOST_PIPED_IDS = 7000
const SAMPLE_TYPE_AT = 24
const SAMPLE_RAW = 1n << 10n

type Section = { offset: number; size: number }
type Made = { pieces: Piece[]; length: number; auxRecords: { offset: number; size: number }[] }

const damaged = (what: string): Result<never, string> =>
  fail(`The trace cannot be cut: ${what}. A bundle of the whole trace without redaction keeps it as it is.`)

const numberAt = (bytes: Uint8Array<ArrayBuffer>, at: number): number => Number(viewOf(bytes).getBigUint64(at, true))
const sectionAt = (bytes: Uint8Array<ArrayBuffer>, at: number): Section => ({ offset: numberAt(bytes, at), size: numberAt(bytes, at + 8) })
const fits = (section: Section, source: ByteSource): boolean => section.offset <= source.size && section.size <= source.size - section.offset

/** Features that are shared: facts that decoding or a reader needs, and none that nobody asked for. */
function sharedFeatures({ names, aux }: Selection): Set<number> {
  const { redaction } = names
  const shared = new Set<number>([
    Feature.VERSION,
    Feature.ARCH,
    Feature.NRCPUS,
    Feature.CPUDESC,
    Feature.CPUID,
    Feature.TOTAL_MEM,
    Feature.EVENT_DESC,
    Feature.PMU_MAPPINGS,
    Feature.GROUP_DESC,
    Feature.CLOCKID,
    Feature.BUILD_ID,
  ])
  if (!redaction.host) for (const feature of [Feature.HOSTNAME, Feature.OSRELEASE]) shared.add(feature)
  if (!redaction.commandLine) shared.add(Feature.CMDLINE)
  if (aux === null) shared.add(Feature.CUT)
  return shared
}

/** Cuts and redacts the perf.data in `source`. */
export async function selectPerfData(source: ByteSource, selection: Selection): Promise<Result<Piece[], string>> {
  const head = await source.read(0, HEADER)
  if (head.length < PIPE_HEADER || new TextDecoder().decode(head.subarray(0, 8)) !== MAGIC)
    return damaged('it is not a little-endian perf.data file')
  if (numberAt(head, 8) === PIPE_HEADER) return selectPiped(source, head, selection)
  if (head.length < HEADER || numberAt(head, 8) !== HEADER) return damaged('its header has an unknown size')
  const events = await copyEvents(source, numberAt(head, 16), sectionAt(head, 24), selection.joined?.events ?? [])
  if (!events.ok) return events
  const section = sectionAt(head, 40)
  if (section.size === 0 || !fits(section, source)) section.size = Math.max(0, source.size - section.offset)
  const data = await selectRecords(source, section, events.value.bytes.length, selection, events.value.raw)
  if (!data.ok) return data
  const features = await selectFeatures(source, head, sectionAt(head, 40), data.value, selection)
  if (!features.ok) return features
  const dataAt = events.value.bytes.length
  finishHeader(events.value.bytes, { offset: dataAt, size: data.value.length }, features.value.bits)
  const ends = dataAt + data.value.length
  return ok([events.value.bytes, ...data.value.pieces, features.value.place(ends)])
}

/** Header, ids and attributes, with `more` behind them; the header's data section and features are still to be filled in. */
async function copyEvents(
  source: ByteSource,
  entrySize: number,
  attrs: Section,
  more: readonly GuestEvent[],
): Promise<Result<{ bytes: Uint8Array<ArrayBuffer>; raw: boolean }, string>> {
  const count = Math.floor(attrs.size / entrySize)
  if (!fits(attrs, source) || entrySize < 80 || entrySize > 8192 || !(count > 0 && count <= MOST_ATTRS))
    return damaged('its event attributes are not where its header says')
  const table = await source.read(attrs.offset, count * entrySize)
  const made = new Writer()
  made.zeros(HEADER)
  let raw = false
  for (let row = 0; row < count; row++) {
    const at = row * entrySize
    const ids = sectionAt(table, at + entrySize - 16)
    raw ||= (viewOf(table).getBigUint64(at + SAMPLE_TYPE_AT, true) & SAMPLE_RAW) !== 0n
    if (!fits(ids, source) || ids.size > 1 << 24) return damaged('the ids of its events are not in the file')
    viewOf(table).setBigUint64(at + entrySize - 16, BigInt(made.length), true)
    made.put(await source.read(ids.offset, ids.size))
  }
  const others = more.map((event) => {
    const idsAt = made.length
    for (const id of event.ids) made.u64(id)
    return { attr: writeAttr(event, entrySize - 16), idsAt, idBytes: event.ids.length * 8 }
  })
  made.align(8)
  const attrsAt = made.length
  made.put(table)
  for (const { attr, idsAt, idBytes } of others) made.put(attr).u64(idsAt).u64(idBytes)
  made.align(8)
  const bytes = made.take()
  bytes.set(new TextEncoder().encode(MAGIC))
  const view = viewOf(bytes)
  view.setBigUint64(8, BigInt(HEADER), true)
  view.setBigUint64(16, BigInt(entrySize), true)
  view.setBigUint64(24, BigInt(attrsAt), true)
  view.setBigUint64(32, BigInt(table.length + others.length * entrySize), true)
  return ok({ bytes, raw })
}

function finishHeader(bytes: Uint8Array<ArrayBuffer>, data: Section, bits: ReadonlySet<number>): void {
  const view = viewOf(bytes)
  view.setBigUint64(40, BigInt(data.offset), true)
  view.setBigUint64(48, BigInt(data.size), true)
  for (const bit of bits) {
    const at = 72 + Math.floor(bit / 64) * 8
    view.setBigUint64(at, view.getBigUint64(at, true) | (1n << BigInt(bit % 64)), true)
  }
}

/** A file in pipe mode: records all the way, features among them. */
async function selectPiped(source: ByteSource, head: Uint8Array<ArrayBuffer>, selection: Selection): Promise<Result<Piece[], string>> {
  const events = selection.joined?.events ?? []
  if (events.some(({ ids }) => ids.length > MOST_PIPED_IDS)) return damaged('a guest has more CPUs than a file in pipe mode can tell of')
  const data = await selectRecords(source, { offset: PIPE_HEADER, size: source.size - PIPE_HEADER }, PIPE_HEADER, selection, false, events)
  if (!data.ok) return data
  const seeds = seedBytes(selection.aux)
  const records: Piece[] = []
  if (seeds) {
    const record = new Writer()
    record.u32(RecordType.FEATURE).u16(0).u16(0).u64(Feature.CUT).put(seeds)
    const bytes = record.take()
    viewOf(bytes).setUint16(6, bytes.length, true)
    if (bytes.length > 0xffff) return damaged('it has more queues than a file in pipe mode can tell of')
    records.push(bytes)
  }
  return ok([head.slice(0, PIPE_HEADER), ...records, ...data.value.pieces])
}

/** Walks the records of a data section. `place`: where the result will begin in its file; `events`: those that are described in its records too. */
async function selectRecords(
  source: ByteSource,
  section: Section,
  place: number,
  selection: Selection,
  rawSamples: boolean,
  events: readonly GuestEvent[] = [],
): Promise<Result<Made, string>> {
  let raw = rawSamples
  let attrSize = LEAST_ATTR
  const aux = selection.aux?.toSorted((a, b) => a.fileOffset - b.fileOffset) ?? null
  let nextAux = 0
  const made: Made = { pieces: [], length: 0, auxRecords: [] }
  const walker = new Walker(source)
  const features = sharedFeatures(selection)
  const end = section.offset + section.size
  let pending = new Writer(1 << 16)
  const flush = () => {
    if (pending.length > 0) made.pieces.push(pending.take())
    pending = new Writer(1 << 16)
  }
  const add = (bytes: Uint8Array<ArrayBuffer>) => {
    pending.put(bytes)
    made.length += bytes.length
    if (pending.length >= 1 << 20) flush()
  }
  let unpacked = false
  const putUnpacked = (record: Uint8Array<ArrayBuffer>) => {
    const type = viewOf(record).getUint32(0, true)
    const renamed = hides(type, selection, raw) || isOfOthers(type, record, selection) ? null : renameRecord(type, record, selection.names)
    if (renamed) add(renamed)
  }
  let undescribed = events
  const describeGuests = () => {
    for (const event of undescribed) add(attrRecord(event, attrSize))
    undescribed = []
  }
  // As perf inject has it: behind what perf record lists of before the start, for a thread that is forked after it is told to run a guest is another to perf.
  let joined = selection.joined?.records ?? []
  const join = () => {
    for (const one of joined) putUnpacked(one)
    joined = []
  }
  for (let at = section.offset; end - at >= RECORD_HEADER; ) {
    const header = await walker.view(at, RECORD_HEADER)
    if (!header) break
    const type = viewOf(header).getUint32(0, true)
    const size = viewOf(header).getUint16(6, true)
    const record = size >= RECORD_HEADER && at + size <= end ? await walker.view(at, size) : null
    // Such a record ends the engine's walk too.
    if (!record) break
    const payload = payloadOf(type, record)
    if (type === RecordType.ATTR) {
      raw ||= hasRaw(record)
      attrSize = attrSizeOf(record)
    }
    if (endsEvents(type)) describeGuests()
    if (startsRounds.has(type)) join()
    if (type === RecordType.AUXTRACE) {
      const first = nextAux
      while (aux && (aux[nextAux]?.fileOffset ?? Infinity) < at + size + payload) nextAux++
      for (const piece of auxPieces(record, at + size, Math.min(payload, end - at - size), aux?.slice(first, nextAux) ?? null)) {
        made.auxRecords.push({ offset: place + made.length, size: AUXTRACE_RECORD })
        add(piece.record)
        flush()
        made.pieces.push({ source, offset: piece.fileOffset, length: piece.size })
        made.length += piece.size
      }
    } else if (type === RecordType.COMPRESSED || type === RecordType.COMPRESSED2) {
      // All at once, where the first of them were: perf orders records by time.
      if (!unpacked) for (const one of selection.unpacked) putUnpacked(one)
      unpacked = true
    } else if (type === RecordType.FINISHED_ROUND && selection.joined) {
      // Joined records of other times come before it: perf must not order round by round.
    } else if (keeps(type, at, record, selection, features, raw)) {
      const renamed = renameRecord(type, record, selection.names)
      if (renamed) add(renamed)
      if (payload > 0 && renamed) {
        flush()
        const length = Math.min(payload, end - at - size)
        made.pieces.push({ source, offset: at + size, length })
        made.length += length
      }
    }
    at += size + payload
  }
  describeGuests()
  join()
  flush()
  return ok(made)
}

/** In pipe mode all events are described before the first of these: a record of the kernel's, such records packed, or what ends the start. */
const endsEvents = (type: number): boolean =>
  type < RecordType.FIRST_USER || type === RecordType.COMPRESSED || type === RecordType.COMPRESSED2 || startsRounds.has(type)

/** What an ATTR record says of its attribute's size, where that can be. */
function attrSizeOf(record: Uint8Array<ArrayBuffer>): number {
  const size = record.length >= RECORD_HEADER + LEAST_ATTR ? viewOf(record).getUint32(RECORD_HEADER + 4, true) : 0
  return size >= LEAST_ATTR && size <= record.length - RECORD_HEADER ? size : LEAST_ATTR
}

const hasRaw = (attr: Uint8Array<ArrayBuffer>): boolean =>
  attr.length >= RECORD_HEADER + SAMPLE_TYPE_AT + 8 &&
  (viewOf(attr).getBigUint64(RECORD_HEADER + SAMPLE_TYPE_AT, true) & SAMPLE_RAW) !== 0n

/** Bytes that follow a record without being part of it. */
function payloadOf(type: number, record: Uint8Array<ArrayBuffer>): number {
  if (type === RecordType.AUXTRACE && record.length >= 16) return numberAt(record, RECORD_HEADER)
  if (type === RecordType.TRACING_DATA && record.length >= 12) return Math.ceil(viewOf(record).getUint32(RECORD_HEADER, true) / 8) * 8
  return 0
}

/** The first of these ends what perf record lists of before the start. */
const startsRounds = new Set<number>([RecordType.FINISHED_INIT, RecordType.FINISHED_ROUND, RecordType.AUXTRACE])

/** Records with addresses that rebase.ts does not replace: of the kernel's code, of errors; the formats of tracepoints come with the kernel's symbols. */
const holdsAddresses = new Set<number>([RecordType.KSYMBOL, RecordType.BPF_EVENT, RecordType.TEXT_POKE, RecordType.AUXTRACE_ERROR, RecordType.TRACING_DATA])

/** What may not be shared at all. Raw data of tracepoints hold the names of tasks, and addresses. */
const hides = (type: number, { names: { redaction } }: Selection, raw: boolean): boolean =>
  (type === RecordType.SAMPLE && raw && (redaction.comms || redaction.addresses)) || (redaction.addresses && holdsAddresses.has(type))

/** A build-id of a binary that only threads had mapped which were not asked for. */
const isOfOthers = (type: number, record: Uint8Array<ArrayBuffer>, { onlyMapped, names }: Selection): boolean =>
  onlyMapped && type === RecordType.BUILD_ID && !names.wasAsked(buildIdPath(record))

function keeps(
  type: number,
  at: number,
  record: Uint8Array<ArrayBuffer>,
  selection: Selection,
  features: ReadonlySet<number>,
  raw: boolean,
): boolean {
  const { records } = selection
  if (hides(type, selection, raw)) return false
  if (type < RecordType.FIRST_USER) return records === null || records.has(at)
  if (type === RecordType.THREAD_MAP) return false
  if (isOfOthers(type, record, selection)) return false
  if (type === RecordType.FEATURE && record.length >= 16) return features.has(numberAt(record, RECORD_HEADER))
  return true
}

/** The stretches of one AUXTRACE record's payload that are kept, each with a record of its own. */
function auxPieces(
  record: Uint8Array<ArrayBuffer>,
  payloadAt: number,
  payload: number,
  aux: readonly AuxPiece[] | null,
): { record: Uint8Array<ArrayBuffer>; fileOffset: number; size: number }[] {
  if (record.length < 40) return []
  const wanted = aux
    ? aux.filter(({ fileOffset, size }) => fileOffset >= payloadAt && fileOffset + size <= payloadAt + payload)
    : [{ fileOffset: payloadAt, size: payload }]
  return wanted.map(({ fileOffset, size }) => {
    const made = record.slice()
    viewOf(made).setBigUint64(8, BigInt(size), true)
    viewOf(made).setBigUint64(16, BigInt(numberAt(record, 16) + fileOffset - payloadAt), true)
    return { record: made, fileOffset, size }
  })
}

type Features = { bits: Set<number>; place(at: number): Uint8Array<ArrayBuffer> }

/** The features behind the data: a table of sections, then these. */
async function selectFeatures(
  source: ByteSource,
  head: Uint8Array<ArrayBuffer>,
  data: Section,
  made: Made,
  selection: Selection,
): Promise<Result<Features, string>> {
  const shared = sharedFeatures(selection)
  const contents = new Map<number, Uint8Array<ArrayBuffer>>()
  let tableAt = data.offset + data.size
  for (let bit = 0; bit < FEATURE_BITS && data.size > 0; bit++) {
    if (!((viewOf(head).getBigUint64(72 + Math.floor(bit / 64) * 8, true) >> BigInt(bit % 64)) & 1n)) continue
    const entry = await source.read(tableAt, 16)
    tableAt += 16
    if (entry.length < 16) break
    const section = sectionAt(entry, 0)
    if (!shared.has(bit) || !fits(section, source) || section.size > MOST_FEATURE_BYTES) continue
    const bytes = await source.read(section.offset, section.size)
    contents.set(bit, bit === Feature.BUILD_ID ? selectBuildIds(bytes, selection) : bytes)
  }
  if (made.auxRecords.length > 0) contents.set(Feature.AUXTRACE, auxIndex(made))
  const seeds = seedBytes(selection.aux)
  if (seeds) contents.set(Feature.CUT, seeds)
  return ok({ bits: new Set(contents.keys()), place: (at) => layFeatures(contents, at) })
}

function layFeatures(contents: ReadonlyMap<number, Uint8Array<ArrayBuffer>>, at: number): Uint8Array<ArrayBuffer> {
  const sorted = [...contents].toSorted(([a], [b]) => a - b)
  const made = new Writer()
  let next = at + sorted.length * 16
  for (const [, bytes] of sorted) {
    made.u64(next).u64(bytes.length)
    next += bytes.length
  }
  for (const [, bytes] of sorted) made.put(bytes)
  return made.take()
}

/** perf's index of AUXTRACE records: a count, then place and size of each. */
function auxIndex({ auxRecords }: Made): Uint8Array<ArrayBuffer> {
  const made = new Writer(auxRecords.length * 16 + 8)
  made.u64(auxRecords.length)
  for (const { offset, size } of auxRecords) made.u64(offset).u64(size)
  return made.take()
}

function selectBuildIds(bytes: Uint8Array<ArrayBuffer>, selection: Selection): Uint8Array<ArrayBuffer> {
  const made = new Writer(bytes.length)
  for (let at = 0; at + RECORD_HEADER <= bytes.length; ) {
    const size = viewOf(bytes).getUint16(at + 6, true)
    if (size < 40 || at + size > bytes.length) break
    const record = bytes.slice(at, at + size)
    const isLeft = buildIdPath(record) === '' || isOfOthers(RecordType.BUILD_ID, record, selection)
    const renamed = isLeft ? null : renameBuildId(record, selection.names)
    if (renamed) made.put(renamed)
    at += size
  }
  return made.take()
}

/** Feature 255: the clock each queue begins with, as wasm/src/api/cut_seed.c reads it; null: none is needed. */
function seedBytes(aux: readonly AuxPiece[] | null): Uint8Array<ArrayBuffer> | null {
  const seeds = (aux ?? []).filter(({ clock }) => clock !== '')
  const [first] = seeds
  if (!first) return null
  const made = new Writer()
  made.put(new TextEncoder().encode('PTMC')).u32(1).u32(seeds.length).u32(first.clock.length / 16)
  for (const { index, clock } of seeds) made.u64(index).put(bytesOfHex(clock))
  return made.take()
}
