// SPDX-License-Identifier: Apache-2.0
// The store's session slice: opens traces, offers binaries, decodes, and keeps
// the small tables (info, threads, functions, images, queues) current.
import type { StateCreator } from 'zustand'
import type { Engine, EngineError, GuestClock, ImageOutcome, Input, Progress } from '../engine/protocol'
import { isRemote } from '../lib/remote-file'
import type { Result } from '../lib/result'
import { dataOf } from '../model/perf-directory'
import { initialViewState } from '../model/view-state'
import { classify, isLocal, nameOf, type LocalFile, type OfferedFile, type SortedFiles } from './classify'
import { engine } from './engine-access'
import { fetchExample } from './example'
import { guestInput, guestsOf, hypervisorsOf, isWithoutTrace } from './guest-files'
import { isAllOffered, recordingName, recordingOf, withGuest, type GuestRecording } from './guest-recording'
import { unpackBundles } from './open-bundle'
import { rawFiles } from './raw-files'
import { unpackFiles } from './unpack-files'
import type { RawAnswer, SessionActions, SessionSlice, Store } from './types'

const PROGRESS_EVERY_MS = 100
/** Tables are asked again this often, then ever more seldom: each time costs, and shows less that is new. */
const VERSION_EVERY_MS = 400
const TABLES_EVERY_MS = 1000
/** Of the time since decoding began; and at the most. */
const UPDATE_SHARE = 0.25
const UPDATE_MOST_MS = 3000
/** A decoder that does not stop by then is not waited for. */
const LONGEST_STOP_MS = 2000

export const emptySession: SessionSlice = {
  status: 'empty',
  fileName: '',
  file: null,
  files: [],
  sources: [],
  keptId: '',
  keptFiles: null,
  origin: '',
  guestCode: false,
  failure: '',
  progress: null,
  version: 0,
  info: null,
  threads: null,
  functions: null,
  images: null,
  queues: null,
  outcomes: [],
  raw: null,
  guest: null,
  story: '',
}

const inputOf = (offered: OfferedFile): Input => ({ name: nameOf(offered), path: offered.path, file: offered.file, ...(offered.of !== undefined && { of: offered.of }) })
const namedFiles = (files: readonly OfferedFile[]) => files.map((one) => ({ name: nameOf(one), file: one.file }))
function traceInput(trace: OfferedFile, { data, guests }: Pick<SortedFiles, 'data' | 'guests'>, guestCode: boolean): Input {
  const own = dataOf(trace.path, data)
  const recordings = guests.flatMap((one) => {
    const parts = dataOf(one.path, data)
    return one.guest ? { name: recordingName(one, parts), file: one.file, clock: one.guest, ...(parts.length > 0 && { data: namedFiles(parts) }) } : []
  })
  return { ...inputOf(trace), ...(own.length > 0 && { data: namedFiles(own) }), ...(guests.length > 0 && { guests: recordings }), ...(guestCode && { guestCode }) }
}
const spoken = (outcome: ImageOutcome): ImageOutcome =>
  outcome.sentence !== ''
    ? outcome
    : { ...outcome, sentence: outcome.state === 'used' ? `${outcome.path} is used.` : `${outcome.path} is not used.` }
const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

/** Why nothing was opened, from what was found among the files. */
function nothingToOpen(offered: readonly OfferedFile[], sorted: SortedFiles): string {
  const binaries = sorted.binaries.length
  if (offered.length === 0) return 'No files were given: the folder is empty or could not be read.'
  if (binaries > 0)
    return `${plural(binaries, 'binary is', 'binaries are')} noted, but there is no trace yet: open the perf.data that belongs to ${binaries === 1 ? 'it' : 'them'}.`
  const only = sorted.outcomes[0]
  const [first] = offered
  if (offered.length === 1 && only && first && isRemote(first.file)) return only.sentence
  if (offered.length === 1 && only) return `${only.sentence} Open a perf.data file that perf record has written.`
  return `None of the ${offered.length} files is a trace: open a perf.data file that perf record has written.`
}

const GUEST = ' To be shown as a guest beside its host, the host must have threads that are named as "CPU 0/KVM" (qemu -name debug-threads=on).'

