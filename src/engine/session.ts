// SPDX-License-Identifier: Apache-2.0
// One trace in one decoder instance, synchronously: what a worker and the CLI
// drive. Every answer is a Result; a trap in the decoder ends the session for
// good and says so. Does not schedule: slices are the caller's to ask for.
import { fail, ok, type Result } from '../lib/result'
import { ALL, type TableName, type Tables } from '../model/tables.gen'
import { copyTable, tableId } from './columns'
import type { HostSources, Place } from './host-sources'
import type { EngineError, GuestClock, ImageOutcome, TableRequest } from './protocol'
import { bytesOf, instantiateDecoder, setMemory, usedMemory, type Decoder, type Pointer } from './wasm'

/** enum ptm_status. */
export const Status = {
  OK: 0,
  END: 1,
  MORE: 2,
  NO_MEMORY: 3,
  READ_FAILED: 4,
  TRUNCATED: 5,
  BAD_DATA: 6,
  UNSUPPORTED: 7,
  NOT_FOUND: 8,
  MISMATCH: 9,
  BAD_REQUEST: 10,
} as const

export const outOfMemory = 'The decoder ran out of memory (4 GB at most): close other tabs, or record a shorter trace.'

/** What engines throw where they have no memory for a copy, or for a decoder at all; an Error of another worker has only its words. */
export const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && error.name === 'RangeError' && /allocation failed|out of memory|allocate/i.test(error.message)

const fallbackSentences: Record<number, string> = {
  [Status.NO_MEMORY]: outOfMemory,
  [Status.READ_FAILED]: 'The input could not be read; it may have changed since it was opened: open it again.',
  [Status.TRUNCATED]: 'The input ends in the middle of a structure: it was not written to its end.',
  [Status.BAD_DATA]: 'The input contradicts its own format.',
  [Status.UNSUPPORTED]: 'The input is of a kind that this version does not read.',
  [Status.NOT_FOUND]: 'There is no such thing in this trace.',
  [Status.MISMATCH]: 'The file is not the one that was recorded: its build-id differs.',
  [Status.BAD_REQUEST]: 'The request asks for something that this trace does not have.',
}

const REQUEST_BYTES = 56
/** PTM_ANY_GUEST, PTM_NO_GUEST. */
const ANY_GUEST = -1
const NO_GUEST = -2
const DEFAULT_ROWS = 1000

/** A session as it is between two calls: all of the decoder's memory (its end is left out where it is zero), and where in it the session lies. */
export type SessionImage = { memory: Uint8Array<ArrayBuffer>; session: Pointer; scratch: Pointer }

export class Session {
  /** The sentence that ended this session; empty while it lives. */
  ended = ''
  private readonly session: Pointer
  /** REQUEST_BYTES for a request, then 8 for an answer's pointer or length. */
  private readonly scratch: Pointer

  constructor(
    private readonly decoder: Decoder,
    private readonly sources: HostSources,
    image: SessionImage | null = null,
  ) {
    if (image) setMemory(decoder.exports.memory, image.memory)
    this.scratch = image?.scratch ?? decoder.exports.malloc(REQUEST_BYTES + 8) >>> 0
    this.session = image?.session ?? decoder.exports.ptm_session_new() >>> 0
    if (!this.session || !this.scratch) throw new Error('the decoder has no memory to start with')
  }

  static async create(module: WebAssembly.Module, sources: HostSources): Promise<Session> {
    return new Session(await instantiateDecoder(module, sources), sources)
  }

  /** A session that goes on from another one of the same module; `sources` must number the same inputs in the same way. */
  static async resume(module: WebAssembly.Module, sources: HostSources, image: SessionImage): Promise<Session> {
    return new Session(await instantiateDecoder(module, sources), sources, image)
  }

  /** A copy of this session, to be resumed in another instance: opening once serves all workers. */
  image(): Result<SessionImage, EngineError> {
    return this.run('being copied', (decoder) => ok({ memory: usedMemory(decoder), session: this.session, scratch: this.scratch }))
  }

  /** Tells of a data.N file of the directory whose `data` file is opened next. */
  addData(source: number, size: number, name: string): Result<void, EngineError> {
    return this.run(`noting ${name}`, (decoder) => {
      const text = this.copyIn(new TextEncoder().encode(`${name}\0`))
      if (!text.ok) return text
      const status = decoder.ptm_session_add_data(this.session, source, BigInt(size), text.value)
      decoder.free(text.value)
      return this.check(status)
    })
  }

