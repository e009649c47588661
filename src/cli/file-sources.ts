// SPDX-License-Identifier: Apache-2.0
// Files as the decoder's byte sources in Node: read in place, never whole.
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { fail, ok, type Result } from '../lib/result'
import type { HostSources } from '../engine/host-sources'

export class FileSources implements HostSources {
  failure = ''
  private readonly files: { path: string; descriptor: number; whole?: Uint8Array }[] = []

  /** Opens a regular file; its number and size, or a sentence. */
  open(path: string): Result<{ source: number; size: number }, string> {
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
    // Files of /proc say that they are empty and cannot be read in places: they are small.
    const whole = stat.size === 0 && path.startsWith('/proc/') ? readFileSync(descriptor) : undefined
    return ok({ source: this.files.push({ path, descriptor, ...(whole && { whole }) }) - 1, size: whole?.length ?? stat.size })
  }

  read(source: number, offset: number, into: Uint8Array): number {
    const file = this.files[source]
    if (!file) return -1
    if (file.whole) {
      const piece = file.whole.subarray(offset, offset + into.length)
      into.set(piece)
      return piece.length
    }
    let total = 0
    try {
      while (total < into.length) {
        const got = readSync(file.descriptor, into, total, into.length - total, offset + total)
        if (got === 0) break
        total += got
      }
    } catch (error) {
      this.failure = `${file.path} could not be read at byte ${offset + total}: ${reasonOf(error)}`
      return -1
    }
    return total
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'ENOENT') return 'no such file.'
  if (code === 'EACCES') return 'permission denied.'
  return error instanceof Error ? `${error.message}.` : String(error)
}
