// SPDX-License-Identifier: Apache-2.0
// What keeps shares: the record of each and the parts of its sealed bytes.
// Two kinds: a folder (folder-store.ts) and S3-compatible storage (s3-store.ts).
// A store keeps and finds; who may do what is decided in shares.ts.

/** A share as it is stored. Nothing in it opens the share: label and data are ciphertext, the owner's token is a hash. */
export type LiveRecord = {
  version: 1
  state: 'uploading' | 'ready'
  format: number
  bytes: number
  partBytes: number
  created_ms: number
  expires_ms: number
  label: string
  owner: string
  /** The storage's own name of an unfinished upload; empty when it has none. */
  upload: string
}

/** What remains, for a while, of a share that is gone: only that it is. */
export type GoneRecord = { version: 1; state: 'deleted' | 'expired'; gone_ms: number }

export type ShareRecord = LiveRecord | GoneRecord

/** `due_ms`: when the share must be looked at again (expired, given up, or forgotten). */
export type StoreEntry = { id: string; bytes: number; due_ms: number }

export interface ShareStore {
  /** For people, without secrets. */
  readonly name: string
  /** Origins that browsers must be let to talk to; empty when all bytes go through this server. */
  readonly origins: readonly string[]
  readRecord(id: string): Promise<ShareRecord | null>
  /** Replaces `before` (null: there was none) as a whole or not at all. */
  writeRecord(id: string, record: ShareRecord, before: ShareRecord | null): Promise<void>
  /** Prepares for parts; returns the record's `upload`. */
  begin(id: string): Promise<string>
  receivedParts(id: string, record: LiveRecord): Promise<Set<number>>
  /** Where a browser sends the part itself; null: through `putPart`. */
  partUrl(id: string, record: LiveRecord, number: number): Promise<string | null>
  /** Keeps exactly `length` bytes, durably and all at once, and says so; false when there were more or fewer. `still` is asked before they replace anything. */
  putPart(id: string, number: number, body: AsyncIterable<Uint8Array>, length: number, still: () => Promise<boolean>): Promise<boolean>
  /** All parts are there: makes them one object. */
  finish(id: string, record: LiveRecord): Promise<void>
  /** Sealed bytes `start` to `end` (exclusive), or where a browser reads them itself; null: they are not all there any more. */
  read(id: string, record: LiveRecord, start: number, end: number): Promise<{ url: string } | { bytes: AsyncIterable<Uint8Array> } | null>
  /** Removes the parts or the object; the record stays. */
  removeData(id: string, record: LiveRecord): Promise<void>
  removeRecord(id: string, record: ShareRecord): Promise<void>
  entries(): AsyncIterable<StoreEntry>
  /** Removes an entry that its record does not bear out: what a crash may leave. */
  dropEntry(entry: StoreEntry): Promise<void>
  /** Rejects when the store cannot keep anything. */
  check(): Promise<void>
}

/** An upload that is not finished by then is given up. */
export const UPLOAD_MS = 24 * 3600_000
/** How long a link says "deleted" or "expired" rather than "no such share". */
export const GONE_MS = 30 * 24 * 3600_000

export function dueOf(record: ShareRecord): number {
  switch (record.state) {
    case 'uploading':
      return Math.min(record.expires_ms, record.created_ms + UPLOAD_MS)
    case 'ready':
      return record.expires_ms
    case 'deleted':
    case 'expired':
      return record.gone_ms + GONE_MS
  }
}

export const isLive = (record: ShareRecord): record is LiveRecord => record.state === 'uploading' || record.state === 'ready'

/** What a record takes from the quota. */
export const bytesOf = (record: ShareRecord): number => (isLive(record) ? record.bytes : 0)

const isText = (value: unknown): value is string => typeof value === 'string'
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** A stored record's text; null when it is none (damaged, or of a later version). */
export function parseRecord(text: string): ShareRecord | null {
  let value: Record<string, unknown>
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null) return null
    value = parsed as Record<string, unknown>
  } catch {
    return null
  }
  if (value['version'] !== 1) return null
  const { state, gone_ms, format, bytes, partBytes, created_ms, expires_ms, label, owner, upload } = value
  if (state === 'deleted' || state === 'expired') return isCount(gone_ms) ? { version: 1, state, gone_ms } : null
  if (state !== 'uploading' && state !== 'ready') return null
  if (!isCount(format) || !isCount(bytes) || !isCount(partBytes) || partBytes === 0 || !isCount(created_ms) || !isCount(expires_ms))
    return null
  if (!isText(label) || !isText(owner) || !isText(upload)) return null
  return { version: 1, state, format, bytes, partBytes, created_ms, expires_ms, label, owner, upload }
}