  /** Tells of a perf.data that a virtual machine recorded while the host's, which is opened next, was. */
  addGuest(source: number, size: number, name: string, guest: GuestClock): Result<void, EngineError> {
    return this.run(`noting ${name}`, (decoder) => {
      const text = this.copyIn(new TextEncoder().encode(`${name}\0`))
      if (!text.ok) return text
      const status = decoder.ptm_session_add_guest(this.session, source, BigInt(size), text.value, guest.pid, BigInt.asUintN(64, guest.offset), guest.scale)
      decoder.free(text.value)
      return this.check(status)
    })
  }

  /** Tells of a data.N file of the recording that addGuest told of last. */
  addGuestData(source: number, size: number, name: string): Result<void, EngineError> {
    return this.run(`noting ${name}`, (decoder) => {
      const text = this.copyIn(new TextEncoder().encode(`${name}\0`))
      if (!text.ok) return text
      const status = decoder.ptm_session_add_guest_data(this.session, source, BigInt(size), text.value)
      decoder.free(text.value)
      return this.check(status)
    })
  }

  open(source: number, size: number): Result<void, EngineError> {
    return this.run('opening the trace', (decoder) => this.check(decoder.ptm_session_open(this.session, source, BigInt(size))))
  }

  /** Offers one binary; fails only when the session cannot go on. */
  addImage(source: number, size: number, path: string): Result<ImageOutcome, EngineError> {
    return this.offer(source, size, path, (decoder) => decoder.ptm_session_add_image)
  }

  /** Offers a file split from a binary for its lines alone. */
  addLines(source: number, size: number, path: string): Result<ImageOutcome, EngineError> {
    return this.offer(source, size, path, (decoder) => decoder.ptm_session_add_lines)
  }

  private offer(
    source: number,
    size: number,
    path: string,
    way: (decoder: Decoder['exports']) => Decoder['exports']['ptm_session_add_image'],
  ): Result<ImageOutcome, EngineError> {
    return this.run(`reading ${path}`, (decoder) => {
      const text = this.copyIn(new TextEncoder().encode(`${path}\0`))
      if (!text.ok) return text
      const status = way(decoder)(this.session, source, BigInt(size), text.value)
      decoder.free(text.value)
      if (status === Status.NO_MEMORY) return fail(this.failure(status))
      const sentence = status === Status.OK ? '' : this.failure(status).sentence
      return ok({ path, state: outcomeState(status), sentence, ...(status === Status.BAD_REQUEST && { late: true as const }) })
    })
  }

  segments(): number {
    if (this.ended) return 0
    return this.decoder.exports.ptm_session_segments(this.session) >>> 0
  }

  /** Before `open`: about so many AUX bytes are a segment. For tests: the result is the same. */
  segmentBytes(bytes: number): void {
    this.run('being told how to cut', (decoder) => ok(decoder.ptm_session_segment_bytes(this.session, bytes)))
  }

  /** Files given from now on are those of the guest that a process runs (0: of none, the traced machine's alone), of any guest, or of the traced machine first. */
  guestFiles(of: number | 'any' | 'host'): void {
    const machine = of === 'any' ? ANY_GUEST : of === 'host' ? 0 : of || NO_GUEST
    this.run('being told whose files come', (decoder) => ok(decoder.ptm_session_guest_files(this.session, machine)))
  }

  /** Before `open`: code of guests lies in the process that runs them. */
  guestCode(): void {
    this.run('being told of guests', (decoder) => ok(decoder.ptm_session_guest_code(this.session)))
  }

  /** After `open`: call trees of time ranges will not be asked for; what makes them quick is not kept. */
  withoutRanges(): void {
    this.run('being told what is not asked', (decoder) => ok(decoder.ptm_session_without_ranges(this.session)))
  }

  /** From now on no segment's clock is guessed: slower, right whatever the packets hold. */
  exactClocks(): void {
    this.run('being told to be exact', (decoder) => ok(decoder.ptm_session_exact_clocks(this.session)))
  }

  /** Merged segments that were decoded with a clock which their neighbours refute. */
  clockBreaks(): Result<number, EngineError> {
    return this.run('holding clocks against each other', (decoder) => ok(decoder.ptm_session_clock_breaks(this.session) >>> 0))
  }

