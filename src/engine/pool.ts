// SPDX-License-Identifier: Apache-2.0
// The Engine over several workers: one coordinator merges parts and answers,
// the decoders take segments off a shared queue. Knows workers only as objects
// that answer promises, so that tests can bring their own.
import { fail, ok, type Result } from '../lib/result'
import { ALL, type TableName, type Tables } from '../model/tables.gen'
import type { NamedFile } from './host-sources'
import type { Engine, EngineError, ImageOutcome, Input, Progress, TableRequest } from './protocol'
import { ProgressReport } from './progress-report'
import { SegmentQueue } from './segment-queue'
import { isOutOfMemory, outOfMemory, type SessionImage } from './session'

/** `ended`: the worker that says so is of no more use. */
export type WorkerFailure = EngineError & { ended: boolean }
export type Decoded = { state: 'part'; part: Uint8Array<ArrayBuffer> } | { state: 'cancelled' }
export type Merged = { instructions: number }
/** A worker's session and what it reads from. */
export type SessionCopy = { image: SessionImage; inputs: readonly NamedFile[] }

export interface PoolWorker {
  /** Settles when the worker is gone; never otherwise. */
  readonly died: Promise<WorkerFailure>
  /** `exact`: no clock is guessed (ptm_session_exact_clocks). */
  open(module: WebAssembly.Module, input: Input, exact: boolean, onBytes: (bytes: number) => void): Promise<Result<void, WorkerFailure>>
  /** What the worker has opened, for others to go on from; before anything is merged. */
  copy(): Promise<Result<SessionCopy, WorkerFailure>>
  /** In place of `open` and `addImages`. */
  resume(module: WebAssembly.Module, copy: SessionCopy, onBytes: (bytes: number) => void): Promise<Result<void, WorkerFailure>>
  addImages(inputs: readonly Input[]): Promise<Result<ImageOutcome[], WorkerFailure>>
  /** What decoding this segment will read, for another worker to be given: one reads for all, in the file's order; null where each reads by itself. */
  fetch(segment: number): Promise<Uint8Array<ArrayBuffer> | null>
  /** Nothing more is fetched for now. */
  fetchedAll(): Promise<void>
  /** One at a time, in the order asked. */
  decode(segment: number, fetched: Uint8Array<ArrayBuffer> | null): Promise<Result<Decoded, WorkerFailure>>
  cancel(): Promise<void>
  /** Merged segments whose clocks contradict their neighbours' (ptm_session_clock_breaks). */
  clockBreaks(): Promise<Result<number, WorkerFailure>>
  /** Takes over the part's buffer. */
  merge(part: Uint8Array<ArrayBuffer>): Promise<Result<Merged, WorkerFailure>>
  /** `ticket`: a number of its own, for `drop`. */
  query<Name extends TableName>(name: Name, request: TableRequest, ticket: number): Promise<Result<Tables[Name], WorkerFailure>>
  /** The answer to this question is not wanted any more: it fails soon, unless it is there already. */
  drop(ticket: number): Promise<void>
  /** Ends the worker; `died` settles, so that nobody waits for it. */
  terminate(): void
}

export type PoolOptions = {
  /** Decoders beside the coordinator; 0: the coordinator decodes too. */
  decoders: number
  spawn: () => PoolWorker
  compile: () => Promise<WebAssembly.Module>
}

/** A worker, what became of its last setup step, and how far its running segment is. */
type Member = { worker: PoolWorker; ready: Promise<Result<void, WorkerFailure>>; bytes: number }

/** What one `open` started and `close` ends. */
type Opened = {
  module: WebAssembly.Module
  input: Input
  /** All binaries offered so far, and those the trace wanted. */
  offered: Input[]
  images: Input[]
  /** Something is in the profile that was decoded with these images. */
  merged: boolean
  /** Some clock was guessed wrong: none is guessed any more. */
  exact: boolean
  coordinator: Member
  decoders: Member[]
  /** Decoders are on their way; another one, or null, takes its place where that no longer holds. */
  starting: Promise<void> | null
  replacements: number
}

/** What one `decode` shares among its members. */
type Run = { opened: Opened; queue: SegmentQueue; report: ProgressReport; failures: EngineError[]; fatal: EngineError | null }

