// SPDX-License-Identifier: Apache-2.0
// What another tool and this page say to each other by postMessage (docs/hand-over.md):
//
//   page -> opener   { ptarmigan: 'ready', version: 1 }
//   opener -> page   { ptarmigan: 'open', files: [{ name, path?, data }], view? }
//   page -> opener   { ptarmigan: 'opened' } or { ptarmigan: 'refused', sentence }
//
// Only what the page's own opener says is heard, and nothing is opened before
// the reader has agreed to its origin. Pure: reads messages, sends none.
import { fail, ok, type Result } from '../lib/result'

export const HAND_OVER_VERSION = 1
const MOST_FILES = 1000
const MOST_LETTERS = 4096

/** `view`: the view's part of a link's fragment; '' for none. */
export type HandedOver = { files: { file: File; path: string }[]; view: string }

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The kind of a message; null: it is none of ours. */
export const kindOf = (message: unknown): string | null =>
  isRecord(message) && typeof message['ptarmigan'] === 'string' ? message['ptarmigan'] : null

function blobOf(data: unknown): Blob | null {
  if (data instanceof Blob) return data
  if (data instanceof ArrayBuffer) return new Blob([data])
  // A copy of the bytes: a view may be on memory that is shared, or much larger.
  return ArrayBuffer.isView(data) ? new Blob([new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()]) : null
}

/** The files of an "open" message, or why it cannot be understood. */
export function readOpen(message: unknown): Result<HandedOver, string> {
  const list = isRecord(message) ? message['files'] : null
  if (!isRecord(message) || !Array.isArray(list) || list.length === 0) return fail('The message names no files: it should have files: [{ name, data }].')
  if (list.length > MOST_FILES) return fail(`The message has ${list.length} files; at most ${MOST_FILES} are taken.`)
  const files: HandedOver['files'] = []
  for (const [row, entry] of (list as unknown[]).entries()) {
    const name = isRecord(entry) ? entry['name'] : null
    const path = (isRecord(entry) ? entry['path'] : null) ?? name
    const blob = isRecord(entry) ? blobOf(entry['data']) : null
    if (typeof name !== 'string' || typeof path !== 'string' || name === '' || name.length > MOST_LETTERS || path.length > MOST_LETTERS)
      return fail(`File ${row + 1} of the message has no name, or a wrong one.`)
    if (!blob) return fail(`File ${row + 1} of the message (${name}) has no data: an ArrayBuffer, a view on one, or a Blob.`)
    files.push({ file: new File([blob], name), path })
  }
  const view = message['view']
  return ok({ files, view: typeof view === 'string' ? view.replace(/^#/, '') : '' })
}

/** An origin for people; sandboxed and local pages have none. */
export const originText = (origin: string): string => (origin === 'null' || origin === '' ? 'A page without an address (a local file or a sandbox)' : origin)
