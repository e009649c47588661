// SPDX-License-Identifier: Apache-2.0
// A trace without the packets of threads that were not asked for: the decoder says
// which bytes are theirs and what stands there instead (wasm/src/api/cut_blank.c).
import { fail, ok, type Result } from '../lib/result'
import type { Ask } from './make-bundle'
import type { ByteSource } from './pieces'

type Blank = { offset: number; size: number; bytes: Uint8Array<ArrayBuffer> }

export class Blanked implements ByteSource {
  readonly size: number
  /** `blanks` in ascending order, none over another. */
  constructor(
    private readonly source: ByteSource,
    private readonly blanks: readonly Blank[],
  ) {
    this.size = source.size
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = (await this.source.read(offset, length)).slice()
    const end = offset + bytes.length
    for (let row = this.firstBehind(offset); row < this.blanks.length; row++) {
      const blank = this.blanks[row]
      if (!blank || blank.offset >= end) break
      const from = Math.max(offset, blank.offset)
      const to = Math.min(end, blank.offset + blank.size)
      bytes.fill(0, from - offset, to - offset)
      bytes.set(blank.bytes.subarray(Math.min(blank.bytes.length, from - blank.offset), Math.min(blank.bytes.length, to - blank.offset)), from - offset)
    }
    return bytes
  }

  /** Row of the first blank that ends behind `offset`. */
  private firstBehind(offset: number): number {
    let low = 0
    let high = this.blanks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const blank = this.blanks[middle]
      if (blank && blank.offset + blank.size <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

const PAGE_ROWS = 1 << 14

/** The trace with what is not of the requested threads written over. */
export async function withoutOthers(source: ByteSource, ask: Ask, request: Parameters<Ask>[1]): Promise<Result<ByteSource, string>> {
  const blanks: Blank[] = []
  for (;;) {
    const answer = await ask('cut_blanks', { ...request, first: blanks.length, count: PAGE_ROWS })
    if (!answer.ok) return fail(answer.error.sentence)
    const { rows, file_offset, size, bytes } = answer.value
    for (let row = 0; row < rows; row++)
      blanks.push({ offset: file_offset[row] ?? 0, size: size[row] ?? 0, bytes: bytes.pool.slice(bytes.offsets[row], bytes.offsets[row + 1]) })
    if (rows < PAGE_ROWS) return ok(blanks.length > 0 ? new Blanked(source, blanks.toSorted((a, b) => a.offset - b.offset)) : source)
  }
}
