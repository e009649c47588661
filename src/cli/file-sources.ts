// SPDX-License-Identifier: Apache-2.0
// The decoder's byte sources in Node: files, read in place and never whole;
// stretches of files; small files with holes that a bundle holds.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { fail, ok, type Result } from '../lib/result'
import type { HostSources } from '../engine/host-sources'

export type OpenFile = { source: number; size: number }

/** Copies bytes from `offset`; returns how many, fewer only at the end. Throws when they cannot be read. */
type Read = (offset: number, into: Uint8Array) => number

export class FileSources implements HostSources {
  failure = ''
  private readonly files: { path: string; read: Read }[] = []

  /** Opens a regular file; its number and size, or a sentence. */
  open(path: string): Result<OpenFile, string> {
    let descriptor: number
    try {
      descriptor = openSync(path, 'r')
    } catch (error) {
      return fail(`${path}: ${reasonOf(error)}`)
    }
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) {
      closeSync(descriptor)
      return fail(`${path} is ${stat.isDirectory() ? 'a directory' : 'not a regular file'}, not a trace: name the perf.data file itself.`)
    }
    return ok({ source: this.add(path, (offset, into) => readFully(descriptor, offset, into)), size: stat.size })
  }

  /** A stretch of a source as a source of its own. */
  part(of: number, path: string, start: number, size: number): OpenFile {
    const read: Read = (offset, into) => {
      const length = Math.min(into.length, Math.max(0, size - offset))
      return this.files[of]?.read(start + offset, into.subarray(0, length)) ?? 0
    }
    return { source: this.add(path, read), size }
  }

  /** Bytes in memory; `extents`: where they are in a file of `size` bytes whose rest is zero (offset and length in turn). */
  memory(path: string, bytes: Uint8Array, size: number, extents: readonly number[] = [0, size]): OpenFile {
    return { source: this.add(path, (offset, into) => readExtents(bytes, size, extents, offset, into)), size }
  }

  read(source: number, offset: number, into: Uint8Array): number {
    const file = this.files[source]
    if (!file) return -1
    try {
      return file.read(offset, into)
    } catch (error) {
      this.failure = `${file.path} could not be read at byte ${offset}: ${reasonOf(error)}`
      return -1
    }
  }

  private add(path: string, read: Read): number {
    return this.files.push({ path, read }) - 1
  }
}

function readFully(descriptor: number, offset: number, into: Uint8Array): number {
  let total = 0
  while (total < into.length) {
    const got = readSync(descriptor, into, total, into.length - total, offset + total)
    if (got === 0) break
    total += got
  }
  return total
}

function readExtents(bytes: Uint8Array, size: number, extents: readonly number[], offset: number, into: Uint8Array): number {
  const length = Math.min(into.length, Math.max(0, size - offset))
  into.fill(0, 0, length)
  let at = 0
  for (let row = 0; row < extents.length; row += 2) {
    const start = extents[row] ?? 0
    const count = extents[row + 1] ?? 0
    const from = Math.max(start, offset)
    const to = Math.min(start + count, offset + length)
    if (from < to) into.set(bytes.subarray(at + from - start, at + to - start), from - offset)
    at += count
  }
  return length
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'ENOENT') return 'no such file.'
  if (code === 'EACCES') return 'permission denied.'
  return error instanceof Error ? `${error.message}.` : String(error)
}
