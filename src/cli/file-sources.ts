// SPDX-License-Identifier: Apache-2.0
// Files as the decoder's byte sources in Node: read in place, never whole. A
// source may be put together from pieces of files and of memory.
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { fail, ok, type Result } from '../lib/result'
import type { HostSources } from '../engine/host-sources'

/** An open file, or a part of one. */
export type FilePart = { descriptor: number; offset: number; size: number }
export type Opened = { source: number; size: number }

type Piece = { start: number; size: number; from: FilePart | Uint8Array }

/** What sources are made of; other threads of this process read it as well. */
export type FileInputs = readonly { path: string; pieces: readonly Piece[] }[]

export class FileSources implements HostSources {
  failure = ''
  private readonly known: { path: string; pieces: readonly Piece[] }[]

  constructor(inputs: FileInputs = []) {
    this.known = [...inputs]
  }

  /** In order of their numbers. */
  get inputs(): FileInputs {
    return this.known
  }

  /** Opens a regular file; its number and size, or a sentence. */
  open(path: string): Result<Opened, string> {
    const part = openPart(path)
    if (!part.ok) return part
    // Files of /proc say that they are empty and cannot be read in places: they are small.
    const whole = part.value.size === 0 && path.startsWith('/proc/')
    return ok(this.add(path, [whole ? readFileSync(part.value.descriptor) : part.value]))
  }

  /** A source of pieces, one behind the other; `path` is for sentences. */
  add(path: string, parts: readonly (FilePart | Uint8Array)[]): Opened {
    let size = 0
    const pieces = parts.map((from) => {
      const piece = { start: size, size: sizeOf(from), from }
      size += piece.size
      return piece
    })
    return { source: this.known.push({ path, pieces }) - 1, size }
  }

  read(source: number, offset: number, into: Uint8Array): number {
    const input = this.known[source]
    if (!input) return -1
    let total = 0
    for (const piece of input.pieces) {
      const from = offset + total - piece.start
      if (from < 0 || from >= piece.size || total === into.length) continue
      const wanted = into.subarray(total, total + Math.min(into.length - total, piece.size - from))
      const got = this.readPiece(input.path, piece, from, wanted)
      if (got < 0) return -1
      total += got
      if (got < wanted.length) break
    }
    return total
  }

  private readPiece(path: string, { from: input }: Piece, offset: number, into: Uint8Array): number {
    if (input instanceof Uint8Array) {
      into.set(input.subarray(offset, offset + into.length))
      return into.length
    }
    try {
      const got = readFully(input.descriptor, input.offset + offset, into)
      if (got === into.length) return got
      this.failure = `${path} could not be read at byte ${offset + got}: it has become shorter since it was opened.`
      return -1
    } catch (error) {
      this.failure = `${path} could not be read at byte ${offset}: ${reasonOf(error)}`
      return -1
    }
  }
}

const sizeOf = (from: FilePart | Uint8Array): number => (from instanceof Uint8Array ? from.length : from.size)

/** Opens a regular file for reading, or says why not. */
export function openPart(path: string): Result<FilePart, string> {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    return fail(`${path}: ${reasonOf(error)}`)
  }
  const stat = fstatSync(descriptor)
  if (stat.isFile()) return ok({ descriptor, offset: 0, size: stat.size })
  closeSync(descriptor)
  return fail(`${path} is ${stat.isDirectory() ? 'a directory' : 'not a regular file'}, not a trace: name the perf.data file itself.`)
}

/** Reads until `into` is full or the file ends; how many bytes there were. */
export function readFully(descriptor: number, offset: number, into: Uint8Array): number {
  let total = 0
  while (total < into.length) {
    const got = readSync(descriptor, into, total, into.length - total, offset + total)
    if (got === 0) break
    total += got
  }
  return total
}

/** The first bytes of a part, `length` at most. */
export function headOf(part: FilePart, length: number): Uint8Array {
  const head = new Uint8Array(Math.min(length, part.size))
  return head.subarray(0, readFully(part.descriptor, part.offset, head))
}

export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'ENOENT') return 'no such file.'
  if (code === 'EACCES') return 'permission denied.'
  return error instanceof Error ? `${error.message}.` : String(error)
}
