// SPDX-License-Identifier: Apache-2.0
// What the engine promises to its callers (the store, the CLI): open, add
// images, decode, query, close. Implemented by session.ts, reached from the
// page through client.ts, worker.ts and pool.ts.
import type { RemoteFile } from '../lib/remote-file'
import type { Result } from '../lib/result'
import type { TableName, Tables } from '../model/tables.gen'

/** Which process of the host runs a virtual machine, and how their clocks differ, as perf inject --guest-data is told: the guest's TSC is the host's times `scale` plus `offset`. */
export type GuestClock = { pid: number; offset: bigint; scale: number }

/** Random access to an input's bytes: a File or Blob of this machine, or a file that is read by HTTP Range. */
export type Input = {
  name: string
  path: string
  file: Blob | RemoteFile
  /** The data.N files of a trace that is a directory. */
  data?: { name: string; file: Blob | RemoteFile }[]
  /** Recordings that virtual machines made of themselves at the same time. */
  guests?: { name: string; file: Blob | RemoteFile; clock: GuestClock; data?: { name: string; file: Blob | RemoteFile }[] }[]
  /** Of a binary: the process of the host's that runs the virtual machine whose file it is, 0: the traced machine's; where that wants none of it, it is offered as the others are. */
  of?: number
  /** What virtual machines run lies in the process that runs them, as perf's --guest-code has it. */
  guestCode?: boolean
}

/** Which rows are wanted; what counts for which table is said in tables.h. All times in ns since the trace's start. */
export type TableRequest = {
  thread?: number
  queue?: number
  flags?: number
  start_ns?: number
  end_ns?: number
  first?: number
  count?: number
  extra?: number
  /** What numbers cannot say; the table tells its form. */
  text?: string
}

export type Phase = 'reading' | 'decoding' | 'done' | 'cancelled'

export type Progress = {
  phase: Phase
  /** AUX bytes decoded and all AUX bytes (for `reading`: file bytes). */
  bytesDone: number
  bytesTotal: number
  instructions: number
  /** Grows with every change of what queries answer. */
  version: number
}

/** What became of an offered binary; `sentence` is for the reader. `late`: of a session that has decoded already; one that begins again can take it. */
export type ImageOutcome = { path: string; state: 'used' | 'unwanted' | 'refused' | 'unreadable'; sentence: string; late?: true }

/** A failure for the reader: one sentence that says what is wrong and what to do. */
export type EngineError = { sentence: string; detail?: string }

export interface Engine {
  /** Reads the trace's index. Closes the trace that was open before. */
  open(input: Input): Promise<Result<void, EngineError>>
  /** Offers binaries; call decode again afterwards when one was used. */
  addImages(inputs: Input[]): Promise<Result<ImageOutcome[], EngineError>>
  /** Decodes everything; resolves at the end or when cancelled. Queries may run meanwhile and answer from what is merged. */
  decode(onProgress: (progress: Progress) => void): Promise<Result<void, EngineError>>
  /** What the reader looks at (ns since the trace's start; null: all of it) is decoded first from now on. */
  prefer(range: { start_ns: number; end_ns: number } | null): void
  /** Stops decoding within 100 ms; what was decoded stays. */
  cancel(): Promise<void>
  /** Fails soon after `signal` says that nobody waits for the answer any more: what waits behind it comes first then. */
  query<Name extends TableName>(table: Name, request: TableRequest, signal?: AbortSignal): Promise<Result<Tables[Name], EngineError>>
  close(): Promise<void>
}
