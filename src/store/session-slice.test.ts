// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fail, ok } from '../lib/result'
import { fakeEngine, type FakeEngine } from '../test-support/fake-engine'
import { makeTable } from '../test-support/make-table'
import { setEngine, useStore } from './index'

const TRACE = 'PERFILE2 and more'
const ELF = '\x7fELF and more'
const offered = (name: string, content: string | Uint8Array<ArrayBuffer>) => ({ file: new File([content], name), path: `dir/${name}` })
const store = () => useStore.getState()
const { session: emptySession, view: firstView } = store()

let engine: FakeEngine

beforeEach(() => {
  engine = fakeEngine()
  setEngine(engine)
  useStore.setState({ session: emptySession, view: firstView })
})

// A decode that no test ended would be waited for by the next one.
afterEach(() => store().closeTrace())

/** Opens files and runs until decoding has begun (or nothing is to be decoded). */
async function open(...files: ReturnType<typeof offered>[]): Promise<Promise<void>> {
  const opening = store().openFiles(files)
  await vi.waitFor(() => expect(['decoding', 'failed', 'empty']).toContain(store().session.status))
  return opening
}

test('a trace among binaries and junk is opened, ELF files are offered, junk is told', async () => {
  engine.outcomes = [{ path: 'dir/prog', state: 'used', sentence: 'used' }]
  void open(offered('notes.txt', 'hello world'), offered('prog', ELF), offered('perf.data', TRACE), offered('nothing', ''))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  expect(engine.log).toEqual(['open perf.data', 'images dir/prog', 'decode'])
  engine.finish()
  await vi.waitFor(() => expect(store().session.status).toBe('ready'))
  expect(store().session.fileName).toBe('perf.data')
  expect(store().session.info?.rows).toBe(1)
  expect(store().session.outcomes.map(({ sentence }) => sentence)).toEqual([
    'used',
    'notes.txt is neither a perf.data nor an ELF binary: it is a text that begins with "hello wo".',
    'nothing is empty (0 bytes).',
  ])
})