/** A segment that a member decodes, or will when it is done with the one before. */
type Begun = { segment: number; by: Member; decoded: Promise<Result<Decoded, WorkerFailure>> }

/** Segments that a member is given at once. */
const AT_HAND = 2

/** Decoders that die are replaced this often for one trace. */
const MOST_REPLACEMENTS = 4

export class PoolEngine implements Engine {
  private opened: Opened | null = null
  private generation = 0
  private cancelled = false
  /** Settles when the running decode is told to stop. */
  private stopped: Promise<void> = Promise.resolve()
  private tellStopped: () => void = () => undefined
  private decoding: Promise<unknown> | null = null
  private version = 0
  private tickets = 0
  private preferred: Parameters<Engine['prefer']>[0] = null
  private queue: SegmentQueue | null = null
  private report: ProgressReport | null = null

  constructor(private readonly options: PoolOptions) {}

  async open(input: Input): Promise<Result<void, EngineError>> {
    await this.close()
    const generation = ++this.generation
    const module = await settle<WebAssembly.Module>(this.options.compile().then((compiled) => ok(compiled)))
    if (!module.ok) return fail(plain(module.error))
    if (generation !== this.generation) return superseded
    this.preferred = null
    const coordinator = this.start(module.value, input, [], false)
    const opened: Opened = {
      module: module.value,
      input,
      offered: [],
      images: [],
      merged: false,
      exact: false,
      decoders: [],
      starting: null,
      replacements: 0,
      coordinator,
    }
    this.opened = opened
    const ready = await opened.coordinator.ready
    if (generation !== this.generation) return superseded
    if (!ready.ok) {
      await this.close()
      return fail(plain(ready.error))
    }
    return ok(undefined)
  }

  async addImages(inputs: Input[]): Promise<Result<ImageOutcome[], EngineError>> {
    const opened = this.opened
    if (!opened) return nothingOpen
    await this.stop()
    const outcomes = await ask(opened.coordinator, (worker) => worker.addImages(inputs))
    if (!outcomes.ok) return fail(plain(outcomes.error))
    opened.offered.push(...inputs)
    if (outcomes.value.some(({ late }) => late)) return this.addLate(opened, inputs)
    const used = inputs.filter((_, index) => outcomes.value[index]?.state === 'used')
    opened.images.push(...used)
    if (used.length === 0) return outcomes
    this.version++
    endDecoders(opened)
    if (opened.merged) {
      const begun = await this.beginAgain(opened)
      if (!begun.ok) return begun
    }
    return outcomes
  }

  /** What changes the maps (a kernel's code, a runtime's) is taken by a session that has decoded nothing. */
  private async addLate(opened: Opened, inputs: readonly Input[]): Promise<Result<ImageOutcome[], EngineError>> {
    this.version++
    const begun = await this.beginAgain(opened)
    if (!begun.ok) return begun
    const outcomes = await ask(opened.coordinator, (worker) => worker.addImages(inputs))
    if (!outcomes.ok) return fail(plain(outcomes.error))
    opened.images.push(...inputs.filter((_, index) => outcomes.value[index]?.state === 'used'))
    return outcomes
  }

  /** New workers for the same trace: what was decoded without the new binaries no longer holds. */
  private async beginAgain(opened: Opened): Promise<Result<void, EngineError>> {
    endDecoders(opened)
    opened.coordinator.worker.terminate()
    opened.merged = false
    opened.coordinator = this.start(opened.module, opened.input, opened.offered, opened.exact)
    const ready = await opened.coordinator.ready
    if (!ready.ok) return fail(plain(ready.error))
    return this.opened === opened ? ok(undefined) : closedMeanwhile
  }

  async decode(onProgress: (progress: Progress) => void): Promise<Result<void, EngineError>> {
    // Without a pause where there is nothing to stop: a cancel that comes right after this counts.
    if (this.decoding) await this.stop()
    const opened = this.opened
    if (!opened) return nothingOpen
    this.cancelled = false
    this.stopped = new Promise((resolve) => (this.tellStopped = resolve))
    const run = this.decodeExactly(opened, onProgress)
    this.decoding = run
    const result = await run
    if (this.decoding === run) this.decoding = null
    return result
  }

