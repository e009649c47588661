// SPDX-License-Identifier: Apache-2.0
// Shares in a folder:
//
//   DIR/shares/ID/record.json    replaced as a whole (written beside, synced, renamed)
//   DIR/shares/ID/part-00001     sealed bytes; each appears complete or not at all
//   DIR/shares/ID/.new-…         being written; left behind only by a crash
//
// Any number of servers may use one folder. Ids are checked before they come here.
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ID_PATTERN, partCount, partRange } from '../share/wire'
import { bytesOf, dueOf, parseRecord, type LiveRecord, type ShareRecord, type ShareStore, type StoreEntry } from './store'

const PART_NAME = /^part-(\d{5})$/
const NEW_NAME = /^\.new-/
/** Something half-written that nobody has touched for so long is of a server that died. */
const LEFTOVER_MS = 3600_000
const READ_BYTES = 256 << 10

const partName = (number: number): string => `part-${String(number).padStart(5, '0')}`

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

async function orNull<Value>(work: Promise<Value>): Promise<Value | null> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Makes a rename or a new name durable. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

export class FolderStore implements ShareStore {
  readonly name: string
  readonly origins = []
  private readonly shares: string

  constructor(directory: string) {
    this.name = `folder ${directory}`
    this.shares = join(directory, 'shares')
  }

  private folder(id: string): string {
    return join(this.shares, id)
  }

  async readRecord(id: string): Promise<ShareRecord | null> {
    const text = await orNull(readFile(join(this.folder(id), 'record.json'), 'utf8'))
    return text === null ? null : parseRecord(text)
  }

  async writeRecord(id: string, record: ShareRecord): Promise<void> {
    const folder = this.folder(id)
    const isNew = (await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined
    await this.put(folder, 'record.json', [Buffer.from(JSON.stringify(record))])
    if (isNew) await syncFolder(this.shares)
  }

  /** Writes a file that appears whole and durable; `keep` says, at the end, whether it shall. */
  private async put(
    folder: string,
    name: string,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    keep: (bytes: number) => Promise<boolean> = () => Promise.resolve(true),
    most = Infinity,
  ): Promise<boolean> {
    const temporary = join(folder, `.new-${randomBytes(8).toString('hex')}`)
    const file = await open(temporary, 'wx', 0o600)
    try {
      let bytes = 0
      for await (const piece of body) {
        bytes += piece.length
        if (bytes > most) break
        await file.writeFile(piece)
      }
      await file.sync()
      await file.close()
      if (!(await keep(bytes))) return false
      await rename(temporary, join(folder, name))
      await syncFolder(folder)
      return true
    } finally {
      await file.close().catch(() => undefined)
      await rm(temporary, { force: true })
    }
  }

  begin(): Promise<string> {
    return Promise.resolve('')
  }

  async receivedParts(id: string, record: LiveRecord): Promise<Set<number>> {
    const received = new Set<number>()
    for (const name of (await orNull(readdir(this.folder(id)))) ?? []) {
      const number = Number(PART_NAME.exec(name)?.[1] ?? 0)
      if (number < 1 || number > partCount(record.bytes, record.partBytes)) continue
      const { start, end } = partRange(number, record.bytes, record.partBytes)
      const found = await orNull(stat(join(this.folder(id), name)))
      if (found?.size === end - start) received.add(number)
    }
    return received
  }

  partUrl(): Promise<null> {
    return Promise.resolve(null)
  }

  async putPart(
    id: string,
    number: number,
    body: AsyncIterable<Uint8Array>,
    length: number,
    still: () => Promise<boolean>,
  ): Promise<boolean> {
    return this.put(this.folder(id), partName(number), body, async (bytes) => bytes === length && (await still()), length)
  }

  finish(): Promise<void> {
    return Promise.resolve()
  }

  async read(id: string, record: LiveRecord, start: number, end: number): Promise<{ bytes: AsyncIterable<Uint8Array> } | null> {
    for (let number = Math.floor(start / record.partBytes) + 1; (number - 1) * record.partBytes < end; number++) {
      const part = partRange(number, record.bytes, record.partBytes)
      const found = await orNull(stat(join(this.folder(id), partName(number))))
      if (found?.size !== part.end - part.start) return null
    }
    return { bytes: this.pieces(id, record, start, end) }
  }

  private async *pieces(id: string, record: LiveRecord, start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end;) {
      const number = Math.floor(at / record.partBytes) + 1
      const part = partRange(number, record.bytes, record.partBytes)
      const until = Math.min(end, part.end)
      const options = { start: at - part.start, end: until - part.start - 1, highWaterMark: READ_BYTES }
      for await (const piece of createReadStream(join(this.folder(id), partName(number)), options)) {
        const bytes: unknown = piece
        if (!(bytes instanceof Uint8Array)) throw new Error('a stream of bytes gave something else')
        at += bytes.length
        yield bytes
      }
      if (at < until) throw new Error(`part ${number} is shorter than its record says`)
    }
  }

  async removeData(id: string): Promise<void> {
    const folder = this.folder(id)
    for (const name of (await orNull(readdir(folder))) ?? []) if (PART_NAME.test(name)) await rm(join(folder, name), { force: true })
  }

  async removeRecord(id: string): Promise<void> {
    await rm(this.folder(id), { recursive: true, force: true })
  }

  async *entries(): AsyncGenerator<StoreEntry> {
    for (const id of (await orNull(readdir(this.shares))) ?? []) {
      if (!ID_PATTERN.test(id)) continue
      await this.removeLeftovers(id)
      const record = await this.readRecord(id)
      if (record) yield { id, bytes: bytesOf(record), due_ms: dueOf(record) }
    }
  }

  dropEntry(): Promise<void> {
    return Promise.resolve()
  }

  private async removeLeftovers(id: string): Promise<void> {
    const folder = this.folder(id)
    for (const name of (await orNull(readdir(folder))) ?? []) {
      if (!NEW_NAME.test(name)) continue
      const found = await orNull(stat(join(folder, name)))
      if (found && found.mtimeMs < Date.now() - LEFTOVER_MS) await orNull(unlink(join(folder, name)))
    }
  }

  async check(): Promise<void> {
    await mkdir(this.shares, { recursive: true, mode: 0o700 })
    await this.put(this.shares, '.checked', [Buffer.from('ok')])
  }
}
