// SPDX-License-Identifier: Apache-2.0
// `ptarmigan open`: fetches a share, checks and decrypts every byte, and writes
// it beside you or says what it is.
import { createWriteStream } from 'node:fs'
import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { finished } from 'node:stream/promises'
import { fail, ok, type Result } from '../lib/result'
import { parseBundleValue } from '../share/bundle-link'
import { openBundle } from '../share/container'
import { openShare, readAll, type OpenedShare } from '../share/download'
import { parseLink } from '../share/link'
import { MemorySource } from '../share/pieces'
import { print } from './output'

export type OpenOptions = {
  link: string
  /** Where to write it; undefined: under its own name, here. */
  out: string | undefined
  /** Only say what it is. */
  infoOnly: boolean
  json: boolean
}

export async function open(options: OpenOptions): Promise<Result<void, string>> {
  const held = bundleInLink(options.link)
  if (held !== null) return openHeld(held, options)
  const link = parseLink(options.link)
  if (!link.ok) return link
  const opened = await openShare(link.value)
  if (!opened.ok) return opened
  if (options.infoOnly) {
    await tell(opened.value, null, options.json)
    return ok(undefined)
  }
  // The name comes from whoever shared it: only its last part, and never a hidden file.
  const own = basename(opened.value.label.file.replaceAll('\\', '/')).replace(/^\.+/, '') || 'shared'
  const out = options.out ?? own
  if (options.out === undefined && (await stat(out).catch(() => null)))
    return fail(`${out} exists already: say where to write with --out FILE.`)
  const written = await write(opened.value, out)
  if (!written.ok) return written
  await tell(opened.value, out, options.json)
  return ok(undefined)
}

/** What a link says behind #bundle=; null: it is none of that kind. */
function bundleInLink(text: string): string | null {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null
  return url && new URLSearchParams(url.hash.slice(1)).get('bundle')
}

/** A bundle that is all in its link: nothing is fetched. */
async function openHeld(value: string, { out = 'bundle.ptarmigan', infoOnly, json }: OpenOptions): Promise<Result<void, string>> {
  const bytes = await parseBundleValue(value)
  if (!bytes.ok) return bytes
  const opened = await openBundle(new MemorySource(bytes.value))
  if (!opened.ok) return opened
  const { title, note } = opened.value.index.about
  if (!infoOnly) {
    if (await stat(out).catch(() => null)) return fail(`${out} exists already: say where to write with --out FILE.`)
    try {
      await writeFile(out, bytes.value, { flag: 'wx' })
    } catch (error) {
      return fail(`${out} could not be written: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  await tellFacts({ file: 'a bundle in the link itself', name: title, note, bytes: bytes.value.length, ...(!infoOnly && { written: out }) }, json)
  return ok(undefined)
}

/** Appears under its name only when every byte was checked. */
async function write({ label, file }: OpenedShare, out: string): Promise<Result<void, string>> {
  const partial = `${out}.part`
  const stream = createWriteStream(partial)
  const done = finished(stream)
  // Heard below; without this an early failure would end the process.
  done.catch(() => undefined)
  try {
    let failure = ''
    for await (const piece of readAll(label.name || label.file, file)) {
      if (!piece.ok) failure = piece.error
      else if (!stream.write(piece.value)) await Promise.race([new Promise<void>((resolve) => stream.once('drain', () => resolve())), done])
    }
    stream.end()
    await done
    if (failure) {
      await rm(partial, { force: true })
      return fail(failure)
    }
    await rename(partial, out)
    return ok(undefined)
  } catch (error) {
    await rm(partial, { force: true })
    return fail(`${out} could not be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function tell({ label, file, created_ms, expires_ms }: OpenedShare, out: string | null, json: boolean): Promise<void> {
  const facts = {
    file: label.file,
    name: label.name,
    note: label.note,
    bytes: file.size,
    shared: new Date(created_ms).toISOString(),
    expires: new Date(expires_ms).toISOString(),
    ...(out !== null && { written: out }),
  }
  return tellFacts(facts, json)
}

async function tellFacts(facts: Record<string, string | number>, json: boolean): Promise<void> {
  if (json) return print(`${JSON.stringify({ version: 1, ...facts })}\n`)
  const lines = Object.entries(facts).filter(([, value]) => value !== '')
  // Control characters in a name must not reach the terminal.
  const plain = (value: string | number) => String(value).replace(/\p{Cc}/gu, ' ')
  await print(lines.map(([key, value]) => `${`${key}:`.padEnd(9)} ${plain(value)}\n`).join(''))
}
