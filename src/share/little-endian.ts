// SPDX-License-Identifier: Apache-2.0
// Writes little-endian numbers and texts into a growing buffer.
export class Writer {
  private bytes: Uint8Array<ArrayBuffer>
  private view: DataView<ArrayBuffer>
  length = 0

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  private room(more: number): number {
    const at = this.length
    if (at + more > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, at + more))
      grown.set(this.bytes.subarray(0, at))
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    this.length = at + more
    return at
  }

  u8(value: number): this {
    const at = this.room(1)
    this.view.setUint8(at, value)
    return this
  }
  u16(value: number): this {
    const at = this.room(2)
    this.view.setUint16(at, value, true)
    return this
  }
  u32(value: number): this {
    const at = this.room(4)
    this.view.setUint32(at, value, true)
    return this
  }
  i32(value: number): this {
    const at = this.room(4)
    this.view.setInt32(at, value, true)
    return this
  }
  u64(value: bigint | number): this {
    const at = this.room(8)
    this.view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true)
    return this
  }
  put(bytes: Uint8Array): this {
    const at = this.room(bytes.length)
    this.bytes.set(bytes, at)
    return this
  }
  zeros(count: number): this {
    const at = this.room(count)
    this.bytes.fill(0, at, at + count)
    return this
  }
  /** Zeros up to a multiple of `to`. */
  align(to: number): this {
    return this.zeros((to - (this.length % to)) % to)
  }
  /** UTF-8 with a NUL behind it. */
  text(text: string): this {
    return this.put(new TextEncoder().encode(text)).u8(0)
  }

  patch64(at: number, value: bigint | number): void {
    this.view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true)
  }

  /** A copy of what was written. */
  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length)
  }
}

export const viewOf = (bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Bytes of hex digits; what is no digit counts as 0. */
export function bytesOfHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length >> 1)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)
  return bytes
}