  /** Where decoding a segment will read; null: in several places, or not in a source as it is. */
  placeOf(segment: number): Place | null {
    const place = this.run('looking for a segment', (decoder) => {
      if (decoder.ptm_session_segment_place(this.session, segment, this.scratch) !== Status.OK) return ok(null)
      const view = new DataView(decoder.memory.buffer, this.scratch, REQUEST_BYTES)
      return ok({ offset: view.getFloat64(0, true), length: view.getFloat64(8, true), source: view.getUint32(16, true) })
    })
    return place.ok ? place.value : null
  }

  /** Begins decoding a segment; go on with `decodeStep` until it says 'done', then take `part`. */
  decodeStart(segment: number): Result<void, EngineError> {
    return this.run(`starting segment ${segment}`, (decoder) => this.check(decoder.ptm_decode_start(this.session, segment)))
  }

  /** Decodes about `budget` more AUX bytes. */
  decodeStep(budget: number): Result<'more' | 'done', EngineError> {
    return this.run('decoding', (decoder) => {
      const status = decoder.ptm_decode_step(this.session, budget)
      if (status === Status.END) return ok('done')
      if (status === Status.MORE || status === Status.OK) return ok('more')
      return fail(this.failure(status))
    })
  }

  /** A copy of the finished part, in `room`, where it fits. */
  part(room: ArrayBuffer | null = null): Result<Uint8Array<ArrayBuffer>, EngineError> {
    return this.run('handing over a part', (decoder) => {
      const length = this.scratch + REQUEST_BYTES
      const at = decoder.ptm_decode_part(this.session, length) >>> 0
      if (!at) return fail(this.failure(Status.NO_MEMORY))
      const bytes = new DataView(decoder.memory.buffer).getUint32(length, true)
      const part = new Uint8Array(room && room.byteLength >= bytes ? room : new ArrayBuffer(bytes), 0, bytes)
      part.set(bytesOf(decoder.memory).subarray(at, at + bytes))
      return ok(part)
    })
  }

  merge(part: Uint8Array): Result<void, EngineError> {
    return this.run('joining a part', (decoder) => {
      const at = this.copyIn(part)
      if (!at.ok) return at
      const merged = this.check(decoder.ptm_session_merge(this.session, at.value, part.length))
      decoder.free(at.value)
      return merged
    })
  }

  /** Instructions executed in all that is merged. */
  instructions(): number {
    return this.ended ? 0 : this.decoder.exports.ptm_session_instructions(this.session)
  }

  /** One slice of answering: null means ask again with the same request. */
  queryStep<Name extends TableName>(name: Name, request: TableRequest): Result<Tables[Name] | null, EngineError> {
    const table = this.ask(name, request)
    if (!table.ok || table.value === null) return table.ok ? ok(null) : table
    const copied = this.read(name, table.value, 'copied')
    const freed = this.free(table.value)
    return freed.ok ? copied : freed
  }

  /** The whole answer, however long it takes, unless `cancelled` says stop. */
  query<Name extends TableName>(
    name: Name,
    request: TableRequest = {},
    cancelled: () => boolean = () => false,
  ): Result<Tables[Name], EngineError> {
    for (;;) {
      const answer = this.queryStep(name, request)
      if (!answer.ok) return answer
      if (answer.value) return ok(answer.value)
      if (cancelled()) return fail({ sentence: `Reading ${name} was cancelled.` })
    }
  }

  /** Hands an answer to `work` with its text where it lies in the decoder's memory: nothing else may be asked until that is done. */
  async borrow<Name extends TableName, Value>(
    name: Name,
    request: TableRequest,
    work: (table: Tables[Name]) => Promise<Value>,
  ): Promise<Result<Value, EngineError>> {
    for (;;) {
      const table = this.ask(name, request)
      if (!table.ok) return table
      if (table.value === null) continue
      const borrowed = this.read(name, table.value, 'borrowed')
      const used = borrowed.ok ? ok(await work(borrowed.value)) : borrowed
      const freed = this.free(table.value)
      return freed.ok ? used : freed
    }
  }

  close(): void {
    if (this.ended) return
    this.run('closing', (decoder) => ok(decoder.ptm_session_free(this.session)))
    this.ended = 'The trace was closed.'
  }

