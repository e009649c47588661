// SPDX-License-Identifier: Apache-2.0
// What one worker does: a Session over its inputs, its long work cut into slices so
// that cancelling and other calls get in between. Knows nothing of messages;
// worker.ts puts it behind comlink.
import { fail, ok, type Result } from '../lib/result'
import type { TableName, Tables } from '../model/tables.gen'
import { InputSources, letGo } from './host-sources'
import type { Decoded, Merged, SessionCopy, WorkerFailure } from './pool'
import type { EngineError, ImageOutcome, Input, TableRequest } from './protocol'
import { Session } from './session'

const SLICE_MS = 25
const FIRST_BUDGET = 64 << 10
const LEAST_BUDGET = 4 << 10
const MOST_BUDGET = 1 << 20
const REPORT_MS = 100
const MOST_SPARE = 8

export class WorkerSession {
  private session: Session | null = null
  private readonly sources = new InputSources()
  /** Grows with every cancel: what was asked for before that is not wanted. */
  private cancels = 0
  /** Settles when the last decode that was asked for is over: one at a time, in the order asked. */
  private decoding: Promise<unknown> = Promise.resolve()
  private budget = FIRST_BUDGET
  /** Memory of parts that are merged. */
  private spare: ArrayBuffer[] = []
  /** Tickets of the questions that are still to be answered. */
  private readonly wanted = new Set<number>()
  /** Queries and merges go one at a time: an unfinished query is kept by the decoder until it is asked again. */
  private turn: Promise<unknown> = Promise.resolve()

  async open(module: WebAssembly.Module, input: Input, exact: boolean): Promise<Result<void, WorkerFailure>> {
    const session = (this.session = await Session.create(module, this.sources))
    for (const { name, file } of input.data ?? []) {
      const noted = this.judge(session.addData(this.sources.add(name, file), file.size, name))
      if (!noted.ok) return noted
    }
    for (const { name, file, clock, data = [] } of input.guests ?? []) {
      const noted = this.judge(session.addGuest(this.sources.add(name, file), file.size, name, clock))
      if (!noted.ok) return noted
      for (const one of data) {
        const more = this.judge(session.addGuestData(this.sources.add(one.name, one.file), one.file.size, one.name))
        if (!more.ok) return more
      }
    }
    if (exact) session.exactClocks()
    if (input.guestCode === true) session.guestCode()
    const source = this.sources.add(input.name, input.file)
    return this.judge(this.sources.whileWalking(source, () => session.open(source, input.file.size)))
  }

  /** All that was opened and added so far, for another worker to go on from. */
  async copy(): Promise<Result<SessionCopy, WorkerFailure>> {
    return this.inTurn(async (session) => {
      const image = this.judge(session.image())
      return image.ok ? ok({ image: image.value, inputs: this.sources.inputs }) : image
    })
  }

  async resume(module: WebAssembly.Module, { image, inputs }: SessionCopy): Promise<Result<void, WorkerFailure>> {
    for (const { name, file } of inputs) this.sources.add(name, file)
    this.session = await Session.resume(module, this.sources, image)
    letGo(image.memory)
    return ok(undefined)
  }

  async addImages(inputs: readonly Input[]): Promise<Result<ImageOutcome[], WorkerFailure>> {
    return this.inTurn(async (session) => {
      const sources = new Map(inputs.map((input) => [input, this.sources.add(input.name, input.file)]))
      return offerAll(inputs, async (input) => {
        const outcome = this.judge(offer(session, sources.get(input) ?? 0, input))
        await nextEvent()
        return outcome
      })
    })
  }

  /** What decoding a segment will read, for another worker; null: nothing, or in places that lie apart. */
  async fetch(segment: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const place = this.session?.placeOf(segment)
    return place ? this.sources.fetch(place, this.spare.pop() ?? null) : null
  }

  /** Nothing is fetched for now: gives the memory for it back. */
  fetchedAll(): void {
    this.sources.fetchedAll()
    this.spare = []
  }

  /** Decodes one segment, whose bytes were fetched unless they are null (their memory becomes the part's, where it fits); `onBytes` hears of the AUX bytes done about four times a second. */
  decode(segment: number, fetched: Uint8Array<ArrayBuffer> | null, onBytes: (bytes: number) => void): Promise<Result<Decoded, WorkerFailure>> {
    const { session, cancels } = this
    if (!session) return Promise.resolve(notOpen)
    const decoded = this.decoding.then(async () => {
      const place = fetched && session.placeOf(segment)
      if (place) this.sources.hold(place, fetched)
      try {
        return await this.decodeNow(session, segment, onBytes, () => cancels !== this.cancels, fetched?.buffer ?? null)
      } finally {
        if (place) this.sources.giveUp(place)
      }
    })
    this.decoding = decoded.catch(() => undefined)
    return decoded
  }