test('a big-endian trace is one too; of several the first is opened and the others are named', async () => {
  void open(offered('a.data', '2ELIFREP'), offered('b.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  expect(engine.log).toEqual(['open a.data', 'decode'])
  expect(store().session.outcomes).toEqual([
    { path: 'dir/b.data', state: 'refused', sentence: 'dir/b.data is a trace too, but one is open at a time: dir/a.data was opened.' },
  ])
})

test('of traces given one after the other the last stays open, however slowly the first is read', async () => {
  const slow = offered('slow.data', TRACE)
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const bytes = new TextEncoder().encode(TRACE.slice(0, 8)).buffer
  vi.spyOn(slow.file, 'slice').mockReturnValue(Object.assign(new Blob(), { arrayBuffer: () => held.then(() => bytes) }))
  void store().openFiles([slow])
  void store().openFiles([offered('last.data', TRACE)])
  release()
  await vi.waitFor(() => expect(engine.log).toContain('open last.data'))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  expect(engine.log.filter((line) => line.startsWith('open')).at(-1)).toBe('open last.data')
  expect(store().session.fileName).toBe('last.data')
})

test('junk alone fails with a sentence', async () => {
  await open(offered('photo.png', '\x89PNG\r\n'))
  expect(store().session.status).toBe('failed')
  expect(store().session.failure).toContain('photo.png is neither a perf.data nor an ELF binary')
  await open(offered('perf.data', ''))
  expect(store().session.failure).toBe('perf.data is empty (0 bytes). Open a perf.data file that perf record has written.')
  await open(offered('a', 'x'), offered('b', 'y'))
  expect(store().session.failure).toBe('None of the 2 files is a trace: open a perf.data file that perf record has written.')
  await open()
  expect(store().session.failure).toBe('No files were given: the folder is empty or could not be read.')
  await open(offered('perf.data.gz', new Uint8Array([0x1f, 0x8b, 8, 0])))
  expect(store().session.failure).toContain('perf.data.gz could not be unpacked beyond 0 bytes')
  expect(engine.log).toEqual([])
})

test('binaries that come before their trace are kept for it', async () => {
  await open(offered('prog', ELF))
  expect(store().session).toMatchObject({
    status: 'empty',
    failure: '1 binary is noted, but there is no trace yet: open the perf.data that belongs to it.',
  })
  void store().openFiles([offered('perf.data', TRACE)])
  await vi.waitFor(() => expect(engine.log).toEqual(['open perf.data', 'images dir/prog', 'decode']))
})

test('what the engine refuses is the failure', async () => {
  engine.opening = fail({ sentence: 'perf.data ends after 17 bytes: its header has 104.' })
  await open(offered('perf.data', TRACE))
  expect(store().session).toMatchObject({ status: 'failed', failure: 'perf.data ends after 17 bytes: its header has 104.', info: null })
})

test('binaries that come later stop decoding, are offered, and decoding starts again', async () => {
  void open(offered('perf.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  void store().openFiles([offered('lib.so', ELF)])
  await vi.waitFor(() => expect(engine.log).toEqual(['open perf.data', 'decode', 'cancel', 'images dir/lib.so', 'decode']))
  expect(store().session.status).toBe('decoding')
})

test('binaries of no use change nothing but the outcomes', async () => {
  void open(offered('perf.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  engine.finish()
  await vi.waitFor(() => expect(store().session.status).toBe('ready'))
  engine.outcomes = [{ path: 'dir/lib.so', state: 'unwanted', sentence: 'not in the trace' }]
  await store().openFiles([offered('lib.so', ELF)])
  expect(engine.log).toEqual(['open perf.data', 'decode', 'images dir/lib.so'])
  expect(store().session).toMatchObject({ status: 'ready', outcomes: engine.outcomes })
})

test('cancel keeps what was decoded', async () => {
  void open(offered('perf.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  await store().cancel()
  await vi.waitFor(() => expect(store().session.status).toBe('cancelled'))
  expect(store().session.progress?.phase).toBe('cancelled')
  expect(store().session.info?.rows).toBe(1)
  void store().resume()
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  expect(engine.log).toEqual(['open perf.data', 'decode', 'cancel', 'decode'])
  engine.finish()
  await vi.waitFor(() => expect(store().session.status).toBe('ready'))
})

test('cancel when all is decoded does not wait for the tables', async () => {
  void open(offered('perf.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  let answer = () => {}
  const held = new Promise<void>((resolve) => (answer = resolve))
  const { query } = engine
  engine.query = async (table, request) => (await held, query(table, request))
  engine.finish()
  await new Promise((resolve) => setTimeout(resolve))
  await store().cancel()
  expect(store().session).toMatchObject({ status: 'ready', progress: { phase: 'done' } })
  engine.tables.threads = makeTable('threads', [{}, {}, {}])
  answer()
  await vi.waitFor(() => expect(store().session.threads?.rows).toBe(3))
  expect(engine.log).toEqual(['open perf.data', 'decode'])
})

test('an archive that is given up does not keep the next file from being opened', async () => {
  const archive = offered('much.gz', new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]))
  let pieces = 0
  const never = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: () => (++pieces > 1 ? new Promise(() => undefined) : undefined) })
  vi.spyOn(archive.file, 'stream').mockReturnValue(never)
  void store().openFiles([archive])
  await vi.waitFor(() => expect(pieces).toBeGreaterThan(0))
  await store().closeTrace()
  void open(offered('perf.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  expect(store().session.fileName).toBe('perf.data')
})

test('the version grows with progress, also from one trace to the next', async () => {
  void open(offered('perf.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  const first = store().session.version
  engine.progress('decoding', 1)
  await vi.waitFor(() => expect(store().session.version).toBeGreaterThan(first))
  expect(store().session.progress?.phase).toBe('decoding')
  const before = store().session.version
  void store().openFiles([offered('other.data', TRACE)])
  await vi.waitFor(() => expect(store().session.fileName).toBe('other.data'))
  expect(store().session.version).toBeGreaterThan(before)
})

test('the example is fetched, opened with its binaries, and tells its story', async () => {
  const answers: Record<string, string> = {
    'example.json': JSON.stringify({ trace: 'e.data', binaries: [{ path: '/opt/prog', file: 'prog' }], story: 'Look at main.' }),
    'e.data': TRACE,
    prog: ELF,
  }
  vi.stubGlobal('fetch', async (url: string) => {
    const body = answers[url.split('/').pop() ?? '']
    return body === undefined ? new Response('', { status: 404 }) : new Response(body)
  })
  void store().openExample()
  await vi.waitFor(() => expect(engine.log).toEqual(['open e.data', 'images /opt/prog', 'decode']))
  expect(store().session).toMatchObject({ fileName: 'e.data', story: 'Look at main.' })
  delete answers.prog
  await store().openExample()
  expect(store().session.failure).toMatch(/The example could not be fetched: .*prog: the server answered 404/)
  vi.unstubAllGlobals()
})

test('closing goes back to the start', async () => {
  void open(offered('perf.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  await store().closeTrace()
  expect(engine.log).toEqual(['open perf.data', 'decode', 'cancel', 'close'])
  expect(store().session).toMatchObject({ status: 'empty', fileName: '', info: null })
})

test('an engine that throws is a failure, not a page that hangs', async () => {
  engine.open = () => Promise.reject(new Error('the worker is gone'))
  await open(offered('perf.data', TRACE))
  expect(store().session).toMatchObject({ status: 'failed', failure: 'the worker is gone' })
})

test('a jump to a time finds the instruction, and only the last jump counts', async () => {
  engine.patient = true
  const first = store().showTime(1, 100)
  const second = store().showTime(2, 200)
  await vi.waitFor(() => expect(engine.questions).toHaveLength(2))
  expect(engine.questions[1]?.request).toEqual({ thread: 2, flags: 1, start_ns: 200, count: 256 })
  engine.questions[1]?.answer(
    ok(
      makeTable('instructions', [
        { ordinal: 41, time_ns: 199 },
        { ordinal: 42, time_ns: 200 },
        { ordinal: 43, time_ns: 200 },
      ]),
    ),
  )
  engine.questions[0]?.answer(ok(makeTable('instructions', [{ ordinal: 7 }])))
  await Promise.all([first, second])
  expect(store().view).toMatchObject({ tab: 'instructions', instruction: { thread: 2, ordinal: 42 } })
})

test('jumps open their tab, and unhide a thread that the picker hides', () => {
  store().setThread(1)
  store().showInstruction(2, 5)
  expect(store().view).toMatchObject({ tab: 'instructions', thread: 2, instruction: { thread: 2, ordinal: 5 } })
  store().showPacket(3, 400)
  expect(store().view).toMatchObject({ tab: 'packets', packet: { queue: 3, offset: 400 } })
  store().showBlock(0x401000n)
  expect(store().view).toMatchObject({ tab: 'blocks', block: 0x401000n })
  store().setRange({ start_ns: 5, end_ns: 5 })
  expect(store().view.range).toBe(null)
})

test('code of guests is taken from their process when the reader says so: all is opened again, and stays what it was', async () => {
  const wanted: boolean[] = []
  const opens = engine.open
  engine.open = (input) => {
    wanted.push(input.guestCode === true)
    return opens(input)
  }
  await store().takeGuestCode()
  expect(wanted).toEqual([])
  void open(offered('prog', ELF), offered('perf.data', TRACE))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  engine.finish()
  await vi.waitFor(() => expect(store().session.status).toBe('ready'))
  useStore.setState({ session: { ...store().session, keptId: 'kept' } })
  void store().takeGuestCode()
  await vi.waitFor(() => expect(store().session.guestCode && store().session.status).toBe('decoding'))
  expect(wanted).toEqual([false, true])
  expect(engine.log).toEqual(['open perf.data', 'images dir/prog', 'decode', 'open perf.data', 'images dir/prog', 'decode'])
  expect(store().session.keptId).toBe('kept')
  void open(offered('other.data', TRACE))
  await vi.waitFor(() => expect(wanted).toEqual([false, true, false]))
  expect(store().session.guestCode).toBe(false)
})

const PERF = (aux: boolean) => {
  const bytes = new Uint8Array(104)
  bytes.set(new TextEncoder().encode('PERFILE2'))
  const view = new DataView(bytes.buffer)
  view.setBigUint64(8, 104n, true)
  view.setBigUint64(72, aux ? 1n << 18n : 0n, true)
  return bytes
}

test("a second perf.data without a trace may be a guest's: the reader says so, and both are opened together", async () => {
  const inputs: unknown[] = []
  const opens = engine.open
  engine.open = (input) => {
    inputs.push([input.name, input.guests?.map(({ name, clock }) => [name, clock])])
    return opens(input)
  }
  const comms = ['CPU 0/KVM', 'CPU 1/KVM', 'other']
  engine.tables.threads = makeTable('threads', [{}, ...comms.map((comm, at) => ({ pid: at < 2 ? 77 : 90, tid: 78 + at, comm }))])
  void open(offered('inside.data', PERF(false)), offered('host.data', PERF(true)))
  await vi.waitFor(() => expect(store().session.guest).toEqual({ name: 'inside.data', hypervisors: [{ pid: 77, cpus: 2 }] }))
  expect([store().session.fileName, store().session.outcomes]).toEqual(['host.data', []])
  void store().answerGuest({ pid: 77, offset: -5n, scale: 1.5 })
  await vi.waitFor(() => expect(inputs).toHaveLength(2))
  expect(inputs).toEqual([
    ['host.data', undefined],
    ['host.data', [['inside.data', { pid: 77, offset: -5n, scale: 1.5 }]]],
  ])
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  expect(store().session.guest).toBe(null)
  expect(store().session.files.map(({ path, guest }) => [path, guest?.pid])).toEqual([
    ['dir/host.data', undefined],
    ['dir/inside.data', 77],
  ])

  // Given later, and wanted by itself.
  void store().openFiles([offered('later.data', PERF(false))])
  await vi.waitFor(() => expect(store().session.guest?.name).toBe('later.data'))
  expect(inputs).toHaveLength(2)
  void store().answerGuest('alone')
  await vi.waitFor(() => expect(inputs.at(-1)).toEqual(['later.data', undefined]))
})

test("a guest's recording may be a directory, given with its host's or later, and even be called the same", async () => {
  const guests: unknown[] = []
  const opens = engine.open
  engine.open = (input) => {
    guests.push([input.data?.length, input.guests?.map(({ name, data, clock }) => [name, data?.map((one) => one.name), clock.pid])])
    return opens(input)
  }
  engine.tables.threads = makeTable('threads', [{}, { pid: 77, tid: 78, comm: 'CPU 0/KVM' }])
  const directory = (aux: boolean, more: string[] = []) => [
    ...['data.0', 'data.1', ...more].map((name) => ({ ...offered(name, name.startsWith('data') ? new Uint8Array([9, 0, 0, 0, 2, 0, 40, 0]) : ELF), path: `perf.data/${name}` })),
    { ...offered('data', PERF(aux)), path: 'perf.data/data' },
  ]
  void store().openFiles(directory(true))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  void store().openFiles(directory(false, ['kcore_dir/kcore']))
  await vi.waitFor(() => expect(store().session.guest?.name).toBe('perf.data'))
  void store().answerGuest({ pid: 77, offset: 0n, scale: 1 })
  await vi.waitFor(() => expect(guests).toHaveLength(2))
  expect(guests).toEqual([
    [2, undefined],
    [2, [['perf.data', ['data.0', 'data.1'], 77]]],
  ])
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  const paths = ['perf.data/data', 'perf.data/data.0', 'perf.data/data.1']
  const kept = [...paths, ...paths.map((path) => `guest-77/${path}`), 'guest-77/perf.data/kcore_dir__77/kcore']
  expect(store().session.files.map(({ path }) => path)).toEqual(kept)
  // Given again, in place of what there was.
  void store().openFiles(directory(false))
  await vi.waitFor(() => expect(store().session.guest?.name).toBe('perf.data'))
  void store().answerGuest({ pid: 77, offset: 5n, scale: 1 })
  await vi.waitFor(() => expect(guests).toHaveLength(3))
  expect(guests[2]).toEqual(guests[1])
})

test('of recordings that lie beside each other the older one, which perf record renamed, is not the one that is opened', async () => {
  void open(offered('perf.data.old', PERF(true)), offered('perf.data', PERF(true)))
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  expect(store().session.fileName).toBe('perf.data')
  expect(store().session.outcomes.map(({ sentence }) => sentence)).toEqual(['dir/perf.data.old is a trace too, but one is open at a time: dir/perf.data was opened.'])
})

test("a guest's file that cannot be used leaves its host's trace open, and says why", async () => {
  const opens = engine.open
  engine.open = async (input) => (input.guests ? fail({ sentence: 'No thread of process 5 runs a CPU.' }) : opens(input))
  void store().openFiles([offered('host.data', PERF(true)), { ...offered('inside.data', PERF(false)), guest: { pid: 5, offset: 0n, scale: 1 } }])
  await vi.waitFor(() => expect(store().session.status).toBe('decoding'))
  expect(store().session.outcomes).toEqual([{ path: 'dir/inside.data', state: 'refused', sentence: 'No thread of process 5 runs a CPU.' }])
  expect(store().session.files.map(({ path }) => path)).toEqual(['dir/host.data'])
})
