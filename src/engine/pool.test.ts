// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { fail, ok } from '../lib/result'
import { emptyTable } from './columns'
import { PoolEngine, type PoolWorker, type WorkerFailure } from './pool'
import type { Input, Progress } from './protocol'

const noImage = { memory: new Uint8Array(0), session: 0, scratch: 0 }

/** A worker of a world with `segments` segments of 100 bytes; parts are one byte: the segment's number. */
class FakeWorker implements PoolWorker {
  readonly died: Promise<WorkerFailure>
  die: (sentence: string) => void = () => undefined
  terminated = false
  private cancels = 0
  private turn: Promise<unknown> = Promise.resolve()
  private readonly merged = new Set<number>()

  constructor(
    readonly number: number,
    private readonly world: World,
  ) {
    this.died = new Promise((resolve) => (this.die = (sentence) => resolve({ sentence, ended: true })))
  }

  async open(_module: WebAssembly.Module, input: Input, exact: boolean) {
    this.world.log.push(`${this.number} opens ${input.name}${exact ? ' exactly' : ''}`)
    this.world.exact = exact
    return input.name === 'bad' ? fail({ sentence: 'not a trace', ended: false }) : ok(undefined)
  }
  async copy() {
    await this.world.copying
    this.world.log.push(`${this.number} is copied`)
    return this.world.copyFails ? fail({ sentence: 'too large', ended: false }) : ok({ image: noImage, inputs: [] })
  }
  async resume() {
    this.world.log.push(`${this.number} goes on`)
    return ok(undefined)
  }
  async addImages(inputs: readonly Input[]) {
    this.world.log.push(`${this.number} adds ${inputs.map((input) => input.name).join(' ')}`)
    if (this.merged.size > 0 && inputs.some(({ name }) => name === 'kcore')) return ok(inputs.map(({ path }) => ({ path, state: 'unreadable' as const, sentence: 'before decoding', late: true as const })))
    return ok(inputs.map(({ path }) => ({ path, state: path.startsWith('/x') ? ('unwanted' as const) : ('used' as const), sentence: '' })))
  }
  async fetch(segment: number) {
    await this.world.fetching
    if (this.world.fetchFails) throw new Error('no memory to read into')
    return new Uint8Array([this.number, segment])
  }
  async fetchedAll() {
    this.world.allFetched++
  }
  decode(segment: number, fetched: Uint8Array | null) {
    const { cancels } = this
    this.world.fetched.push(fetched?.join(' ') ?? 'null')
    const decoded = this.turn.then(() => this.decodeNow(segment, cancels))
    this.turn = decoded
    return decoded
  }
  private async decodeNow(segment: number, cancels: number) {
    for (let slice = 0; slice < this.world.slices; slice++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (cancels !== this.cancels) return ok({ state: 'cancelled' as const })
    }
    const failing = this.world.fails.get(segment) ?? 0
    if (failing > 0) {
      this.world.fails.set(segment, failing - 1)
      if (this.world.deaths) {
        this.die(`worker ${this.number} died at ${segment}`)
        return new Promise<never>(() => undefined)
      }
      return fail({ sentence: `no memory for ${segment}`, ended: false })
    }
    this.world.log.push(`${this.number} decodes ${segment}`)
    return ok({ state: 'part' as const, part: new Uint8Array([segment]) })
  }
  async cancel() {
    this.cancels++
  }
  async clockBreaks() {
    await this.world.joining
    return ok(this.world.exact ? 0 : this.world.breaks)
  }
  async merge(part: Uint8Array<ArrayBuffer>) {
    if (this.world.mergeFails) return fail({ sentence: 'the coordinator trapped', ended: true })
    this.world.merged = this.merged.add(part[0] ?? -1)
    return ok({ instructions: this.merged.size * 1000 })
  }
  query: PoolWorker['query'] = async (name) => {
    if (name === 'segments') await this.world.answering
    const table = emptyTable(name, name === 'segments' ? this.world.segments : 0)
    if ('merged' in table) for (const segment of this.merged) table.merged[segment] = 1
    if ('size' in table && table.size instanceof Float64Array) table.size.fill(100)
    return ok(table)
  }
  async drop(ticket: number) {
    this.world.log.push(`${this.number} drops question ${ticket}`)
  }
  terminate() {
    this.terminated = true
    this.die('The trace was closed.')
  }
}

