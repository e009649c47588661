// SPDX-License-Identifier: Apache-2.0
// Opens a share: asks the server what there is, opens its label with the
// link's key, and gives its bytes as a remote file that is read in ranges.
import { damagedSentence, readRemote, type RemoteFile } from '../lib/remote-file'
import { fail, ok, type Result } from '../lib/result'
import { CHUNK_BYTES, plainBytes, SEALED_FORMAT } from '../lib/sealed'
import { ask, urlOf } from './api'
import { deriveKeys, openLabel, type ShareLabel } from './crypto'
import type { ShareLink } from './link'
import { isCount, isTime, paths } from './wire'

export type OpenedShare = { label: ShareLabel; file: RemoteFile; created_ms: number; expires_ms: number }

const wrongKey =
  'The key in this link does not open this share: the link was changed on its way, or belongs to another share. Copy the whole link again.'

/** A failure is a sentence for the reader. */
export async function openShare({ server, id, secret }: ShareLink, signal?: AbortSignal): Promise<Result<OpenedShare, string>> {
  const described = await ask({ server, path: paths.share(id), signal })
  if (!described.ok) return fail(described.error.sentence)
  const { format, bytes, label: sealedLabel, created_ms, expires_ms } = described.value
  if (!isCount(bytes) || typeof sealedLabel !== 'string' || !isTime(expires_ms) || !isTime(created_ms))
    return fail('The share server gave an answer that makes no sense.')
  if (format !== SEALED_FORMAT) return fail('This share was made by a newer Ptarmigan: reload the page to get it.')
  const keys = await deriveKeys(secret)
  const label = await openLabel(keys.label, sealedLabel)
  if (!label) return fail(wrongKey)
  const total = plainBytes(bytes)
  if (total === null) return fail(damagedSentence(nameOf(label)))
  const file: RemoteFile = { url: urlOf(server, paths.data(id)), start: 0, size: total, total, etag: '', sealed: keys.data }
  return ok({ label, file, created_ms, expires_ms })
}

const nameOf = (label: ShareLabel): string => label.name || label.file

const BYTES_AT_ONCE = 8 * CHUNK_BYTES

/** All of a remote file, piece by piece, each checked before it is given. */
export async function* readAll(
  name: string,
  file: RemoteFile,
  signal?: AbortSignal,
): AsyncGenerator<Result<Uint8Array<ArrayBuffer>, string>> {
  for (let at = 0; at < file.size; at += BYTES_AT_ONCE) {
    const piece = await readRemote(name, file, at, BYTES_AT_ONCE, signal)
    yield piece
    if (!piece.ok) return
  }
}
