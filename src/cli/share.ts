// SPDX-License-Identifier: Apache-2.0
// `ptarmigan share` and `ptarmigan unshare`: seals a file, uploads it and
// prints the link; deletes a share by its token. For people and for CI jobs.
import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { fail, ok, type Result } from '../lib/result'
import { readConfig } from '../share/api'
import { parseLink } from '../share/link'
import { beginUpload, deleteShare, upload, type UploadProgress } from '../share/upload'
import { print, say } from './output'

export type ShareOptions = { file: string; server: string; lives_s: number; name: string; note: string; json: boolean }

export async function share(options: ShareOptions): Promise<Result<void, string>> {
  const { file, server, lives_s, name, note } = options
  const found = await stat(file).catch(() => null)
  if (!found?.isFile()) return fail(`${file}: ${found ? 'not a regular file' : 'no such file'}.`)
  const blob = await openAsBlob(file)
  const config = await readConfig(server)
  if (config === null) return fail(`${server} is no share server, keeps no shares, or wants you to sign in: name another with --server.`)
  say(`${config.readers} will be able to read ${file}; the server itself is not.`)
  const plan = await beginUpload({ server, file: blob, label: { name, note, file: basename(file) }, lives_s })
  if (!plan.ok) return fail(plan.error.sentence)
  const done = await upload(plan.value, blob, { onProgress: progress() })
  if (!done.ok) return fail(done.error.sentence)
  const { link, token, expires_ms } = done.value
  const expires = new Date(expires_ms).toISOString()
  if (options.json) await print(`${JSON.stringify({ version: 1, link, deleteToken: token, expires })}\n`)
  else await print(`${link}\ndelete token: ${token}\nexpires: ${expires}\n`)
  return ok(undefined)
}

/** On a terminal how far it is; elsewhere only why it waits. */
function progress(): (progress: UploadProgress) => void {
  let waiting = ''
  return (now) => {
    if (process.stderr.isTTY) {
      const done = `${Math.floor((100 * now.bytesDone) / now.bytesTotal)} % of ${(now.bytesTotal / 2 ** 20).toFixed(1)} MB`
      process.stderr.write(`\r\x1b[K${now.waiting || `sharing: ${done}`}${now.bytesDone === now.bytesTotal ? '\n' : ''}`)
    } else if (now.waiting !== '' && now.waiting !== waiting) say(`${now.waiting} Trying again.`)
    waiting = now.waiting
  }
}

export async function unshare(link: string, token: string): Promise<Result<void, string>> {
  const parsed = parseLink(link)
  if (!parsed.ok) return parsed
  const { server, id } = parsed.value
  const deleted = await deleteShare(server, id, token)
  if (!deleted.ok) return fail(deleted.error.sentence)
  await print('deleted\n')
  return ok(undefined)
}