  private async decodeNow(
    session: Session,
    segment: number,
    onBytes: (bytes: number) => void,
    isCancelled: () => boolean,
    room: ArrayBuffer | null,
  ): Promise<Result<Decoded, WorkerFailure>> {
    if (isCancelled()) return ok({ state: 'cancelled' })
    const started = this.judge(session.decodeStart(segment))
    if (!started.ok) return started
    let bytes = 0
    let reported = performance.now()
    for (;;) {
      const before = performance.now()
      const step = this.judge(session.decodeStep(this.budget))
      if (!step.ok) return step
      if (step.value === 'done') break
      bytes += this.budget
      const now = performance.now()
      this.budget = nextBudget(this.budget, now - before)
      if (now - reported >= REPORT_MS) {
        onBytes(bytes)
        reported = now
      }
      await nextEvent()
      if (isCancelled()) return ok({ state: 'cancelled' })
    }
    const part = this.judge(session.part(room))
    return part.ok ? ok({ state: 'part', part: part.value }) : part
  }

  async clockBreaks(): Promise<Result<number, WorkerFailure>> {
    return this.inTurn(async (session) => this.judge(session.clockBreaks()))
  }

  cancel(): void {
    this.cancels++
  }

  async merge(part: Uint8Array<ArrayBuffer>): Promise<Result<Merged, WorkerFailure>> {
    return this.inTurn(async (session) => {
      const merged = this.judge(session.merge(part))
      this.keepRoom(part)
      return merged.ok ? ok({ instructions: session.instructions() }) : merged
    })
  }

  /** The memory of a merged part, for bytes that are fetched: fresh memory costs more than to fill it. */
  private keepRoom(part: Uint8Array<ArrayBuffer>): void {
    if (this.spare.length < MOST_SPARE) this.spare.push(part.buffer)
    else letGo(part)
  }

  async query<Name extends TableName>(name: Name, request: TableRequest, ticket: number): Promise<Result<Tables[Name], WorkerFailure>> {
    this.wanted.add(ticket)
    const answer = await this.inTurn((session) => this.answer(session, name, request, ticket))
    this.wanted.delete(ticket)
    return answer
  }

  drop(ticket: number): void {
    this.wanted.delete(ticket)
  }

  private async answer<Name extends TableName>(
    session: Session,
    name: Name,
    request: TableRequest,
    ticket: number,
  ): Promise<Result<Tables[Name], WorkerFailure>> {
    while (this.wanted.has(ticket)) {
      const answer = this.judge(session.queryStep(name, request))
      if (!answer.ok) return answer
      if (answer.value) return ok(answer.value)
      await nextEvent()
    }
    return fail({ sentence: `Nobody waits for ${name} any more.`, ended: false })
  }

  private inTurn<Value>(work: (session: Session) => Promise<Result<Value, WorkerFailure>>): Promise<Result<Value, WorkerFailure>> {
    const session = this.session
    if (!session) return Promise.resolve(notOpen)
    const result = this.turn.then(() => work(session))
    this.turn = result.catch(() => undefined)
    return result
  }

  /** Marks a failure after which this worker is of no more use. */
  private judge<Value>(result: Result<Value, { sentence: string; detail?: string }>): Result<Value, WorkerFailure> {
    return result.ok ? result : fail({ ...result.error, ended: (this.session?.ended ?? '') !== '' })
  }
}

const notOpen: Result<never, WorkerFailure> = fail({ sentence: 'No trace is open.', ended: false })

function offer(session: Session, source: number, { file, path, of }: Input): Result<ImageOutcome, EngineError> {
  if (of !== undefined) {
    session.guestFiles(of)
    const outcome = session.addImage(source, file.size, path)
    session.guestFiles('host')
    if (!outcome.ok || outcome.value.state !== 'unwanted') return outcome
  }
  return session.addImage(source, file.size, path)
}

/** Offers one after the other; what is not wanted again, as long as others were used: what was split from a binary is
 * known by it, and what several share by what was split. */
export async function offerAll<One>(
  inputs: readonly One[],
  offerOne: (input: One) => Promise<Result<ImageOutcome, WorkerFailure>>,
): Promise<Result<ImageOutcome[], WorkerFailure>> {
  const outcomes = new Map<number, ImageOutcome>()
  let left = [...inputs.keys()]
  for (let before = Infinity; left.length > 0 && left.length < before; ) {
    before = left.length
    for (const index of left) {
      const input = inputs[index]
      if (input === undefined) continue
      const outcome = await offerOne(input)
      if (!outcome.ok) return outcome
      outcomes.set(index, outcome.value)
    }
    left = left.filter((index) => outcomes.get(index)?.state === 'unwanted')
  }
  return ok([...inputs.keys()].flatMap((index) => outcomes.get(index) ?? []))
}

/** Keeps a slice near SLICE_MS: at most doubles or halves at a time. */
export function nextBudget(budget: number, took_ms: number): number {
  const factor = Math.min(2, Math.max(0.5, SLICE_MS / Math.max(took_ms, 0.1)))
  return Math.round(Math.min(MOST_BUDGET, Math.max(LEAST_BUDGET, budget * factor)))
}

/** Lets waiting messages in; unlike a timer, not held back 4 ms. */
function nextEvent(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
