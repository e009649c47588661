// SPDX-License-Identifier: Apache-2.0
// The whole way of a share over HTTP: sealed, uploaded, opened, read in
// ranges, deleted, expired; lost connections and lost servers in between.
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readRemote, sliceRemote } from '../lib/remote-file'
import { CHUNK_BYTES, TAG_BYTES } from '../lib/sealed'
import { call, readConfig } from '../share/api'
import { openShare, readAll } from '../share/download'
import { parseLink, type ShareLink } from '../share/link'
import { beginUpload, deleteShare, upload, type UploadPlan } from '../share/upload'
import { paths } from '../share/wire'
import { FolderStore } from './folder-store'
import { startServer, type Running, type Setup } from './server-for-tests'

// Nothing here is about time; a busy machine may take long.
vi.setConfig({ testTimeout: 60_000 })

const open: Running[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function start(setup: Setup = {}): Promise<Running> {
  const server = await startServer(setup)
  open.push(server)
  return server
}

const label = { name: 'slow request', note: 'look at 12 ms', file: 'web.ptm' }
const smallParts = { limits: { partBytes: CHUNK_BYTES + TAG_BYTES } }

async function begin(server: string, bytes: Uint8Array<ArrayBuffer>, lives_s = 3600): Promise<UploadPlan> {
  const plan = await beginUpload({ server, file: new Blob([bytes]), label, lives_s })
  if (!plan.ok) throw new Error(plan.error.sentence)
  return plan.value
}

async function share(server: string, bytes: Uint8Array<ArrayBuffer>, lives_s = 3600): Promise<{ link: ShareLink; plan: UploadPlan }> {
  const plan = await begin(server, bytes, lives_s)
  const done = await upload(plan, new Blob([bytes]))
  if (!done.ok) throw new Error(done.error.sentence)
  const link = parseLink(done.value.link)
  if (!link.ok) throw new Error(link.error)
  return { link: link.value, plan }
}

async function readWhole(link: ShareLink): Promise<string> {
  const opened = await openShare(link)
  if (!opened.ok) return opened.error
  const hash = createHash('sha256')
  for await (const piece of readAll('it', opened.value.file)) {
    if (!piece.ok) return piece.error
    hash.update(piece.value)
  }
  return hash.digest('hex')
}

const random = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(length))
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const sentenceOf = async (link: ShareLink): Promise<string> => {
  const opened = await openShare(link)
  return opened.ok ? 'opened' : opened.error
}

/** Cuts the connection of some requests, as a lost network does. */
function loseSome(running: Running, which: (method: string, url: string, count: number) => boolean): void {
  const { app } = running.server
  const handle = app.handle.bind(app)
  let count = 0
  app.handle = async (request, response) => {
    if (which(request.method ?? '', request.url ?? '', count++)) request.socket.destroy()
    else await handle(request, response)
  }
}

const noSleep = { sleep: () => Promise.resolve() }