  prefer(range: Parameters<Engine['prefer']>[0]): void {
    this.preferred = range
    this.queue?.prefer(range)
  }

  async cancel(): Promise<void> {
    this.cancelled = true
    this.tellStopped()
    const opened = this.opened
    if (!opened) return
    await Promise.all([opened.coordinator, ...opened.decoders].map((member) => Promise.race([member.worker.cancel(), member.worker.died])))
  }

  async query<Name extends TableName>(table: Name, request: TableRequest, signal?: AbortSignal): Promise<Result<Tables[Name], EngineError>> {
    const opened = this.opened
    if (!opened) return nothingOpen
    if (signal?.aborted) return fail({ sentence: `Nobody waits for ${table} any more.` })
    const answered = this.report?.asked()
    const ticket = ++this.tickets
    const { coordinator } = opened
    const drop = () => void coordinator.worker.drop(ticket)
    signal?.addEventListener('abort', drop)
    const answer = await ask(coordinator, (worker) => worker.query(table, request, ticket))
    signal?.removeEventListener('abort', drop)
    answered?.()
    return answer.ok ? answer : fail(plain(answer.error))
  }

  async close(): Promise<void> {
    this.generation++
    this.cancelled = true
    this.tellStopped()
    const opened = this.opened
    this.opened = null
    for (const member of opened ? [opened.coordinator, ...opened.decoders] : []) member.worker.terminate()
  }

  /** Starts a worker on the trace; `ready` settles when it has opened all there is. */
  private start(module: WebAssembly.Module, input: Input, images: readonly Input[], exact: boolean): Member {
    const member = this.member((worker, onBytes) => worker.open(module, input, exact, onBytes))
    if (images.length > 0) member.ready = addTo(member, images)
    return member
  }

  private member(open: (worker: PoolWorker, onBytes: (bytes: number) => void) => Promise<Result<void, WorkerFailure>>): Member {
    const worker = this.options.spawn()
    const member: Member = { worker, bytes: 0, ready: Promise.resolve(ok(undefined)) }
    const opening = settle(open(worker, (bytes) => (member.bytes = bytes)))
    member.ready = Promise.race([opening, worker.died.then((failure) => fail(failure))])
    return member
  }

  /** Decoders go on from what the coordinator has opened: nothing is read once more for each of them. */
  private startDecoders(opened: Opened): Promise<void> {
    if (opened.decoders.length > 0 || this.options.decoders === 0) return Promise.resolve()
    if (opened.starting) return opened.starting
    const copied = opened.merged ? Promise.resolve(null) : ask(opened.coordinator, (worker) => worker.copy())
    const starting: Promise<void> = copied.then((copy) => {
      if (this.opened !== opened || opened.starting !== starting) return
      opened.starting = null
      for (let made = 0; made < this.options.decoders; made++)
        opened.decoders.push(copy?.ok ? this.startFrom(opened.module, copy.value) : this.start(opened.module, opened.input, opened.images, opened.exact))
    })
    return (opened.starting = starting)
  }

  private startFrom(module: WebAssembly.Module, copy: SessionCopy): Member {
    return this.member((worker, onBytes) => worker.resume(module, copy, onBytes))
  }

  /** Cancels a running decode and waits for its end. */
  private async stop(): Promise<void> {
    if (!this.decoding) return
    await this.cancel()
    await this.decoding
  }

  /** Decodes all; where broken timing made a segment's clock be guessed wrong, once more without guessing. */
  private async decodeExactly(opened: Opened, onProgress: (progress: Progress) => void): Promise<Result<void, EngineError>> {
    const result = await this.decodeAll(opened, onProgress)
    if (result !== 'wrong clocks') return result
    opened.exact = true
    this.version++
    const begun = await this.beginAgain(opened)
    if (!begun.ok) return begun
    const exact = await this.decodeAll(opened, onProgress)
    return exact === 'wrong clocks' ? ok(undefined) : exact
  }

  /** False also when told to stop before that is known: what is merged is joined for it, which takes its time. */
  private async hasWrongClocks(opened: Opened): Promise<boolean> {
    if (this.cancelled || opened.exact) return false
    const breaks = await Promise.race([ask(opened.coordinator, (worker) => worker.clockBreaks()), this.stopped.then(() => null)])
    return breaks !== null && breaks.ok && breaks.value > 0
  }