function otherTraces(traces: readonly OfferedFile[]): ImageOutcome[] {
  const [opened, ...others] = traces
  return others.map(({ path }) => ({
    path,
    state: 'refused',
    sentence: `${path} is a trace too, but one is open at a time: ${opened?.path ?? ''} was opened.${/guest/i.test(path) ? GUEST : ''}`,
  }))
}

const sourceOutcome = ({ path }: OfferedFile): ImageOutcome => ({ path, state: 'used', sentence: `${path}: its lines are shown where instructions of them are.` })

const guestOutcome = ({ path, guest }: OfferedFile): ImageOutcome => ({ path, state: 'used', sentence: `${path} is used as the recording of process ${guest?.pid ?? ''}'s virtual machine.` })

/** Runs `task` at most once per `every` ms, and a last time for the last call. `slower`: more and more seldom. */
function throttle(every: number, task: () => void, slower = false): { call(): void; stop(): void } {
  const start = performance.now()
  const pause = () => (slower ? Math.max(every, Math.min(UPDATE_MOST_MS, (performance.now() - start) * UPDATE_SHARE)) : every)
  let timer: ReturnType<typeof setTimeout> | null = null
  let last = -Infinity
  const run = () => {
    timer = null
    last = performance.now()
    task()
  }
  return {
    call: () => {
      timer ??= setTimeout(run, Math.max(0, last + pause() - performance.now()))
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer)
      timer = null
    },
  }
}