describe('a share', () => {
  for (const size of [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 12345])
    it(`of ${size} bytes comes back byte for byte, with its name and note`, async () => {
      const { url } = await start(smallParts)
      const bytes = random(size)
      const { link } = await share(url, bytes)
      expect(await readWhole(link)).toBe(sha(bytes))
      const opened = await openShare(link)
      expect(opened.ok && opened.value.label).toEqual(label)
    })

  it('is read in ranges, and parts of parts', async () => {
    const { url } = await start(smallParts)
    const bytes = random(3 * CHUNK_BYTES + 9)
    const opened = await openShare((await share(url, bytes)).link)
    if (!opened.ok) throw new Error(opened.error)
    const across = await readRemote('it', opened.value.file, CHUNK_BYTES - 3, 6)
    expect(across.ok && Buffer.from(across.value).toString('hex')).toBe(
      Buffer.from(bytes.subarray(CHUNK_BYTES - 3, CHUNK_BYTES + 3)).toString('hex'),
    )
    const tail = await readRemote('it', sliceRemote(opened.value.file, 3 * CHUNK_BYTES), 4, 100)
    expect(tail.ok && Buffer.from(tail.value).toString('hex')).toBe(Buffer.from(bytes.subarray(-5)).toString('hex'))
  })

  it('in the store is nothing but ciphertext', async () => {
    const { url, folder, logged } = await start()
    const bytes = new Uint8Array(Buffer.from('SECRET-CONTENT '.repeat(100)))
    const { link, plan } = await share(url, bytes)
    const stored = await Promise.all(
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')),
    )
    const all = stored.join('\n') + logged.join('\n')
    for (const secret of ['SECRET', 'slow request', '12 ms', 'web.ptm', plan.token, plan.secret]) expect(all).not.toContain(secret)
    expect(logged.join('\n')).not.toContain(link.id)
  })

  it('can be deleted by its token and says so from then on', async () => {
    const { url, folder } = await start()
    const { link, plan } = await share(url, random(100))
    const wrong = await deleteShare(url, link.id, 'A'.repeat(43))
    expect(!wrong.ok && wrong.error.sentence).toBe('This is not the delete token of this share.')
    expect(await sentenceOf(link)).toBe('opened')
    expect((await deleteShare(url, link.id, plan.token)).ok).toBe(true)
    expect(await sentenceOf(link)).toBe('This share was deleted by the one who shared it.')
    expect(await readdir(join(folder, 'shares', link.id))).toEqual(['record.json'])
    expect(JSON.parse(await readFile(join(folder, 'shares', link.id, 'record.json'), 'utf8'))).toMatchObject({
      version: 1,
      state: 'deleted',
    })
  })

  it('expires on time, is swept, and is forgotten in the end', async () => {
    let now = Date.now()
    const { url, shares, folder } = await start({ now: () => now })
    const { link } = await share(url, random(100), 3600)
    now += 3599_000
    expect(await sentenceOf(link)).toBe('opened')
    now += 1000
    expect(await sentenceOf(link)).toBe('This share has expired: ask for a new link.')
    expect(await shares.sweep()).toEqual({ expired: 1, abandoned: 0, forgotten: 0 })
    expect(await readdir(join(folder, 'shares', link.id))).toEqual(['record.json'])
    expect(await sentenceOf(link)).toBe('This share has expired: ask for a new link.')
    now += 31 * 86_400_000
    expect(await shares.sweep()).toEqual({ expired: 0, abandoned: 0, forgotten: 1 })
    expect(await sentenceOf(link)).toBe('There is no such share: the link is mistyped, or it expired or was deleted long ago.')
  })

  it('that is never finished is given up after a day', async () => {
    let now = Date.now()
    const { url, shares, folder } = await start({ now: () => now })
    const plan = await begin(url, random(100), 7 * 86_400)
    now += 86_399_000
    expect(await shares.sweep()).toEqual({ expired: 0, abandoned: 0, forgotten: 0 })
    now += 1000
    expect(await shares.sweep()).toEqual({ expired: 0, abandoned: 1, forgotten: 0 })
    expect(await readdir(join(folder, 'shares'))).not.toContain(plan.id)
  })

  it('with a wrong key, a cut key or none says which', async () => {
    const { url } = await start()
    const { link } = await share(url, random(100))
    const secret = link.secret.slice()
    secret[5] = (secret[5] ?? 0) ^ 1
    expect(await sentenceOf({ ...link, secret })).toBe(
      'The key in this link does not open this share: the link was changed on its way, or belongs to another share. Copy the whole link again.',
    )
    const text = (value: string) => {
      const parsed = parseLink(`${url}#share=${value}`)
      return parsed.ok ? 'fine' : parsed.error
    }
    expect(text(`${link.id}.abc`)).toBe(
      'The key in this link has 3 of 43 letters, or wrong ones: the link was cut or changed on its way. Copy the whole link.',
    )
    expect(text(link.id)).toBe('This link has no key (the part after the dot): without it nobody can read the share. Copy the whole link.')
    expect(text(link.id.slice(3))).toBe('This link names no share: it was cut or changed on its way. Copy the whole link.')
  })

  it('that was damaged, cut or reordered where it is stored does not open', async () => {
    const { url, folder } = await start(smallParts)
    const { link } = await share(url, random(3 * CHUNK_BYTES))
    const { writeFile, truncate, rm } = await import('node:fs/promises')
    const part = (number: number) => join(folder, 'shares', link.id, `part-0000${number}`)
    const damaged =
      'it could not be decrypted: its bytes are not the ones that were shared (cut, altered or damaged where they are stored). Ask for a new link.'
    const [one, two] = [await readFile(part(1)), await readFile(part(2))]
    await writeFile(part(1), two)
    await writeFile(part(2), one)
    expect(await readWhole(link)).toBe(damaged)
    await writeFile(part(1), one)
    await writeFile(part(2), two.fill(0, 100, 101))
    expect(await readWhole(link)).toBe(damaged)
    await truncate(part(2), 1000)
    expect(await readWhole(link)).toBe(damaged)
    await rm(part(2))
    expect(await readWhole(link)).toBe(damaged)
  })
})

