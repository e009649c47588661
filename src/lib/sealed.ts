// SPDX-License-Identifier: Apache-2.0
// A sealed object: bytes encrypted in chunks, each on its own, so that any
// range can be read alone. Where each byte lies, and what each chunk is bound
// to. Encrypts nothing itself.
//
//   plaintext   | chunk 0: 1 MiB | chunk 1: 1 MiB | … | last: the rest |
//   sealed      | chunk 0 | tag  | chunk 1 | tag  | … | last    | tag  |
//
// AES-256-GCM; nonce = 8 bytes of prefix, chunk index as 4 bytes, big-endian.
// Additional data = format name, index, count and plaintext size: a chunk that
// was moved, or an object that was cut or lengthened, does not open. A key and
// prefix seal one plaintext, ever. An empty plaintext is one empty chunk.

export const CHUNK_BYTES = 1 << 20
export const TAG_BYTES = 16
export const KEY_BYTES = 32
export const PREFIX_BYTES = 8
export const SEALED_FORMAT = 1

/** What opens a sealed object: KEY_BYTES and PREFIX_BYTES. */
export type SealedKeys = { key: Uint8Array<ArrayBuffer>; prefix: Uint8Array<ArrayBuffer> }

export const chunkCount = (plainBytes: number): number => Math.max(1, Math.ceil(plainBytes / CHUNK_BYTES))

export const sealedBytes = (plainBytes: number): number => plainBytes + TAG_BYTES * chunkCount(plainBytes)

/** The plaintext's size; null when no plaintext seals to that many bytes. */
export function plainBytes(sealed: number): number | null {
  const plain = sealed - TAG_BYTES * Math.max(1, Math.ceil(sealed / (CHUNK_BYTES + TAG_BYTES)))
  return plain >= 0 && sealedBytes(plain) === sealed ? plain : null
}

/** Plaintext range of chunk `index`; end exclusive. */
export function plainRange(index: number, plain: number): { start: number; end: number } {
  return { start: index * CHUNK_BYTES, end: Math.min(plain, (index + 1) * CHUNK_BYTES) }
}

/** Sealed range of chunk `index`; end exclusive. */
export function sealedRange(index: number, plain: number): { start: number; end: number } {
  const { start, end } = plainRange(index, plain)
  return { start: start + index * TAG_BYTES, end: end + (index + 1) * TAG_BYTES }
}

export function chunkNonce(prefix: Uint8Array, index: number): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(PREFIX_BYTES + 4)
  nonce.set(prefix)
  new DataView(nonce.buffer).setUint32(PREFIX_BYTES, index)
  return nonce
}

export function chunkContext(index: number, plain: number): Uint8Array<ArrayBuffer> {
  const context = new Uint8Array(24)
  context.set(new TextEncoder().encode(`ptarmig${SEALED_FORMAT}`))
  const view = new DataView(context.buffer)
  view.setUint32(8, index)
  view.setUint32(12, chunkCount(plain))
  view.setBigUint64(16, BigInt(plain))
  return context
}
