// SPDX-License-Identifier: Apache-2.0
// The store's shape: what views read and the verbs they call. The only door
// from views to the engine.
import type { About } from '../share/container'
import type { GuestClock, ImageOutcome, Progress, TableRequest } from '../engine/protocol'
import type { ServerConfig } from '../share/wire'
import type { LocalFile, OfferedFile } from './classify'
import type { Hypervisor } from './guest-files'
import type { Kept } from './kept-shares'
import type { KeptTrace, Room } from './library'
import type { RemoteFile } from '../lib/remote-file'
import type { RawCpu } from '../model/raw-trace'
import type { TableName, Tables } from '../model/tables.gen'
import type { DetailKey, Tab, Theme, TimeRange, ViewState, Weight } from '../model/view-state'

export type SessionStatus = 'empty' | 'opening' | 'decoding' | 'ready' | 'cancelled' | 'failed'

/** A perf.data beside the open trace that may be a guest's own, and the processes of the trace that run virtual machines. */
export type GuestOffer = { name: string; hypervisors: readonly Hypervisor[] }
/** Which of them it is of, and by what clock; `alone`: it is a trace to be opened by itself. */
export type GuestAnswer = GuestClock | 'alone' | null

/** A raw stream of packets that waits for what its file does not say. */
export type RawOffer = { stream: string; code: { path: string; bytes: number; elf: boolean }[] }
/** The reader's answer; `addresses` has one entry for each of the offer's code: null is an ELF file's own, undefined leaves it out. */
export type RawAnswer = { cpu: RawCpu; addresses: (bigint | null | undefined)[] }

export type SessionSlice = {
  status: SessionStatus
  fileName: string
  /** The open trace's own bytes, for sharing; null before one is open. */
  file: File | RemoteFile | null
  /** What it was opened from, bundles and archives as they were offered or unpacked: what is kept in the library. */
  files: readonly OfferedFile[]
  /** Source texts at hand, of a bundle or given by the reader; the last given first. */
  sources: readonly LocalFile[]
  /** The trace's id in the library when it is kept there, and the files that are; '' and null otherwise. */
  keptId: string
  keptFiles: readonly OfferedFile[] | null
  /** What of the page's address the trace came from ("share=…", "bundle=…"): links go on naming it. '' for files. */
  origin: string
  /** What virtual machines ran was taken from the process that runs them. */
  guestCode: boolean
  /** Why it failed, for the reader; empty otherwise. */
  failure: string
  progress: Progress | null
  /** Grows whenever queries may answer differently; useTable asks again then. */
  version: number
  /** Kept current while decoding; null before a trace is open. */
  info: Tables['info'] | null
  threads: Tables['threads'] | null
  functions: Tables['functions'] | null
  images: Tables['images'] | null
  queues: Tables['queues'] | null
  /** What became of the binaries offered last. */
  outcomes: ImageOutcome[]
  raw: RawOffer | null
  guest: GuestOffer | null
  /** What to look at in the shipped example; empty for every other trace. */
  story: string
}

export type SessionActions = {
  /** Traces and binaries in any mix, files or a folder's content: the trace is recognised by its magic. */
  openFiles(files: OfferedFile[]): Promise<void>
  openExample(): Promise<void>
  /** Opens the raw stream that `session.raw` tells of; null: not at all. */
  answerRaw(answer: RawAnswer | null): Promise<void>
  /** Opens the trace again with the file that `session.guest` tells of as its guest's; null: leaves it. */
  answerGuest(answer: GuestAnswer): Promise<void>
  cancel(): Promise<void>
  /** Decodes on after `cancel`; nothing when a decode is under way or no trace is open. */
  resume(): Promise<void>
  closeTrace(): Promise<void>
  /** Opens the open trace again with the code of virtual machines taken from the process that runs them, as KVM's self tests have it. */
  takeGuestCode(): Promise<void>
  /** Reads the functions table again: an answer named one that it did not have. */
  readFunctions(): Promise<void>
}