describe('an upload', () => {
  it('goes on after lost connections, and tells how far it is', async () => {
    const running = await start(smallParts)
    loseSome(running, (method, _, count) => method === 'PUT' && count % 3 === 1)
    const bytes = random(9 * CHUNK_BYTES + 1)
    const plan = await begin(running.url, bytes)
    const seen: number[] = []
    let waited = ''
    const onProgress = ({ bytesDone, waiting }: { bytesDone: number; waiting: string }) => {
      seen.push(bytesDone)
      waited ||= waiting
    }
    const done = await upload(plan, new Blob([bytes]), { ...noSleep, onProgress })
    const link = done.ok ? parseLink(done.value.link) : null
    expect(link?.ok && (await readWhole(link.value))).toBe(sha(bytes))
    expect(seen.at(-1)).toBe(10 * TAG_BYTES + bytes.length)
    expect(waited).toMatch(/^The share server 127\.0\.0\.1:\d+ cannot be reached: is the network up\?$/)
  })

  it('goes on in a new page and at another server of the same store, sending only what is missing', async () => {
    const first = await start(smallParts)
    const bytes = random(5 * CHUNK_BYTES)
    const plan = await begin(first.url, bytes)
    const stop = new AbortController()
    let sent = 0
    const half = upload(plan, new Blob([bytes]), {
      signal: stop.signal,
      onProgress: ({ bytesDone }) => bytesDone > CHUNK_BYTES && stop.abort(),
    })
    await expect(half).rejects.toThrow()
    const second = await start({ ...smallParts, store: new FolderStore(first.folder) })
    loseSome(second, (method) => {
      if (method === 'PUT') sent++
      return false
    })
    const kept = JSON.parse(JSON.stringify(plan)) as UploadPlan
    const done = await upload({ ...kept, server: second.url }, new Blob([bytes]))
    expect(done.ok).toBe(true)
    expect(sent).toBeLessThan(5)
    const link = parseLink(done.ok ? done.value.link : '')
    expect(link.ok && (await readWhole(link.value))).toBe(sha(bytes))
  })

  it('that lost only the answer to its end is complete', async () => {
    const running = await start()
    const { app } = running.server
    const handle = app.handle.bind(app)
    let lost = false
    app.handle = async (request, response) => {
      if (request.url?.endsWith('/complete') && !lost) {
        lost = true
        response.end = () => {
          request.socket.destroy()
          return response
        }
      }
      await handle(request, response)
    }
    const bytes = random(50)
    const plan = await begin(running.url, bytes)
    const done = await upload(plan, new Blob([bytes]), noSleep)
    expect(done.ok).toBe(true)
    expect(lost).toBe(true)
  })

  it('of other bytes than it began with is refused', async () => {
    const { url } = await start()
    const plan = await begin(url, random(50))
    const other = await upload(plan, new Blob([random(51)]))
    expect(!other.ok && other.error.sentence).toBe('These are not the bytes that this upload began with: share again.')
  })

  it('is refused with a sentence: too large, too long, no room', async () => {
    const { url } = await start({ limits: { maxBytes: 3 << 20, quotaBytes: 4 << 20, maxLife_s: 86_400 } })
    const refusalOf = async (size: number, lives_s: number) => {
      const plan = await beginUpload({ server: url, file: new Blob([new Uint8Array(size)]), label, lives_s })
      return plan.ok ? 'taken' : plan.error.sentence
    }
    expect(await refusalOf(4 << 20, 60)).toBe(
      'This is 4.0 MB and the server takes at most 3.0 MB: share a shorter range, or fewer threads.',
    )
    expect(await refusalOf(10, 86_401)).toBe('This server keeps shares for at most 1 days.')
    expect(await refusalOf(2 << 20, 60)).toBe('taken')
    expect(await refusalOf(2.5 * (1 << 20), 60)).toBe(
      'The server has no room for 2.5 MB: 2.0 MB of 4.0 MB are taken. Try again when shares have expired, or share less.',
    )
    expect(await readConfig(url)).toEqual({ maxBytes: 3 << 20, maxLife_s: 86_400, readers: 'anyone who has the link', user: null })
  })

  it('cannot be changed once it is complete, nor by anybody else before', async () => {
    const { url } = await start()
    const bytes = random(50)
    const { link, plan } = await share(url, bytes)
    const body = new Blob([new Uint8Array(66)])
    const replayed = await call({ server: url, path: paths.part(link.id, 1), method: 'PUT', token: plan.token, body })
    expect(!replayed.ok && replayed.error.code).toBe('finished')
    const other = await begin(url, bytes)
    const stranger = await call({ server: url, path: paths.part(other.id, 1), method: 'PUT', token: plan.token, body })
    expect(!stranger.ok && stranger.error.code).toBe('forbidden')
    const early = await call({ server: url, path: paths.complete(other.id), method: 'POST', token: other.token })
    expect(!early.ok && early.error.code).toBe('incomplete')
    expect(await sentenceOf({ ...link, id: other.id })).toBe('This share is still being uploaded: try again when the upload is finished.')
    expect(await readWhole(link)).toBe(sha(bytes))
  })

  it('may be asked to complete any number of times', async () => {
    const { url } = await start()
    const { link, plan } = await share(url, random(10))
    const again = await call({ server: url, path: paths.complete(link.id), method: 'POST', token: plan.token })
    expect(again.ok && again.value).toEqual({ expires_ms: plan.expires_ms })
  })
})

describe('two servers on one store', () => {
  it('are one service: begun, uploaded, completed and read at turns', async () => {
    const first = await start(smallParts)
    const second = await start({ ...smallParts, store: new FolderStore(first.folder) })
    const turns = [first.url, second.url]
    const original = globalThis.fetch
    let turn = 0
    globalThis.fetch = (input, init) => original(String(input).replace('http://balanced.test/', turns[turn++ % 2] ?? ''), init)
    try {
      const bytes = random(4 * CHUNK_BYTES + 3)
      const { link, plan } = await share('http://balanced.test/', bytes)
      expect(await readWhole(link)).toBe(sha(bytes))
      expect((await deleteShare(link.server, link.id, plan.token)).ok).toBe(true)
      expect(await sentenceOf(link)).toBe('This share was deleted by the one who shared it.')
      expect(await sentenceOf(link)).toBe('This share was deleted by the one who shared it.')
      expect(turn).toBeGreaterThan(10)
    } finally {
      globalThis.fetch = original
    }
  })
})