  /** The answer's table in the decoder's memory, to be freed; null means ask again with the same request. */
  private ask(name: TableName, request: TableRequest): Result<Pointer | null, EngineError> {
    return this.run(`answering ${name}`, (decoder) => {
      const text = request.text === undefined ? ok(0) : this.copyIn(new TextEncoder().encode(`${request.text}\0`))
      if (!text.ok) return text
      this.writeRequest(tableId(name), request, text.value)
      const answer = this.scratch + REQUEST_BYTES
      const status = decoder.ptm_query(this.session, this.scratch, answer)
      decoder.free(text.value)
      if (status === Status.MORE) return ok(null)
      if (status !== Status.OK) return fail(this.failure(status))
      return ok(new DataView(decoder.memory.buffer).getUint32(answer, true))
    })
  }

  private read<Name extends TableName>(name: Name, table: Pointer, text: 'copied' | 'borrowed'): Result<Tables[Name], EngineError> {
    return this.run(`answering ${name}`, (decoder) => {
      const read = copyTable(decoder, table, name, this.scratch + REQUEST_BYTES, text)
      if (read) return ok(read)
      return fail({
        sentence: `The decoder's table "${name}" is not the one this page was built for: build again with "make -C wasm wasm".`,
      })
    })
  }

  private free(table: Pointer): Result<void, EngineError> {
    return this.run('letting an answer go', (decoder) => ok(decoder.ptm_table_free(table)))
  }

  /** Runs `work` in the decoder; a trap inside ends the session. */
  private run<Value>(doing: string, work: (decoder: Decoder['exports']) => Result<Value, EngineError>): Result<Value, EngineError> {
    if (this.ended) return fail({ sentence: this.ended })
    try {
      return work(this.decoder.exports)
    } catch (error) {
      if (isOutOfMemory(error)) return fail({ sentence: outOfMemory })
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error
      this.ended = `The decoder stopped while ${doing} (${error.message}): this is a bug in Ptarmigan; open the trace again.`
      return fail({ sentence: this.ended, detail: this.decoder.log.join('\n') })
    }
  }

  private check(status: number): Result<void, EngineError> {
    return status === Status.OK ? ok(undefined) : fail(this.failure(status))
  }

  private failure(status: number): EngineError {
    if (status === Status.READ_FAILED && this.sources.failure) return { sentence: this.sources.failure }
    return { sentence: this.message() || fallbackSentences[status] || `The decoder failed with status ${status}.` }
  }

  private message(): string {
    const at = this.decoder.exports.ptm_session_message(this.session) >>> 0
    if (!at) return ''
    const bytes = bytesOf(this.decoder.exports.memory)
    const end = bytes.indexOf(0, at)
    return new TextDecoder().decode(bytes.slice(at, end < 0 ? at : end))
  }

  /** Copies bytes into the decoder; free the address afterwards. */
  private copyIn(bytes: Uint8Array): Result<Pointer, EngineError> {
    const { exports } = this.decoder
    const at = exports.malloc(Math.max(bytes.length, 1)) >>> 0
    if (!at) return fail({ sentence: fallbackSentences[Status.NO_MEMORY] ?? '' })
    bytesOf(exports.memory).set(bytes, at)
    return ok(at)
  }

  private writeRequest(table: number, request: TableRequest, text: Pointer): void {
    const view = new DataView(this.decoder.exports.memory.buffer, this.scratch, REQUEST_BYTES)
    view.setUint32(0, table, true)
    view.setUint32(4, request.thread ?? ALL, true)
    view.setUint32(8, request.queue ?? ALL, true)
    view.setUint32(12, request.flags ?? 0, true)
    view.setFloat64(16, request.start_ns ?? 0, true)
    view.setFloat64(24, request.end_ns ?? 0, true)
    view.setFloat64(32, request.first ?? 0, true)
    view.setUint32(40, request.count ?? DEFAULT_ROWS, true)
    view.setUint32(44, request.extra ?? 0, true)
    view.setUint32(48, text, true)
  }
}

function outcomeState(status: number): ImageOutcome['state'] {
  if (status === Status.OK) return 'used'
  if (status === Status.NOT_FOUND) return 'unwanted'
  if (status === Status.MISMATCH) return 'refused'
  return 'unreadable'
}
