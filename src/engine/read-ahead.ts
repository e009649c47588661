// SPDX-License-Identifier: Apache-2.0
// A large file of this machine, read in about the order in which its bytes lie.
// To begin reading a Blob somewhere costs a browser as much CPU as reading five
// megabytes of it, and to fill fresh memory more than to read: so one stream goes
// on as long as it can, into memory that was used before.

/** Read at a time. */
const BLOCK = 1 << 20
/** Blocks that are passed over to get to one behind them, rather than to begin there. */
const MOST_SKIPPED = 4
/** A stream is as long as what is wanted when it begins; one that goes on where another ended is twice as long as that, up to so many blocks. */
const LONGEST_STREAM = 64

type Block = Uint8Array<ArrayBuffer>
type Stream = { reader: ReadableStreamBYOBReader; next: number; end: number; length: number }

export class ReadAhead {
  /** By their number in the file; those read last come last. */
  private readonly kept = new Map<number, Block>()
  private spare: ArrayBuffer[] = []
  private stream: Stream | null = null
  private turn: Promise<unknown> = Promise.resolve()

  /** Keeps about so many bytes of what it read, for those who come back. */
  constructor(
    private readonly blob: Blob,
    private readonly mostKept: () => number,
    private readonly blockBytes = BLOCK,
  ) {}

  /** A copy of these bytes, fewer at the file's end, one question after the other; in `into`, where they fit. Rejects as the browser does. */
  read(offset: number, length: number, into: ArrayBuffer | null): Promise<Block> {
    const answer = this.turn.then(() => this.readNow(offset, Math.min(offset + length, this.blob.size), into))
    this.turn = answer.catch(() => this.close())
    return answer
  }

  /** Lets all memory go; reading on begins anew. */
  close(): void {
    this.stop()
    this.kept.clear()
    this.spare = []
  }

  private async readNow(offset: number, end: number, into: ArrayBuffer | null): Promise<Block> {
    if (!canReadInto) return new Uint8Array(await this.blob.slice(offset, end).arrayBuffer())
    const length = Math.max(0, end - offset)
    // Fresh memory also fits the next question of about this length.
    const bytes = new Uint8Array(into && into.byteLength >= length ? into : new ArrayBuffer(Math.ceil(length / this.blockBytes) * this.blockBytes), 0, length)
    for (let number = Math.floor(offset / this.blockBytes); number * this.blockBytes < end; number++) {
      const block = await this.block(number, end)
      const from = number * this.blockBytes
      const piece = block.subarray(Math.max(0, offset - from), end - from)
      bytes.set(piece, Math.max(0, from - offset))
    }
    return bytes
  }

  private async block(number: number, wantedEnd: number): Promise<Block> {
    const kept = this.kept.get(number)
    if (kept) return kept
    if (!this.reaches(number)) this.begin(number, wantedEnd)
    for (;;) {
      const stream = this.stream
      if (!stream) throw new Error('the stream was closed')
      const at = stream.next
      const block = await this.nextBlock(stream)
      if (at === number) return block
    }
  }

  /** Whether the stream comes to this block soon. */
  private reaches(number: number): boolean {
    return this.stream !== null && number >= this.stream.next && number <= this.stream.next + MOST_SKIPPED && number < this.stream.end
  }

  private begin(number: number, wantedEnd: number): void {
    const goesOn = this.stream?.next === number
    const length = goesOn ? Math.min(LONGEST_STREAM, (this.stream?.length ?? 0) * 2) : Math.ceil(wantedEnd / this.blockBytes) - number
    this.stop()
    const reader = this.blob.slice(number * this.blockBytes, (number + length) * this.blockBytes).stream().getReader({ mode: 'byob' })
    this.stream = { reader, next: number, end: number + length, length }
  }

  private async nextBlock(stream: Stream): Promise<Block> {
    const number = stream.next
    const wanted = Math.min(this.blockBytes, this.blob.size - number * this.blockBytes)
    let buffer = this.spare.pop() ?? new ArrayBuffer(this.blockBytes)
    for (let got = 0; got < wanted; ) {
      const { value } = await stream.reader.read(new Uint8Array(buffer, got, wanted - got), { min: wanted - got })
      if (!value || value.length === 0) throw new DOMException('The file ends early.', 'NotReadableError')
      buffer = value.buffer
      got += value.length
    }
    stream.next++
    const block = new Uint8Array(buffer, 0, wanted)
    this.keep(number, block)
    return block
  }

  private keep(number: number, block: Block): void {
    this.kept.set(number, block)
    for (const [oldest, { buffer }] of this.kept) {
      // As many as a segment and what it shares with its neighbours lie in.
      if (this.kept.size <= Math.max(4, this.mostKept() / this.blockBytes)) break
      this.kept.delete(oldest)
      this.spare.push(buffer)
    }
  }

  private stop(): void {
    void this.stream?.reader.cancel().catch(() => undefined)
    this.stream = null
  }
}

/** Not in Safari: there each question is one read. */
const canReadInto = typeof ReadableStreamBYOBReader === 'function'
