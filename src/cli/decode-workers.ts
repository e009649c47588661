// SPDX-License-Identifier: Apache-2.0
// Decodes a trace in several threads of Node: each goes on from a copy of the
// session that has opened it, and hands back parts, which are merged in the
// trace's order, so that what is told does not depend on who was first. A
// thread runs the program's own file (main.ts sends it here).
import { parentPort, Worker } from 'node:worker_threads'
import { letGo } from '../engine/host-sources'
import { Session, type SessionImage } from '../engine/session'
import { fail, ok, type Result } from '../lib/result'
import { FileSources, type FileInputs } from './file-sources'
import { decodeAll, decodePart, type Trace } from './trace'

type Decodable = Pick<Trace, 'session' | 'module' | 'sources'>
/** What a thread begins with. */
type Start = { module: WebAssembly.Module; image: SessionImage; inputs: FileInputs }
type Answer = { segment: number; part: Result<Uint8Array<ArrayBuffer>, string> }

/** Fewer segments a thread are decoded before it has begun. */
const LEAST_SEGMENTS = 3
/** Segments that a thread is given at once. */
const AT_HAND = 2

/** Decodes all of a trace with up to so many threads. Where a clock was guessed wrong, all is decoded again, in one, which guesses none: what comes back is then another session, opened by `reopen`. `program`: what threads run. */
export async function decodeTrace<Opened extends Decodable>(
  trace: Opened,
  workers: number,
  reopen: () => Promise<Result<Opened, string>>,
  program: URL = new URL(import.meta.url),
): Promise<Result<Opened, string>> {
  const { session } = trace
  const count = Math.min(workers, Math.floor(session.segments() / LEAST_SEGMENTS))
  if (count < 2) return inOne(trace)
  const decoded = await new Threads(trace, count, program).decode()
  if (!decoded.ok) return decoded
  const breaks = session.clockBreaks()
  if (!breaks.ok) return fail(breaks.error.sentence)
  if (breaks.value === 0) return ok(trace)
  session.close()
  const again = await reopen()
  return again.ok ? inOne(again.value) : again
}

function inOne<Opened extends Decodable>(trace: Opened): Result<Opened, string> {
  const decoded = decodeAll(trace.session)
  return decoded.ok ? ok(trace) : decoded
}

class Threads {
  private next = 0
  private merged = 0
  /** Decoded before others that come first. */
  private readonly parts = new Map<number, Uint8Array<ArrayBuffer>>()
  private workers: Worker[] = []
  private finish: (result: Result<void, string>) => void = () => undefined

  constructor(
    private readonly trace: Decodable,
    private readonly count: number,
    private readonly program: URL,
  ) {}

  async decode(): Promise<Result<void, string>> {
    const finished = new Promise<Result<void, string>>((resolve) => (this.finish = resolve))
    for (let made = 0; made < this.count; made++) {
      const started = this.start()
      if (!started.ok) this.finish(started)
    }
    const result = await finished
    await Promise.all(this.workers.map((worker) => worker.terminate()))
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
    return result
  }

  private start(): Result<void, string> {
    const image = this.trace.session.image()
    if (!image.ok) return fail(image.error.sentence)
    const worker = new Worker(this.program)
    this.workers.push(worker)
    worker.on('message', (answer: Answer) => this.take(worker, answer))
    worker.on('error', ({ message }) => this.finish(fail(`a decoding thread stopped (${message}); --workers 1 does without.`)))
    const start: Start = { module: this.trace.module, image: image.value, inputs: this.trace.sources.inputs }
    worker.postMessage(start, [image.value.memory.buffer])
    for (let given = 0; given < AT_HAND; given++) this.give(worker)
    return ok(undefined)
  }

  private give(worker: Worker): void {
    if (this.next < this.trace.session.segments()) worker.postMessage(this.next++)
  }

  private take(worker: Worker, { segment, part }: Answer): void {
    if (!part.ok) return this.finish(part)
    this.give(worker)
    this.parts.set(segment, part.value)
    for (let first = this.parts.get(this.merged); first; first = this.parts.get(this.merged)) {
      const merged = this.trace.session.merge(first)
      letGo(first)
      if (!merged.ok) return this.finish(fail(merged.error.sentence))
      this.parts.delete(this.merged++)
    }
    const count = this.trace.session.segments()
    if (process.stderr.isTTY) process.stderr.write(`\rdecoded ${this.merged} of ${count} segments`)
    if (this.merged === count) this.finish(ok(undefined))
  }
}

/** The other end: decodes the segments whose numbers come. */
export function decodeForAnother(): void {
  const port = parentPort
  if (!port) return
  let session: Promise<Session> | null = null
  port.on('message', (message: Start | number) => {
    if (typeof message !== 'number') session = goOn(message)
    else void session?.then((mine) => answer(mine, message))
  })
  const answer = (mine: Session, segment: number) => {
    const part = decodePart(mine, segment)
    port.postMessage({ segment, part } satisfies Answer, part.ok ? [part.value.buffer] : [])
  }
}

async function goOn({ module, image, inputs }: Start): Promise<Session> {
  const session = await Session.resume(module, new FileSources(inputs), image)
  letGo(image.memory)
  return session
}