  private async decodeAll(opened: Opened, onProgress: (progress: Progress) => void): Promise<Result<void, EngineError> | 'wrong clocks'> {
    const asked = ask(opened.coordinator, (worker) => worker.query('segments', { count: ALL }, ++this.tickets))
    // Once there is something to look at this waits behind what views have asked: after a stop nobody waits for that.
    const known = opened.merged ? this.queue : null
    const segments = known ? await Promise.race([asked, this.stopped.then(() => null)]) : await asked
    if (segments === null) {
      new ProgressReport(known?.bytesTotal ?? 0, onProgress).finish('cancelled', known?.bytesDone ?? 0, this.version)
      return ok(undefined)
    }
    if (!segments.ok) return fail(plain(segments.error))
    const queue = new SegmentQueue(segments.value)
    queue.prefer(this.preferred)
    this.queue = queue
    this.report = new ProgressReport(queue.bytesTotal, onProgress)
    const run: Run = { opened, queue, report: this.report, failures: [], fatal: null }
    const members = () => [opened.coordinator, ...opened.decoders]
    const bytes = () => queue.bytesDone + members().reduce((sum, member) => sum + member.bytes, 0)
    run.report.tell('reading', queue.bytesDone, this.version)
    if (queue.left() > 0) await Promise.race([this.startDecoders(opened), this.stopped])
    const ticking = setInterval(() => run.report.tell('decoding', bytes(), this.version), 250)
    await Promise.all(opened.decoders.map((member) => this.decodeWith(run, member)))
    // Without decoders, or when they are all gone, the coordinator does it alone.
    await this.decodeWith(run, opened.coordinator)
    clearInterval(ticking)
    if (this.opened !== opened) return closedMeanwhile
    void opened.coordinator.worker.fetchedAll()
    // All is decoded: their memory is of no more use.
    if (!this.cancelled) endDecoders(opened)
    const verdict = this.verdict(run)
    if (verdict.ok && (await this.hasWrongClocks(opened))) return 'wrong clocks'
    run.report.finish(this.cancelled ? 'cancelled' : 'done', queue.bytesDone, this.version)
    return verdict
  }

  private verdict({ queue, failures, fatal }: Run): Result<void, EngineError> {
    if (fatal) return fail(fatal)
    if (this.cancelled) return ok(undefined)
    const missing = queue.failed() + queue.left()
    if (missing === 0) return ok(undefined)
    return fail({ ...failures[0], sentence: lostSentence(missing, queue.count, failures[0]) })
  }

  /**
   * One member's share: segments off the queue until there are none, it is cancelled or cannot go on.
   * It has the next one at hand when it is done with one: the page may be busy then.
   */
  private async decodeWith(run: Run, first: Member): Promise<void> {
    let member: Member | null = first
    let merging: Promise<void> = Promise.resolve()
    const begun: Begun[] = []
    for (;;) {
      while (member && begun.length < AT_HAND && this.goesOn(run)) {
        const ready: Result<void, WorkerFailure> | void = await Promise.race([member.ready, this.stopped])
        if (!ready) break
        if (!ready.ok) {
          run.failures.push(plain(ready.error))
          member = this.replace(run.opened, member)
          continue
        }
        const segment = this.goesOn(run) ? run.queue.take(member) : null
        if (segment === null) break
        begun.push({ segment, by: member, decoded: this.decodeOne(run, member, segment) })
      }
      const oldest = begun.shift()
      if (!oldest) break
      // After a stop nobody waits for the decoder, which hears of it at the end of a slice: what it does until then is done again.
      const decoded = await Promise.race([oldest.decoded, this.stopped])
      oldest.by.bytes = 0
      if (!decoded) {
        for (const { segment } of [oldest, ...begun]) run.queue.forget(segment)
        break
      }
      if (!decoded.ok) {
        run.failures.push(plain(decoded.error))
        const { ended } = decoded.error
        // What waited behind it was not tried.
        for (const { segment } of ended ? begun.splice(0) : []) run.queue.forget(segment)
        run.queue.putBack(oldest.segment, oldest.by)
        if (ended) member = this.replace(run.opened, oldest.by)
      } else if (decoded.value.state === 'cancelled') {
        run.queue.forget(oldest.segment)
      } else {
        const { part } = decoded.value
        // Parts are merged in turn with what views ask, which may take long: after a stop nobody waits for that.
        await Promise.race([merging, this.stopped])
        run.queue.decoded(oldest.segment)
        merging = merging.then(() => this.merge(run, oldest.segment, part))
      }
    }
    await Promise.race([merging, this.stopped])
  }