class World {
  log: string[] = []
  merged = new Set<number>()
  fails = new Map<number, number>()
  deaths = false
  mergeFails = false
  copyFails = false
  answering: Promise<void> = Promise.resolve()
  copying: Promise<void> = Promise.resolve()
  joining: Promise<void> = Promise.resolve()
  fetching: Promise<void> = Promise.resolve()
  fetchFails = false
  /** What came with the segments: who fetched it, and for which. */
  fetched: string[] = []
  allFetched = 0
  breaks = 0
  exact = false
  slices = 2
  workers: FakeWorker[] = []
  readonly engine: PoolEngine

  constructor(
    readonly segments: number,
    decoders: number,
  ) {
    const spawn = () => {
      const worker = new FakeWorker(this.workers.length, this)
      this.workers.push(worker)
      return worker
    }
    this.engine = new PoolEngine({
      decoders,
      spawn,
      compile: async () => new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])),
    })
  }
}

const input = (name: string, path = `/${name}`): Input => ({ name, path, file: new Blob([]) })
const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b)

describe('decode', () => {
  it('has the coordinator read for all decoders', async () => {
    const world = new World(3, 2)
    await world.engine.open(input('perf.data'))
    await world.engine.decode(() => undefined)
    expect(world.fetched).toEqual(['0 0', '0 1', '0 2'])
    expect(world.allFetched).toBe(1)
  })

  it('lets decoders read themselves where that fails', async () => {
    const world = new World(3, 2)
    world.fetchFails = true
    await world.engine.open(input('perf.data'))
    expect(await world.engine.decode(() => undefined)).toEqual({ ok: true, value: undefined })
    expect(world.fetched).toEqual(['null', 'null', 'null'])
    expect(sorted(world.merged)).toEqual([0, 1, 2])
  })

  it('is cancelled while bytes do not come, and goes on afterwards', async () => {
    const world = new World(3, 2)
    let come: () => void = () => undefined
    world.fetching = new Promise((resolve) => (come = resolve))
    await world.engine.open(input('perf.data'))
    const told: Progress[] = []
    const decoding = world.engine.decode((progress) => told.push(progress))
    while (!world.log.includes('2 goes on')) await new Promise((resolve) => setTimeout(resolve, 1))
    await world.engine.cancel()
    await decoding
    expect(told.at(-1)?.phase).toBe('cancelled')
    expect(world.fetched).toEqual([])
    come()
    await world.engine.decode(() => undefined)
    expect(sorted(world.merged)).toEqual([0, 1, 2])
  })

  it('gives each segment to one decoder and merges all in the coordinator', async () => {
    const world = new World(7, 2)
    await world.engine.open(input('perf.data'))
    const told: Progress[] = []
    expect(await world.engine.decode((progress) => told.push(progress))).toEqual({ ok: true, value: undefined })
    expect(sorted(world.merged)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(world.log.filter((line) => line.includes('decodes'))).toHaveLength(7)
    expect(world.log.some((line) => line.startsWith('0 decodes'))).toBe(false)
    expect(told.at(-1)).toEqual({ phase: 'done', bytesDone: 700, bytesTotal: 700, instructions: 7000, version: 7 })
  })

  it('decodes in the coordinator when it is alone', async () => {
    const world = new World(3, 0)
    await world.engine.open(input('perf.data'))
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(world.log.filter((line) => line.startsWith('0 decodes'))).toEqual(['0 decodes 0', '0 decodes 1', '0 decodes 2'])
  })

  it('stops soon when cancelled, keeps what is done and can go on later', async () => {
    const world = new World(20, 1)
    world.slices = 10
    await world.engine.open(input('perf.data'))
    const told: Progress[] = []
    const decoding = world.engine.decode((progress) => told.push(progress))
    while (world.merged.size < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    const before = performance.now()
    await world.engine.cancel()
    expect((await decoding).ok).toBe(true)
    expect(performance.now() - before).toBeLessThan(100)
    expect(told.at(-1)?.phase).toBe('cancelled')
    const merged = world.merged.size
    expect(merged).toBeLessThan(20)
    world.slices = 0
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(world.merged.size).toBe(20)
  })

  it('stops although a decoder is busy, and does again what that was at', async () => {
    const world = new World(3, 1)
    world.slices = 1000
    await world.engine.open(input('perf.data'))
    const told: Progress[] = []
    const first = world.engine.decode((progress) => told.push(progress))
    while (world.fetched.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    const decoder = world.workers[1]
    let heard = () => {}
    if (decoder) decoder.cancel = () => new Promise((resolve) => (heard = () => resolve(FakeWorker.prototype.cancel.call(decoder))))
    void world.engine.cancel()
    expect((await first).ok).toBe(true)
    expect(told.at(-1)).toMatchObject({ phase: 'cancelled', bytesDone: 0 })
    heard()
    world.slices = 0
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(sorted(world.merged)).toEqual([0, 1, 2])
  })

  it('stops although the coordinator is busy answering, and goes on later', async () => {
    const world = new World(20, 1)
    world.slices = 10
    await world.engine.open(input('perf.data'))
    const first = world.engine.decode(() => undefined)
    while (world.merged.size < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    await world.engine.cancel()
    await first
    let answer = () => {}
    world.answering = new Promise((resolve) => (answer = resolve))
    const told: Progress[] = []
    const second = world.engine.decode((progress) => told.push(progress))
    await world.engine.cancel()
    expect((await second).ok).toBe(true)
    expect(told.map(({ phase, bytesTotal }) => ({ phase, bytesTotal }))).toEqual([{ phase: 'cancelled', bytesTotal: 2000 }])
    answer()
    world.slices = 0
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(world.merged.size).toBe(20)
  })

  it('stops although decoders are still being started, and starts them once', async () => {
    const world = new World(3, 2)
    let copied = () => {}
    world.copying = new Promise((resolve) => (copied = resolve))
    await world.engine.open(input('perf.data'))
    const first = world.engine.decode(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 1))
    await world.engine.cancel()
    expect((await first).ok).toBe(true)
    const second = world.engine.decode(() => undefined)
    copied()
    expect((await second).ok).toBe(true)
    expect(sorted(world.merged)).toEqual([0, 1, 2])
    expect(world.log.filter((line) => line.endsWith('goes on'))).toEqual(['1 goes on', '2 goes on'])
  })

  it("retries a dead worker's segment in a new one, with the images", async () => {
    const world = new World(3, 1)
    world.deaths = true
    world.fails.set(1, 1)
    await world.engine.open(input('perf.data'))
    await world.engine.addImages([input('a.out')])
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(sorted(world.merged)).toEqual([0, 1, 2])
    expect(world.workers[1]?.terminated).toBe(true)
    expect(world.log.filter((line) => line.startsWith('2 '))).toEqual(['2 opens perf.data', '2 adds a.out', '2 decodes 1', '2 decodes 2'])
  })

  it('reports a segment that fails twice and decodes the others', async () => {
    const world = new World(3, 2)
    world.fails.set(1, 2)
    await world.engine.open(input('perf.data'))
    const decoded = await world.engine.decode(() => undefined)
    expect(decoded).toEqual({
      ok: false,
      error: { sentence: '1 of 3 segments of the trace could not be decoded and are missing from all numbers. no memory for 1' },
    })
    expect(sorted(world.merged)).toEqual([0, 2])
  })

  it('falls back to the coordinator when every decoder has died', async () => {
    const world = new World(9, 1)
    world.deaths = true
    for (const segment of [0, 1, 2, 3, 4]) world.fails.set(segment, 1)
    await world.engine.open(input('perf.data'))
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(world.merged.size).toBe(9)
    expect(world.workers).toHaveLength(6)
  })

  it('decodes again without guessing when a clock was guessed wrong', async () => {
    const world = new World(3, 1)
    world.breaks = 2
    await world.engine.open(input('perf.data'))
    await world.engine.addImages([input('a.out')])
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(world.log.filter((line) => /^[23] /.test(line))).toEqual([
      '2 opens perf.data exactly',
      '2 adds a.out',
      '2 is copied',
      '3 goes on',
      '3 decodes 0',
      '3 decodes 1',
      '3 decodes 2',
    ])
    expect(sorted(world.merged)).toEqual([0, 1, 2])
  })

  it('stops while what is decoded is joined to hold clocks against each other, and holds them later', async () => {
    const world = new World(3, 1)
    world.breaks = 2
    let joined = () => {}
    world.joining = new Promise((resolve) => (joined = resolve))
    await world.engine.open(input('perf.data'))
    const told: Progress[] = []
    const decoding = world.engine.decode((progress) => told.push(progress))
    while (world.merged.size < 3) await new Promise((resolve) => setTimeout(resolve, 1))
    await world.engine.cancel()
    expect((await decoding).ok).toBe(true)
    expect(told.at(-1)).toMatchObject({ phase: 'cancelled', bytesDone: 300 })
    joined()
    expect((await world.engine.decode((progress) => told.push(progress))).ok).toBe(true)
    expect(told.at(-1)?.phase).toBe('done')
    expect(world.log).toContain('2 opens perf.data exactly')
  })

  it('fails when the coordinator has died', async () => {
    const world = new World(3, 1)
    world.mergeFails = true
    await world.engine.open(input('perf.data'))
    expect(await world.engine.decode(() => undefined)).toEqual({ ok: false, error: { sentence: 'the coordinator trapped' } })
  })
})

it('tells the coordinator of a question whose answer nobody waits for', async () => {
  const world = new World(1, 0)
  await world.engine.open(input('perf.data'))
  const controller = new AbortController()
  const first = world.engine.query('call_tree', {}, controller.signal)
  const second = world.engine.query('call_tree', {})
  controller.abort()
  await Promise.all([first, second])
  expect(world.log.filter((line) => line.includes('drops'))).toEqual(['0 drops question 1'])
  expect(await world.engine.query('call_tree', {}, controller.signal)).toEqual({ ok: false, error: { sentence: 'Nobody waits for call_tree any more.' } })
})

describe('open and close', () => {
  it('says what is wrong and keeps no worker', async () => {
    const world = new World(1, 2)
    expect(await world.engine.open(input('bad'))).toEqual({ ok: false, error: { sentence: 'not a trace' } })
    expect(world.workers.map((worker) => worker.terminated)).toEqual([true])
    expect(await world.engine.query('info', {})).toEqual({ ok: false, error: { sentence: 'No trace is open.' } })
  })

  it('ends the workers of the trace before', async () => {
    const world = new World(1, 1)
    await world.engine.open(input('one'))
    await world.engine.open(input('two'))
    expect(world.workers.map((worker) => worker.terminated)).toEqual([true, false])
    await world.engine.close()
    expect(world.workers.every((worker) => worker.terminated)).toBe(true)
  })

  it('opens and reads binaries once for all workers', async () => {
    const world = new World(2, 2)
    await world.engine.open(input('perf.data'))
    await world.engine.addImages([input('a.out')])
    await world.engine.decode(() => undefined)
    expect(world.log.filter((line) => !line.includes('decodes'))).toEqual([
      '0 opens perf.data',
      '0 adds a.out',
      '0 is copied',
      '1 goes on',
      '2 goes on',
    ])
    expect(world.workers.map((worker) => worker.terminated)).toEqual([false, true, true])
  })

  it('hands only used images to decoders that open the trace themselves', async () => {
    const world = new World(2, 1)
    world.copyFails = true
    await world.engine.open(input('perf.data'))
    const outcomes = await world.engine.addImages([input('a.out'), input('notes.txt', '/x/notes.txt')])
    expect(outcomes.ok && outcomes.value.map((outcome) => outcome.state)).toEqual(['used', 'unwanted'])
    await world.engine.decode(() => undefined)
    expect(world.log.filter((line) => line.includes('adds'))).toEqual(['0 adds a.out notes.txt', '1 adds a.out'])
  })

  it('takes code that changes the maps, although all is decoded', async () => {
    const world = new World(2, 1)
    await world.engine.open(input('perf.data'))
    await world.engine.decode(() => undefined)
    const outcomes = await world.engine.addImages([input('kcore'), input('notes.txt', '/x/notes.txt')])
    expect(outcomes.ok && outcomes.value.map(({ state, late }) => [state, late])).toEqual([['used', undefined], ['unwanted', undefined]])
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(world.log.filter((line) => line.startsWith('2 '))).toEqual(['2 opens perf.data', '2 adds kcore notes.txt', '2 adds kcore notes.txt', '2 is copied'])
    expect(sorted(world.merged)).toEqual([0, 1])
  })

  it('begins again with new workers when an image comes after decoding', async () => {
    const world = new World(2, 1)
    await world.engine.open(input('perf.data'))
    await world.engine.addImages([input('notes.txt', '/x/notes.txt')])
    await world.engine.decode(() => undefined)
    expect((await world.engine.addImages([input('a.out')])).ok).toBe(true)
    expect(world.workers.map((worker) => worker.terminated)).toEqual([true, true, false])
    expect((await world.engine.decode(() => undefined)).ok).toBe(true)
    expect(world.log.filter((line) => line.startsWith('2 '))).toEqual(['2 opens perf.data', '2 adds notes.txt a.out', '2 is copied'])
    expect(world.log.filter((line) => line.startsWith('3 '))).toEqual(['3 goes on', '3 decodes 0', '3 decodes 1'])
    expect(sorted(world.merged)).toEqual([0, 1])
  })

  it('answers a decode that is under way when the trace is closed', async () => {
    const world = new World(50, 1)
    world.slices = 5
    await world.engine.open(input('perf.data'))
    const decoding = world.engine.decode(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await world.engine.close()
    expect((await decoding).ok).toBe(false)
  })
})
