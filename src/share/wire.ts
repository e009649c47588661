// SPDX-License-Identifier: Apache-2.0
// What the share server and its clients say to each other: paths, bodies,
// codes of refusal. docs/serve.md tells the whole conversation.
import { CHUNK_BYTES, TAG_BYTES } from '../lib/sealed'

/** Uploads come in parts of this many sealed chunks' bytes; S3 wants at least 5 MiB each, at most 10,000. */
export const PART_BYTES = 8 * (CHUNK_BYTES + TAG_BYTES)

/** 128 bits, lower-case hexadecimal. */
export const ID_PATTERN = /^[0-9a-f]{32}$/
/** SHA-256 in base64url. */
export const HASH_PATTERN = /^[\w-]{43}$/
/** A sealed label in base64url: at most 6 KiB of ciphertext. */
export const LABEL_PATTERN = /^[\w-]{22,8192}$/

export type CreateRequest = {
  format: number
  /** Bytes of the sealed object. */
  bytes: number
  /** How long it is kept, from now. */
  lives_s: number
  /** Name and note, sealed: the server cannot read them. */
  label: string
  /** SHA-256 of the owner's token: who knows the token may upload the parts and delete the share. */
  owner: string
}

export type CreateAnswer = { id: string; expires_ms: number; partBytes: number }

/** Where a missing part goes; `direct`: to the object storage, without the owner's token. */
export type PartTarget = { number: number; url: string; direct: boolean }

/** Some of the missing parts; numbers count from 1. */
export type PartsAnswer = { bytes: number; partBytes: number; missing: number; parts: PartTarget[] }

export type ShareAnswer = { format: number; bytes: number; label: string; created_ms: number; expires_ms: number; data: string }

/** The server's /config.json; a static host has `{"share": null}`. */
export type ServerConfig = {
  version: 1
  share: {
    maxBytes: number
    maxLife_s: number
    /** Who can open a link, as a part of a sentence: "anyone who has the link". */
    readers: string
    /** The name the sign-in in front knows the reader by; null without one. */
    user: string | null
  } | null
}

export type RefusalCode =
  | 'bad-request'
  | 'too-large'
  | 'too-long'
  | 'full'
  | 'limited'
  | 'busy'
  | 'sign-in'
  | 'forbidden'
  | 'not-found'
  | 'deleted'
  | 'expired'
  | 'incomplete'
  | 'finished'
  | 'damaged'
  | 'off'
  | 'failed'

export type Refusal = { error: RefusalCode; sentence: string }

export const paths = {
  create: '/api/shares',
  share: (id: string) => `/api/shares/${id}`,
  parts: (id: string) => `/api/shares/${id}/parts`,
  part: (id: string, number: number) => `/api/shares/${id}/parts/${number}`,
  complete: (id: string) => `/api/shares/${id}/complete`,
  data: (id: string) => `/api/shares/${id}/data`,
}

/** A count of bytes or parts, as it comes out of JSON. */
export const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** The latest time that a Date can hold. */
const MOST_MS = 8.64e15
export const isTime = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= MOST_MS

export const partCount = (bytes: number, partBytes: number): number => Math.ceil(bytes / partBytes)

/** Range of part `number` (from 1) in the sealed object; end exclusive. */
export function partRange(number: number, bytes: number, partBytes: number): { start: number; end: number } {
  return { start: (number - 1) * partBytes, end: Math.min(bytes, number * partBytes) }
}
