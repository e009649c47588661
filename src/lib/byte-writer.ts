// SPDX-License-Identifier: Apache-2.0
// Writes text as bytes into one growing buffer, without a string per piece:
// for output of millions of lines. Numbers come as 32-bit halves, because
// making a BigInt for each is slower than printing it.

const SPACE = 0x20
const ZERO = 0x30
const encoder = new TextEncoder()

export class ByteWriter {
  length = 0
  private bytes: Uint8Array<ArrayBuffer>
  private readonly digits = new Uint8Array(20)

  constructor(capacity = 1 << 16) {
    this.bytes = new Uint8Array(capacity)
  }

  /** The bytes written so far, handed over: the writer starts anew with a buffer of the same size. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.subarray(0, this.length)
    this.bytes = new Uint8Array(this.bytes.length)
    this.length = 0
    return taken
  }

  /** Makes room for `more` bytes; the other verbs but `text` and `copy` count on it. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  text(text: string): void {
    this.copy(encoder.encode(text), 0, -1)
  }

  /** Bytes from[start .. end); end -1: all. */
  copy(from: Uint8Array, start: number, end: number): void {
    const stop = end < 0 ? from.length : end
    this.reserve(stop - start)
    const { bytes } = this
    let at = this.length
    for (let index = start; index < stop; index++) bytes[at++] = from[index] ?? 0
    this.length = at
  }

  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  spaces(count: number): void {
    for (let left = count; left > 0; left--) this.bytes[this.length++] = SPACE
  }

  /** A whole number below 2^53, padded on the left to `width`. */
  decimal(value: number, width = 0, pad = SPACE): void {
    const { digits } = this
    const negative = value < 0
    let rest = negative ? -value : value
    let count = 0
    // 32-bit arithmetic is several times faster, and nearly all values fit.
    while (rest > 0x7fffffff) {
      const next = Math.floor(rest / 10)
      digits[count++] = rest - next * 10
      rest = next
    }
    rest |= 0
    do {
      const next = (rest / 10) | 0
      digits[count++] = rest - next * 10
      rest = next
    } while (rest > 0)
    if (negative && pad === ZERO) this.byte(0x2d)
    for (let left = width - count - (negative ? 1 : 0); left > 0; left--) this.byte(pad)
    if (negative && pad !== ZERO) this.byte(0x2d)
    while (count > 0) this.byte(ZERO + (digits[--count] ?? 0))
  }

  zeros(value: number, width: number): void {
    this.decimal(value, width, ZERO)
  }

  /** A 64-bit number in hex without 0x, padded on the left with spaces to `width`. */
  hex(low: number, high: number, width = 0): void {
    const count = high !== 0 ? 8 + hexDigits(high) : hexDigits(low)
    this.spaces(width - count)
    for (let digit = count - 1; digit >= 0; digit--) {
      const half = digit >= 8 ? high : low
      this.byte(hexDigit((half >>> ((digit & 7) * 4)) & 15))
    }
  }

  hexByte(value: number): void {
    this.byte(hexDigit((value >>> 4) & 15))
    this.byte(hexDigit(value & 15))
  }
}

const hexDigit = (value: number): number => (value < 10 ? ZERO + value : 0x57 + value)

const hexDigits = (half: number): number => Math.max(1, (35 - Math.clz32(half)) >>> 2)
