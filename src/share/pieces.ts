// SPDX-License-Identifier: Apache-2.0
// Bytes that are read when needed, and files put together from such: what
// bundles are made of, in a page (blobs) and in Node (files) alike.

/** Random access to bytes. `read` gives fewer only at the end; it throws when the host cannot read. */
export interface ByteSource {
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** A run of bytes: here already, or a stretch of a source. */
export type Piece = Uint8Array<ArrayBuffer> | { source: ByteSource; offset: number; length: number }

export class BlobSource implements ByteSource {
  readonly size: number
  constructor(readonly blob: Blob) {
    this.size = blob.size
  }
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.blob.slice(offset, offset + length).arrayBuffer())
  }
}

export class MemorySource implements ByteSource {
  readonly size: number
  constructor(private readonly bytes: Uint8Array<ArrayBuffer>) {
    this.size = bytes.length
  }
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.resolve(this.bytes.slice(offset, offset + length))
  }
}

export const lengthOf = (piece: Piece): number => piece.length

export const lengthOfAll = (pieces: readonly Piece[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0)

const READ_BYTES = 4 << 20

/** The bytes of pieces, in slices of a few megabytes. */
export async function* chunksOf(pieces: readonly Piece[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      if (piece.length > 0) yield piece
      continue
    }
    for (let done = 0; done < piece.length; ) {
      const chunk = await piece.source.read(piece.offset + done, Math.min(READ_BYTES, piece.length - done))
      if (chunk.length === 0) throw new Error('the file became shorter while it was read')
      done += chunk.length
      yield chunk
    }
  }
}

export async function bytesOfAll(pieces: readonly Piece[]): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(lengthOfAll(pieces))
  let at = 0
  for await (const chunk of chunksOf(pieces)) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

/** Reads a source from front to back, in windows. */
export class Walker {
  private window: Uint8Array<ArrayBuffer> = new Uint8Array()
  private start = 0

  constructor(
    private readonly source: ByteSource,
    private readonly windowBytes = 1 << 20,
  ) {}

  /** `length` bytes at `offset`; null past the end. Valid until the next call. */
  async view(offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (offset + length > this.source.size) return null
    if (offset < this.start || offset + length > this.start + this.window.length) {
      this.window = await this.source.read(offset, Math.max(length, this.windowBytes))
      this.start = offset
      if (this.window.length < length) return null
    }
    return this.window.subarray(offset - this.start, offset - this.start + length)
  }
}
