// SPDX-License-Identifier: Apache-2.0
// The commands against a server of this process: what they print, what they leave.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startServer, type Running } from '../server/server-for-tests'
import { noRedaction } from '../share/redaction'
import { bundle } from './bundle'
import { open } from './open'
import { scriptText } from './script-for-tests'
import { share, unshare } from './share'
import { decodeAll, openTrace } from './trace'

vi.setConfig({ testTimeout: 60_000 })

let server: Running
let folder: string
let printed: string
beforeEach(async () => {
  server = await startServer()
  folder = await mkdtemp(join(tmpdir(), 'ptarmigan-cli-'))
  printed = ''
  const take = (text: string | Uint8Array, ...done: unknown[]): boolean => {
    printed += String(text)
    for (const call of done) if (typeof call === 'function') call()
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(take)
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

async function shared(file: string, name = ''): Promise<{ link: string; deleteToken: string }> {
  const done = await share({ file, server: server.url, lives_s: 60, name, note: '', json: true })
  if (!done.ok) throw new Error(done.error)
  const answer = JSON.parse(printed) as { link: string; deleteToken: string }
  printed = ''
  return answer
}

it('share, open and unshare are a round trip', async () => {
  const bytes = randomBytes(3_000_000)
  const file = join(folder, 'web.ptm')
  const out = join(folder, 'back')
  await writeFile(file, bytes)
  const { link, deleteToken } = await shared(file, 'a\u001b[31m name')
  expect(await open({ link, out, infoOnly: false, json: false })).toEqual({ ok: true, value: undefined })
  expect((await readFile(out)).equals(bytes)).toBe(true)
  expect(printed).toContain('name:     a [31m name\nbytes:    3000000\n')
  expect(await unshare(link, deleteToken)).toEqual({ ok: true, value: undefined })
  expect(await open({ link, out, infoOnly: true, json: false })).toEqual({
    ok: false,
    error: 'This share was deleted by the one who shared it.',
  })
})

it('a damaged share leaves no file', async () => {
  const file = join(folder, 'web.ptm')
  await writeFile(file, randomBytes(100))
  const { link } = await shared(file)
  const id = /share=(\w+)/.exec(link)?.[1] ?? ''
  await writeFile(join(server.folder, 'shares', id, 'part-00001'), randomBytes(116))
  const opened = await open({ link, out: join(folder, 'back'), infoOnly: false, json: false })
  expect(opened.ok ? '' : opened.error).toContain('could not be decrypted')
  expect(await readdir(folder)).toEqual(['web.ptm'])
})

it('open writes the bundle that a link holds, and says why when it is cut', async () => {
  const root = resolve(import.meta.dirname, '../..')
  const trace = await openTrace(join(root, 'wasm/test/fixtures/tsx.perf.data'), join(root, 'wasm/test/fixtures/symfs'), true)
  if (!trace.ok) throw new Error(trace.error)
  const file = join(folder, 'whole.ptarmigan')
  const options = { range: null, threads: null, redaction: noRedaction, title: 'tsx', note: 'see the abort', withSources: false }
  expect(await bundle(trace.value, { ...options, out: file, link: 'http://127.0.0.1:4173/' })).toEqual({ ok: true, value: undefined })
  const link = printed.trim()
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:4173\/#bundle=1\.\d+\.[\w-]+$/)
  const out = join(folder, 'back.ptarmigan')
  printed = ''
  expect(await open({ link, out, infoOnly: false, json: false })).toEqual({ ok: true, value: undefined })
  expect(printed).toContain('file:     a bundle in the link itself\nname:     tsx\nnote:     see the abort\n')
  expect(await rowsOf(out)).toEqual(await rowsOf(file))
  const sentence = async (text: string, to: string) => {
    const opened = await open({ link: text, out: to, infoOnly: false, json: false })
    return opened.ok ? 'opened' : opened.error
  }
  const cut = 'The bundle in this link is damaged: the link was cut or changed on its way. Copy the whole link.'
  expect(await sentence(link.slice(0, -40), join(folder, 'cut'))).toBe(cut)
  expect(await sentence(link.replace('#bundle=1.', '#bundle=2.'), join(folder, 'cut'))).toBe(
    'The bundle in this link was made by a newer Ptarmigan: reload the page, or update.',
  )
  expect(await sentence(link, out)).toBe(`${out} exists already: say where to write with --out FILE.`)
  expect((await readdir(folder)).toSorted()).toEqual(['back.ptarmigan', 'whole.ptarmigan'])
})

async function rowsOf(path: string): Promise<string[]> {
  const trace = await openTrace(path, undefined, true)
  if (!trace.ok) throw new Error(trace.error)
  const decoded = decodeAll(trace.value.session)
  if (!decoded.ok) throw new Error(decoded.error)
  const lines = scriptText(trace.value.session, ['--itrace=i0ns', '-F', 'ip,sym,symoff,insn']).split('\n')
  expect(lines.length).toBeGreaterThan(1000)
  return lines
}

it('what cannot be shared says why', async () => {
  const sentence = async (file: string, address: string) => {
    const done = await share({ file, server: address, lives_s: 60, name: '', note: '', json: false })
    return done.ok ? 'shared' : done.error
  }
  expect(await sentence(join(folder, 'none'), server.url)).toBe(`${join(folder, 'none')}: no such file.`)
  expect(await sentence(folder, server.url)).toBe(`${folder}: not a regular file.`)
  await writeFile(join(folder, 'x'), 'x')
  await server.server.close()
  expect(await sentence(join(folder, 'x'), server.url)).toBe(
    `${server.url} is no share server, keeps no shares, or wants you to sign in: name another with --server.`,
  )
})
