// SPDX-License-Identifier: Apache-2.0
// Traces that the reader chose to keep: copies in the browser's own file system
// (OPFS), which no other site sees and which need no network. A folder for each
// trace: its files by number, and last a manifest that says what they are; a
// folder without one is of a copy that was cut short, and is cleared away.
import { fail, ok, type Result } from '../lib/result'
import type { OfferedFile } from './classify'
import { sourceOf } from './open-bundle'
import { chunksOf } from '../share/pieces'

/** `guest`: the clock of a guest's recording, its offset as decimal text. */
export type KeptFile = { path: string; bytes: number; guest?: { pid: number; offset: string; scale: number } }

/** `view`: a link's fragment, what was looked at when it was kept. */
export type KeptTrace = { id: string; name: string; kept_ms: number; bytes: number; files: KeptFile[]; view: string; story: string }

/** Bytes of all this site keeps in the browser, and how many it may; null: the browser does not say. */
export type Room = { usedBytes: number | null; quotaBytes: number | null; persisted: boolean }

const FOLDER = 'library'
const MANIFEST = 'manifest.json'
const VERSION = 1
const lockOf = (id: string) => `ptarmigan-library-${id}`

export const libraryWorks = (): boolean => globalThis.isSecureContext && 'storage' in navigator && typeof navigator.storage.getDirectory === 'function'

export const noLibrary = 'This browser has no file system for pages (or the page is not a secure one), so traces cannot be kept in it.'

async function folder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  return root.getDirectoryHandle(FOLDER, { create: true })
}

function reasonOf(error: unknown): string {
  const name = error instanceof Error ? error.name : ''
  if (name === 'QuotaExceededError') return 'There is not enough room: the browser gives this site no more. Remove kept traces, or free space on the disk.'
  if (name === 'NotFoundError') return 'It is no longer there: it was removed in another tab, or by the browser.'
  if (name === 'NoModificationAllowedError') return 'It is in use in another tab: close it there first.'
  return error instanceof Error ? error.message : String(error)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function keptGuest(value: unknown): KeptFile['guest'] {
  if (!isRecord(value) || !isCount(value['pid']) || typeof value['offset'] !== 'string' || typeof value['scale'] !== 'number') return undefined
  return /^-?\d{1,20}$/.test(value['offset']) && value['scale'] > 0 ? { pid: value['pid'], offset: value['offset'], scale: value['scale'] } : undefined
}

/** A manifest as it was written; null: it is none, or of a newer build. */
export function parseManifest(id: string, text: string): KeptTrace | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isRecord(value) || value['version'] !== VERSION || !Array.isArray(value['files']) || typeof value['name'] !== 'string') return null
  const files: KeptFile[] = []
  for (const file of value['files'] as unknown[]) {
    if (!isRecord(file) || typeof file['path'] !== 'string' || !isCount(file['bytes'])) return null
    const guest = keptGuest(file['guest'])
    files.push({ path: file['path'], bytes: file['bytes'], ...(guest && { guest }) })
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const kept_ms = isCount(value['kept_ms']) ? value['kept_ms'] : 0
  return { id, name: value['name'], kept_ms, bytes, files, view: textOf(value['view']), story: textOf(value['story']) }
}

async function readManifest(of: FileSystemDirectoryHandle, id: string): Promise<KeptTrace | null> {
  const handle = await of.getFileHandle(MANIFEST).catch(() => null)
  return handle ? parseManifest(id, await (await handle.getFile()).text()) : null
}

/** What is kept, the newest first. Clears away copies that were cut short, unless another tab is making them now. */
export async function listKept(): Promise<KeptTrace[]> {
  if (!libraryWorks()) return []
  try {
    const from = await folder()
    const kept: KeptTrace[] = []
    for await (const [id, handle] of from.entries()) {
      if (handle.kind !== 'directory') continue
      const trace = await readManifest(handle as FileSystemDirectoryHandle, id)
      if (trace) kept.push(trace)
      else
        await navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) => {
          // Written by a newer build: not ours to remove.
          const whole = await (handle as FileSystemDirectoryHandle).getFileHandle(MANIFEST).catch(() => null)
          if (lock && !whole) await from.removeEntry(id, { recursive: true }).catch(() => undefined)
        })
    }
    return kept.toSorted((a, b) => b.kept_ms - a.kept_ms)
  } catch {
    return []
  }
}