  private async decodeOne(run: Run, member: Member, segment: number): Promise<Result<Decoded, WorkerFailure>> {
    const fetched = await Promise.race([this.fetch(run, segment), this.stopped])
    if (this.cancelled || fetched === undefined) return ok({ state: 'cancelled' })
    return ask(member, (worker) => worker.decode(segment, fetched))
  }

  /** Where nothing comes, the decoder reads itself and says why it cannot. */
  private fetch({ opened }: Run, segment: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const { worker } = opened.coordinator
    return Promise.race([worker.fetch(segment).catch(() => null), worker.died.then(() => null)])
  }

  private goesOn(run: Run): boolean {
    return !this.cancelled && !run.fatal && run.queue.left() > 0
  }

  private async merge(run: Run, segment: number, part: Uint8Array<ArrayBuffer>): Promise<void> {
    const merged = await ask(run.opened.coordinator, (worker) => worker.merge(part))
    if (merged.ok) {
      run.opened.merged = true
      this.version++
      run.report.instructions = merged.value.instructions
      return
    }
    run.failures.push(plain(merged.error))
    run.queue.lose(segment)
    if (merged.error.ended) run.fatal = plain(merged.error)
  }

  /** A new worker in the place of a dead one; null when enough have died. */
  private replace(opened: Opened, dead: Member): Member | null {
    const at = opened.decoders.indexOf(dead)
    if (at < 0 || this.opened !== opened) return null
    dead.worker.terminate()
    opened.decoders.splice(at, 1)
    if (opened.replacements >= MOST_REPLACEMENTS) return null
    opened.replacements++
    const member = this.start(opened.module, opened.input, opened.images, opened.exact)
    opened.decoders.push(member)
    return member
  }
}

function endDecoders(opened: Opened): void {
  for (const member of opened.decoders) member.worker.terminate()
  opened.decoders = []
  opened.starting = null
}

const nothingOpen: Result<never, EngineError> = fail({ sentence: 'No trace is open.' })
const superseded: Result<never, EngineError> = fail({ sentence: 'Another trace was opened meanwhile.' })
const closedMeanwhile: Result<never, EngineError> = fail({ sentence: 'The trace was closed meanwhile.' })

const plain = ({ sentence, detail }: EngineError): EngineError => (detail ? { sentence, detail } : { sentence })

function lostSentence(lost: number, count: number, first: EngineError | undefined): string {
  return `${lost} of ${count} segments of the trace could not be decoded and are missing from all numbers. ${first?.sentence ?? ''}`.trim()
}

/** Asks a worker; its death or an exception is a failure like any other. */
function ask<Value>(
  member: Member,
  question: (worker: PoolWorker) => Promise<Result<Value, WorkerFailure>>,
): Promise<Result<Value, WorkerFailure>> {
  return Promise.race([settle(question(member.worker)), member.worker.died.then((failure) => fail(failure))])
}

async function addTo(member: Member, images: readonly Input[]): Promise<Result<void, WorkerFailure>> {
  const ready = await member.ready
  if (!ready.ok) return ready
  const added = await ask(member, (worker) => worker.addImages(images))
  return added.ok ? ok(undefined) : added
}

/** An exception (a bug, or the browser's refusal) as a failure. */
async function settle<Value>(answer: Promise<Result<Value, WorkerFailure>>): Promise<Result<Value, WorkerFailure>> {
  try {
    return await answer
  } catch (error) {
    if (isOutOfMemory(error)) return fail({ sentence: outOfMemory, ended: true })
    return fail({ sentence: error instanceof Error ? error.message : String(error), ended: true })
  }
}