export type ViewActions = {
  setTab(tab: Tab): void
  setThread(thread: number | null): void
  setRange(range: TimeRange | null): void
  setWeight(weight: Weight): void
  setSearch(search: string): void
  setFlamePath(path: number[]): void
  /** Remembers what a view shows of itself, for links and for coming back to its tab; moves nothing. */
  keepView(view: Partial<ViewState>): void
  setDetail(key: DetailKey, text: string): void
  /** Shows all of what a link says at once. */
  showView(view: Partial<ViewState>): void
  /** Selects the nth instruction (from 0) of a thread at a time, in whatever tab. */
  selectMoment(thread: number, time_ns: number, nth: number): Promise<void>
  /** Each of these also opens the tab. */
  showInstruction(thread: number, ordinal: number): void
  showTime(thread: number, time_ns: number): Promise<void>
  showPacket(queue: number, offset: number): void
  showBlock(ip: bigint): void
}

/** The upload that the page shows; only one at a time. */
export type UploadState =
  | { state: 'none' }
  | { state: 'sending'; name: string; bytesDone: number; bytesTotal: number; waiting: string }
  | { state: 'done'; id: string; name: string; link: string; token: string; expires_ms: number }
  | { state: 'failed'; sentence: string }

export type ShareSlice = {
  /** What the page's server can keep; null: nothing (a static host). */
  server: ServerConfig['share'] | 'unknown'
  upload: UploadState
  /** Shares made in this browser, and uploads that are not finished. */
  kept: Kept[]
}

export type ShareRequest = { file: Blob; fileName: string; name: string; note: string; lives_s: number }

export type ShareActions = {
  lookForServer(): Promise<void>
  /** Seals and uploads: only ever after a click on a sentence that says who will be able to read it. */
  startShare(request: ShareRequest): Promise<void>
  /** Goes on with an upload that a closed page or a lost network has left. */
  resumeShare(id: string): Promise<void>
  stopShare(): void
  /** Puts the last result away. */
  newShare(): void
  /** Each resolves with why not, or an empty text. */
  deleteShared(id: string): Promise<string>
  deleteByToken(link: string, token: string): Promise<string>
  /** Opens what "#share=" in a link names. */
  openShared(value: string): Promise<void>
  /** Opens the bundle that "#bundle=" in a link holds. */
  openLinked(value: string): Promise<void>
}

export type LibrarySlice = {
  /** False: this browser cannot keep traces. */
  works: boolean
  /** The newest first. */
  traces: readonly KeptTrace[]
  room: Room
  /** The copy under way. */
  copying: { bytesDone: number; bytesTotal: number } | null
  /** Why the last verb failed; '' when it did not. */
  problem: string
}

export type LibraryActions = {
  refreshLibrary(): Promise<void>
  /** Copies the open trace and its binaries into the browser's file system; `view`: a link's fragment to reopen it with. */
  keepTrace(view: string): Promise<void>
  stopKeeping(): void
  openKept(id: string): Promise<void>
  removeKept(id: string): Promise<void>
  /** Asks the browser never to clear the library by itself; whether it agreed. */
  persistLibrary(): Promise<boolean>
}

export type Store = {
  /** What the bundle says of itself that the trace came in; null: it came by itself. */
  bundle: About | null
  share: ShareSlice
  library: LibrarySlice

  session: SessionSlice
  view: ViewState
  theme: Theme
  setTheme(theme: Theme): void
} & SessionActions &
  ShareActions &
  LibraryActions &
  ViewActions

export type TableState<Name extends TableName> =
  /** `previous`: the last answer to a similar request, to keep on screen meanwhile. */
  { state: 'loading'; previous: Tables[Name] | null } | { state: 'ready'; table: Tables[Name] } | { state: 'failed'; sentence: string }

/** Signature of useTable: null asks for nothing (stays loading). */
export type UseTable = <Name extends TableName>(table: Name, request: TableRequest | null) => TableState<Name>