export const createSessionSlice: StateCreator<Store, [], [], { session: SessionSlice; bundle: Store['bundle'] } & SessionActions> = (set, get) => {
  /** Grows with every trace and every decode run: answers to an older one are dropped. */
  let run = 0
  /** Binaries that came before their trace. */
  let early: OfferedFile[] = []
  const fromBundle = new WeakSet<OfferedFile>()
  /** Bundles among what was offered last, as they were. */
  let bundleFiles: readonly OfferedFile[] = []
  let decoding: Promise<unknown> | null = null
  /** Settles when the files given last are sorted. */
  let sortTurn: Promise<unknown> = Promise.resolve()
  let cancelWanted = false
  /** All is decoded, and the tables of it are on their way. */
  let finishing: Progress | null = null
  /** Grows when the reader closes the trace: what was on its way to be opened before is not wanted. */
  let closes = 0
  /** What `session.guest` tells of, and what is to be opened without asking. */
  let guest: GuestRecording | null = null
  let alone: OfferedFile | null = null
  /** What `session.raw` tells of. */
  let raw: { stream: LocalFile; code: (LocalFile & { elf: boolean })[] } | null = null

  const change = (session: Partial<SessionSlice>) => set((store) => ({ session: { ...store.session, ...session } }))
  const bumpVersion = () => change({ version: get().session.version + 1 })

  async function readTables(mine: number): Promise<void> {
    const from = await engine()
    const answers = await Promise.all([
      from.query('info', {}),
      from.query('threads', {}),
      from.query('functions', {}),
      from.query('images', {}),
      from.query('queues', {}),
    ])
    if (mine !== run) return
    const [info, threads, functions, images, queues] = answers
    change({
      ...(info.ok && { info: info.value }),
      ...(threads.ok && { threads: threads.value }),
      ...(functions.ok && { functions: functions.value }),
      ...(images.ok && { images: images.value }),
      ...(queues.ok && { queues: queues.value }),
    })
  }

  /** Passes progress on, at a pace that a page can follow. */
  function follow(mine: number): { progress(progress: Progress): void; stop(): Progress | null } {
    let latest: Progress | null = null
    let seenVersion = -1
    const show = throttle(PROGRESS_EVERY_MS, () => mine === run && change({ progress: latest }))
    const tables = throttle(TABLES_EVERY_MS, () => mine === run && void readTables(mine), true)
    const version = throttle(VERSION_EVERY_MS, () => mine === run && bumpVersion(), true)
    return {
      progress: (progress) => {
        latest = progress
        show.call()
        if (progress.version === seenVersion) return
        seenVersion = progress.version
        version.call()
        tables.call()
      },
      stop: () => {
        show.stop()
        version.stop()
        tables.stop()
        return latest
      },
    }
  }

  async function decode(): Promise<void> {
    const mine = ++run
    const with_ = await engine()
    cancelWanted = false
    finishing = null
    change({ status: 'decoding', failure: '' })
    const follower = follow(mine)
    const working = with_.decode((progress) => mine === run && follower.progress(progress)).catch(asFailure)
    decoding = working
    const result = await working
    const last = follower.stop()
    if (mine !== run) return
    decoding = null
    const stopped = result.ok && cancelWanted && last?.phase !== 'done'
    // Said at once: the tables wait for what views have asked before.
    if (stopped) change({ status: 'cancelled', progress: last })
    finishing = result.ok && !stopped ? last : null
    await readTables(mine)
    if (mine !== run) return
    finishing = null
    if (!result.ok) change({ status: 'failed', failure: result.error.sentence, progress: last })
    else if (!stopped) change({ status: 'ready', progress: last })
    bumpVersion()
  }

  /** Ends a decode that is under way; what it says from now on is not heard. */
  async function stopDecoding(): Promise<void> {
    run++
    if (!decoding) return
    await (await engine()).cancel()
    await Promise.race([decoding, new Promise((resolve) => setTimeout(resolve, LONGEST_STOP_MS))])
    decoding = null
  }

  function asFailure(error: unknown): Result<never, EngineError> {
    return { ok: false, error: { sentence: error instanceof Error ? error.message : String(error) } }
  }

  async function offer(to: Engine, binaries: readonly OfferedFile[]): Promise<ImageOutcome[]> {
    if (binaries.length === 0) return []
    const pids = await guestsOf(to, binaries)
    const answer = await to.addImages(binaries.map((one) => guestInput(inputOf(one), pids))).catch(asFailure)
    return answer.ok ? answer.value.map(spoken) : [{ path: '', state: 'unreadable', sentence: answer.error.sentence }]
  }

  async function openTrace(sorted: SortedFiles, trace: OfferedFile, again: Partial<SessionSlice>): Promise<void> {
    const stopped = stopDecoding()
    const mine = run
    await stopped
    if (mine !== run) return
    const { version } = get().session
    set((store) => ({
      session: { ...emptySession, version: version + 1, status: 'opening', fileName: nameOf(trace), file: trace.file, ...again },
      view: { ...initialViewState, tab: store.view.tab },
    }))
    const to = await engine()
    const { opened, joined, refused } = await openWith(to, trace, sorted, again.guestCode === true)
    if (mine !== run) return
    const outcomes = [...refused, ...joined.guests.map(guestOutcome), ...otherTraces(sorted.traces), ...sorted.outcomes]
    if (!opened.ok) return change({ status: 'failed', failure: opened.error.sentence, outcomes })
    const binaries = [...early, ...sorted.binaries]
    early = []
    const used = await offer(to, binaries)
    if (mine !== run) return
    change({ outcomes: [...used, ...outcomes], files: filesToKeep(joined, trace, binaries), sources: sorted.sources })
    await readTables(mine)
    if (mine !== run) return
    await askForGuest(sorted.traces.slice(1), sorted)
    if (mine !== run) return
    if (get().session.info) await decode()
    else change({ status: 'failed', failure: `${nameOf(trace)} was opened, but its facts could not be read.` })
  }

  /** A guest's file that cannot be used does not keep its host's from being shown. */
  async function openWith(to: Engine, trace: OfferedFile, sorted: SortedFiles, guestCode: boolean) {
    const opened = await to.open(traceInput(trace, sorted, guestCode)).catch(asFailure)
    if (opened.ok || sorted.guests.length === 0) return { opened, joined: sorted, refused: [] }
    const alone = { ...sorted, guests: [] }
    const refused = sorted.guests.map(({ path }): ImageOutcome => ({ path, state: 'refused', sentence: opened.error.sentence }))
    return { opened: await to.open(traceInput(trace, alone, guestCode)).catch(asFailure), joined: alone, refused }
  }

  /** Whether one of these may be what a virtual machine of the open trace recorded: then the reader is asked. */
  async function askForGuest(traces: readonly OfferedFile[], sorted: SortedFiles): Promise<boolean> {
    const hypervisors = hypervisorsOf(get().session.threads)
    for (const one of hypervisors.length > 0 ? traces : []) {
      if (!(await isWithoutTrace(one))) continue
      guest = recordingOf(one, sorted)
      change({ guest: { name: recordingName(one, guest.along), hypervisors }, outcomes: get().session.outcomes.filter(({ path }) => path !== one.path) })
      return true
    }
    return false
  }

  async function takeGuest(one: GuestRecording, answer: GuestClock): Promise<void> {
    const { files, story, keptId, keptFiles, origin, guestCode } = get().session
    await openSorted(withGuest(files, one, answer), { story, keptId, keptFiles, origin, guestCode })
  }

  /** What reopens the trace: bundles whole, for what they say of themselves, else the trace and its binaries. */
  function filesToKeep({ data, guests, sources }: SortedFiles, trace: OfferedFile, binaries: readonly OfferedFile[]): OfferedFile[] {
    const recordings = guests.flatMap((one) => [one, ...dataOf(one.path, data)])
    if (bundleFiles.length === 0) return [trace, ...dataOf(trace.path, data), ...recordings, ...binaries, ...sources]
    return [...bundleFiles, ...recordings, ...[...binaries, ...sources].filter((one) => !fromBundle.has(one))]
  }

  /** The decoder knows nothing of them: only lists show their lines. */
  function addSources({ sources }: SortedFiles): void {
    if (sources.length === 0) return
    change({ sources: [...sources, ...get().session.sources], files: [...get().session.files, ...sources] })
  }

  async function addBinaries(sorted: SortedFiles): Promise<void> {
    const wasDecoding = decoding !== null
    const stopped = stopDecoding()
    const mine = run
    await stopped
    if (mine !== run) return
    const used = await offer(await engine(), sorted.binaries)
    if (mine !== run) return
    change({ outcomes: [...used, ...sorted.outcomes], files: [...get().session.files, ...sorted.binaries] })
    addSources(sorted)
    if (wasDecoding || used.some(({ state }) => state === 'used')) await decode()
  }

  /** Archives among what was offered are unpacked first; a page without a trace shows how far that is. */
  async function unpacked(offered: readonly OfferedFile[]): Promise<SortedFiles> {
    const show = get().session.info === null
    const before = closes
    const told = throttle(PROGRESS_EVERY_MS, () => before === closes && change({ status: 'opening', ...latest }))
    let latest: Pick<SessionSlice, 'fileName' | 'progress'> = { fileName: '', progress: null }
    const { files, outcomes } = await unpackFiles(offered, (fileName, bytesDone, bytesTotal) => {
      if (before !== closes) throw new Error('nobody waits for it')
      latest = { fileName, progress: { phase: 'reading', bytesDone, bytesTotal, instructions: 0, version: 0 } }
      if (show) told.call()
    })
    told.stop()
    const bundles = await unpackBundles(files)
    bundleFiles = bundles.bundles
    for (const one of [...bundles.members, ...bundles.sources]) fromBundle.add(one)
    const sorted = await classify(bundles.files)
    if (sorted.traces.length > 0) set({ bundle: bundles.about })
    const damaged = bundles.problems.map((sentence): ImageOutcome => ({ path: '', state: 'unreadable', sentence }))
    const sources = [...bundles.sources, ...sorted.sources]
    return { ...sorted, sources, outcomes: [...damaged, ...outcomes, ...sorted.outcomes] }
  }

  /** Asks the reader for what a raw stream does not say of itself. */
  function askForRaw(sorted: SortedFiles): void {
    const [stream] = sorted.streams
    if (!stream) return
    const elf = [...early, ...sorted.binaries].filter(isLocal).map((one) => ({ ...one, elf: true }))
    raw = { stream, code: [...elf, ...sorted.others.map((one) => ({ ...one, elf: false }))] }
    change({
      raw: { stream: stream.file.name, code: raw.code.map(({ file, path, elf: isElf }) => ({ path, bytes: file.size, elf: isElf })) },
    })
  }

  async function openRaw(answer: RawAnswer): Promise<void> {
    if (!raw) return
    const made = await rawFiles(raw.stream, raw.code, answer)
    if (!made.ok) return change({ status: 'failed', failure: made.error })
    early = []
    const sorted = { traces: [made.value.trace], guests: [], binaries: made.value.binaries, sources: [], outcomes: [], data: [], streams: [], others: [] }
    return openTrace(sorted, made.value.trace, {})
  }

  /** `again`: what stays of a session, or is known of the files beforehand. */
  async function openSorted(offered: readonly OfferedFile[], again: Partial<SessionSlice> = {}): Promise<void> {
    // Files are taken in the order in which they were given: what comes last stays open.
    const sorting = sortTurn.then(() => unpacked(offered))
    sortTurn = sorting.catch(() => undefined)
    const before = closes
    const sorted = await sorting
    if (before !== closes) return
    const [trace] = sorted.traces
    const isOpen = get().session.info !== null
    const [first] = offered
    const isAlone = isOpen && first !== alone && trace && isAllOffered(recordingOf(trace, sorted), offered)
    if (isAlone && (await askForGuest(sorted.traces, sorted))) return
    if (trace) return openTrace(sorted, trace, again)
    if (!isOpen) change({ status: 'empty', progress: null })
    if (sorted.streams.length > 0) return askForRaw(sorted)
    if (isOpen && sorted.binaries.length > 0) return addBinaries(sorted)
    if (isOpen) {
      change({ outcomes: [...sorted.sources.map(sourceOutcome), ...sorted.outcomes] })
      return addSources(sorted)
    }
    early = [...early, ...sorted.binaries]
    change({
      status: sorted.binaries.length > 0 ? 'empty' : 'failed',
      failure: nothingToOpen(offered, sorted),
      outcomes: sorted.outcomes,
    })
  }

  /** Anything thrown below is a broken promise of ours: say it instead of hanging. */
  async function guarded(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      change({ status: 'failed', failure: error instanceof Error ? error.message : String(error) })
    }
  }

  return {
    session: emptySession,
    bundle: null,
    openFiles: (files) => guarded(() => openSorted(files)),
    openExample: () =>
      guarded(async () => {
        change({ status: 'opening', fileName: 'the example', failure: '' })
        const before = closes
        const example = await fetchExample()
        if (before !== closes) return
        if (example.ok) await openSorted(example.value.files, { story: example.value.story })
        else change({ status: 'failed', failure: example.error })
      }),
    readFunctions: async () => {
      const mine = run
      const functions = await (await engine()).query('functions', {})
      if (mine === run && functions.ok) change({ functions: functions.value })
    },
    answerRaw: (answer) =>
      guarded(async () => {
        change({ raw: null })
        if (answer) await openRaw(answer)
        raw = null
      }),
    answerGuest: (answer) =>
      guarded(async () => {
        const one = guest
        guest = null
        change({ guest: null })
        if (!one || !answer) return
        if (answer !== 'alone') return takeGuest(one, answer)
        alone = one.trace
        await openSorted([one.trace, ...one.along])
      }),
    cancel: async () => {
      if (finishing && get().session.status === 'decoding') change({ status: 'ready', progress: finishing })
      if (!decoding) return
      cancelWanted = true
      await (await engine()).cancel()
    },
    resume: () =>
      guarded(async () => {
        if (decoding === null && get().session.info) await decode()
      }),
    takeGuestCode: () =>
      guarded(async () => {
        const { info, files, story, keptId, keptFiles, origin } = get().session
        if (info) await openSorted(files, { story, keptId, keptFiles, origin, guestCode: true })
      }),
    closeTrace: () =>
      guarded(async () => {
        closes++
        // What was given before does not keep what comes next from being sorted.
        sortTurn = Promise.resolve()
        await stopDecoding()
        early = []
        const { version } = get().session
        set((store) => ({
          session: { ...emptySession, version: version + 1 },
          view: { ...initialViewState, tab: store.view.tab },
        }))
        await (await engine()).close()
      }),
  }
}
