// SPDX-License-Identifier: Apache-2.0
// Bytes of files that will be asked for again: asking a browser for some bytes
// costs milliseconds, however few they are.
import { upperBound } from '../lib/bisect'

/** Small reads, of a walk over a file: each begins behind those before it, with few exceptions. */
export class KeptReads {
  private starts: number[] = []
  private pieces: Uint8Array<ArrayBuffer>[] = []
  private bytes = 0

  constructor(private readonly most: number) {}

  /** Whether there was room for it. */
  keep(offset: number, piece: Uint8Array<ArrayBuffer>): boolean {
    if (!this.hasRoom()) return false
    const at = upperBound(this.starts, offset)
    this.starts.splice(at, 0, offset)
    this.pieces.splice(at, 0, piece)
    this.bytes += piece.length
    return true
  }

  /** All that is kept; nothing is any more. */
  empty(): Uint8Array<ArrayBuffer>[] {
    const { pieces } = this
    this.starts = []
    this.pieces = []
    this.bytes = 0
    return pieces
  }

  hasRoom(): boolean {
    return this.bytes < this.most
  }

  /** All of these bytes, or null. */
  find(offset: number, length: number): Uint8Array<ArrayBuffer> | null {
    const at = upperBound(this.starts, offset) - 1
    const start = this.starts[at]
    const piece = this.pieces[at]
    if (start === undefined || !piece || offset + length > start + piece.length) return null
    return piece.subarray(offset - start, offset - start + length)
  }
}

/** Whole small files, of which many places are asked for; the ones kept longest go first. */
export class KeptFiles<File extends object> {
  private readonly files = new Map<File, Uint8Array<ArrayBuffer>>()
  private bytes = 0

  constructor(private readonly most: number) {}

  /** The file's bytes, read by `read` when they are not at hand. */
  bytesOf(file: File, read: () => Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const known = this.files.get(file)
    if (known) return known
    const made = read()
    for (const [oldest, bytes] of this.files) {
      if (this.bytes + made.length <= this.most) break
      this.files.delete(oldest)
      this.bytes -= bytes.length
    }
    this.files.set(file, made)
    this.bytes += made.length
    return made
  }
}