async function copy(file: OfferedFile, into: FileSystemFileHandle, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<number> {
  const out = await into.createWritable()
  const source = sourceOf(file.path, file.file)
  let done = 0
  try {
    for await (const chunk of chunksOf([{ source, offset: 0, length: source.size }])) {
      signal.throwIfAborted()
      await out.write(chunk)
      done += chunk.length
      onBytes(chunk.length)
    }
  } catch (error) {
    await out.abort().catch(() => undefined)
    throw error
  }
  await out.close()
  return done
}

export type KeepWish = { name: string; files: readonly OfferedFile[]; view: string; story: string }

/** Copies files into the library; `onProgress` hears how many bytes are copied. */
export async function keepFiles(
  { name, files, view, story }: KeepWish,
  onProgress: (bytesDone: number) => void,
  signal: AbortSignal,
): Promise<Result<KeptTrace, string>> {
  if (!libraryWorks()) return fail(noLibrary)
  const id = crypto.randomUUID()
  return navigator.locks.request(lockOf(id), async () => {
    try {
      const into = await (await folder()).getDirectoryHandle(id, { create: true })
      let done = 0
      const kept: KeptFile[] = []
      for (const [row, file] of files.entries()) {
        const handle = await into.getFileHandle(String(row), { create: true })
        const bytes = await copy(file, handle, (more) => onProgress((done += more)), signal)
        kept.push({ path: file.path, bytes, ...(file.guest && { guest: { ...file.guest, offset: String(file.guest.offset) } }) })
      }
      const manifest = { version: VERSION, name, kept_ms: Date.now(), files: kept, view, story }
      const out = await (await into.getFileHandle(MANIFEST, { create: true })).createWritable()
      await out.write(JSON.stringify(manifest))
      await out.close()
      return ok({ id, name, kept_ms: manifest.kept_ms, bytes: done, files: kept, view, story })
    } catch (error) {
      await removeKept(id)
      return fail(signal.aborted ? '' : `${name} could not be kept. ${reasonOf(error)}`)
    }
  })
}

/** Files of a kept trace, where they are: nothing is read. */
export async function openKept({ id, name, files }: KeptTrace): Promise<Result<OfferedFile[], string>> {
  try {
    const from = await (await folder()).getDirectoryHandle(id)
    const offered: OfferedFile[] = []
    for (const [row, { path, bytes, guest }] of files.entries()) {
      const file = await (await from.getFileHandle(String(row))).getFile()
      if (file.size !== bytes) return fail(`${path} has ${file.size} of its ${bytes} bytes: the browser lost a part of it. Remove ${name} and keep it again.`)
      // A file is named after its number: the blob under its own name, with no copy made.
      offered.push({ file: new File([file], path.slice(path.lastIndexOf('/') + 1)), path, ...(guest && { guest: { ...guest, offset: BigInt(guest.offset) } }) })
    }
    return ok(offered)
  } catch (error) {
    return fail(`${name} could not be opened. ${reasonOf(error)}`)
  }
}

/** '' or why not. */
export async function removeKept(id: string): Promise<string> {
  try {
    await (await folder()).removeEntry(id, { recursive: true })
    return ''
  } catch (error) {
    return error instanceof Error && error.name === 'NotFoundError' ? '' : `It could not be removed. ${reasonOf(error)}`
  }
}

export async function roomLeft(): Promise<Room> {
  if (!libraryWorks()) return { usedBytes: null, quotaBytes: null, persisted: false }
  const [estimate, persisted] = await Promise.all([
    navigator.storage.estimate().catch(() => ({}) as StorageEstimate),
    navigator.storage.persisted().catch(() => false),
  ])
  return { usedBytes: estimate.usage ?? null, quotaBytes: estimate.quota ?? null, persisted }
}

/** Asks the browser not to clear the library when the disk runs full; browsers decide by themselves or ask the reader. */
export const askToPersist = (): Promise<boolean> => navigator.storage.persist().catch(() => false)
