// SPDX-License-Identifier: Apache-2.0
// The secrets of a share, by WebCrypto (a browser's or Node's). The secret is
// 256 random bits and only ever stands in the link's fragment; the keys come
// from it by HKDF, so that no key is used for two things:
//
//   secret ── "data"  ─> AES-256 key + nonce prefix: the sealed object (lib/sealed.ts)
//          └─ "label" ─> AES-256 key + nonce prefix: name and note, sealed like one chunk
//
// The owner's token is random, too; the server keeps only its SHA-256.
import { chunkContext, chunkNonce, KEY_BYTES, PREFIX_BYTES, type SealedKeys } from '../lib/sealed'
import { openChunk } from '../lib/remote-file'

export const SECRET_BYTES = 32

export type ShareKeys = { data: SealedKeys; label: SealedKeys }

/** What the sharer says about a share; sealed, so that only readers see it. `file` is the file's own name. */
export type ShareLabel = { name: string; note: string; file: string }

export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]*$/.test(text)) return null
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
  } catch {
    return null
  }
}

export const randomSecret = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(SECRET_BYTES))
/** A new owner's token: 43 letters of base64url. */
export const randomToken = (): string => toBase64Url(randomSecret())

export async function hashToken(token: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))))
}

export async function deriveKeys(secret: Uint8Array<ArrayBuffer>): Promise<ShareKeys> {
  const root = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const derive = async (use: string): Promise<SealedKeys> => {
    const info = new TextEncoder().encode(`ptarmigan share 1 ${use}`)
    const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
    const bits = new Uint8Array(await crypto.subtle.deriveBits(how, root, 8 * (KEY_BYTES + PREFIX_BYTES)))
    return { key: bits.slice(0, KEY_BYTES), prefix: bits.slice(KEY_BYTES) }
  }
  return { data: await derive('data'), label: await derive('label') }
}

/** Seals chunks of one plaintext of `total` bytes. */
export class Sealer {
  private key: Promise<CryptoKey> | null = null

  constructor(
    private readonly keys: SealedKeys,
    private readonly total: number,
  ) {}

  async seal(index: number, plain: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    this.key ??= crypto.subtle.importKey('raw', this.keys.key, 'AES-GCM', false, ['encrypt'])
    const how = { name: 'AES-GCM', iv: chunkNonce(this.keys.prefix, index), additionalData: chunkContext(index, this.total) }
    return new Uint8Array(await crypto.subtle.encrypt(how, await this.key, plain))
  }
}

/** Labels are filled up to a multiple of this, so that their length tells little. */
const LABEL_STEP = 256
const MOST_LABEL_BYTES = 5 << 10

/** The label in base64url; null when it is longer than a label may be. */
export async function sealLabel(keys: SealedKeys, label: ShareLabel): Promise<string | null> {
  const text = new TextEncoder().encode(JSON.stringify(label))
  if (text.length > MOST_LABEL_BYTES) return null
  const filled = new Uint8Array(Math.ceil(text.length / LABEL_STEP) * LABEL_STEP).fill(0x20)
  filled.set(text)
  return toBase64Url(await new Sealer(keys, filled.length).seal(0, filled))
}

/** null: the keys are not this label's. */
export async function openLabel(keys: SealedKeys, sealed: string): Promise<ShareLabel | null> {
  const bytes = fromBase64Url(sealed)
  const plain = bytes && bytes.length > 16 ? await openChunk(keys, 0, bytes.length - 16, bytes) : null
  if (!plain) return null
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(plain))
    if (typeof value !== 'object' || value === null) return null
    const { name, note, file } = value as Record<string, unknown>
    return { name: textOf(name), note: textOf(note), file: textOf(file) || 'shared trace' }
  } catch {
    return null
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
