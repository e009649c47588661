// SPDX-License-Identifier: Apache-2.0
// A whole bundle in a link's fragment: #bundle=1.BASE64URL, the bundle deflated
// as one. For very small ones only: nothing is stored anywhere, whoever has the
// link has the trace, and it opens without any server's help.
import { fail, ok, type Result } from '../lib/result'
import { inflate } from './container'
import { fromBase64Url, toBase64Url } from './crypto'
import { bytesOfAll, lengthOfAll, type Piece } from './pieces'

/** Longer links break where people paste them; browsers alone would take two million. */
export const MOST_LINK_LETTERS = 32_000
/** Of the bundle once inflated: more is a bomb, not a small trace. */
const MOST_BYTES = 8 << 20
const FORMAT = '1'

const damaged = 'The bundle in this link is damaged: the link was cut or changed on its way. Copy the whole link.'

async function deflateAll(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer())
}

/** Deflate makes a byte out of a thousand at most, and four letters hold three. */
const MOST_SOURCE_BYTES = 4 << 20

/** What stands behind "bundle=": the bundle's size and all of it; or why not. `pieces`: a bundle packed without compression. */
export async function bundleValue(pieces: readonly Piece[]): Promise<Result<string, string>> {
  const total = lengthOfAll(pieces)
  if (total > MOST_SOURCE_BYTES) return fail(tooLong(null))
  const bytes = await bytesOfAll(pieces)
  const value = `${FORMAT}.${bytes.length}.${toBase64Url(await deflateAll(bytes))}`
  return value.length <= MOST_LINK_LETTERS ? ok(value) : fail(tooLong(value.length))
}

const count = (letters: number): string => letters.toLocaleString('en')

const tooLong = (letters: number | null): string =>
  `The bundle does not fit in a link: it would take ${letters === null ? 'far more than' : `${count(letters)} letters, of at most`} ${count(MOST_LINK_LETTERS)}. Select a shorter range, or leave more out.`

/** The bundle in a link's value. */
export async function parseBundleValue(value: string): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  const match = /^(\d{1,4})\.(\d{1,9})\.([\w-]*)$/.exec(value)
  if (!match) return fail(damaged)
  const [, format, sizeText, text = ''] = match
  if (Number(format) > Number(FORMAT)) return fail('The bundle in this link was made by a newer Ptarmigan: reload the page, or update.')
  const size = Number(sizeText)
  const packed = fromBase64Url(text)
  if (!packed || size > MOST_BYTES) return fail(damaged)
  const bytes = await inflate(packed, size)
  return bytes ? ok(bytes) : fail(damaged)
}
