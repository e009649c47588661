// SPDX-License-Identifier: Apache-2.0
// The link of a share: https://server/path/#share=ID.SECRET. Browsers never
// send what follows the #, so the server that keeps the bytes cannot read them.
import { fail, ok, type Result } from '../lib/result'
import { fromBase64Url, SECRET_BYTES, toBase64Url } from './crypto'
import { ID_PATTERN } from './wire'

/** `server` ends in a slash. */
export type ShareLink = { server: string; id: string; secret: Uint8Array<ArrayBuffer> }

const SECRET_LETTERS = 43

/** What stands behind "share=" in a link. */
export const shareValue = ({ id, secret }: Pick<ShareLink, 'id' | 'secret'>): string => `${id}.${toBase64Url(secret)}`

export const formatLink = (link: ShareLink): string => `${link.server}#share=${shareValue(link)}`

export function parseShareValue(value: string): Result<{ id: string; secret: Uint8Array<ArrayBuffer> }, string> {
  const dot = value.indexOf('.')
  const id = dot < 0 ? value : value.slice(0, dot)
  const key = dot < 0 ? '' : value.slice(dot + 1)
  if (!ID_PATTERN.test(id)) return fail('This link names no share: it was cut or changed on its way. Copy the whole link.')
  if (key === '') return fail('This link has no key (the part after the dot): without it nobody can read the share. Copy the whole link.')
  const secret = key.length === SECRET_LETTERS ? fromBase64Url(key) : null
  if (secret?.length !== SECRET_BYTES)
    return fail(
      `The key in this link has ${key.length} of ${SECRET_LETTERS} letters, or wrong ones: the link was cut or changed on its way. Copy the whole link.`,
    )
  return ok({ id, secret })
}

/** A whole link, as it was copied. */
export function parseLink(text: string): Result<ShareLink, string> {
  let url: URL
  try {
    url = new URL(text.trim())
  } catch {
    return fail('That is no link: it should begin with https:// and have #share= in it.')
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return fail('That is no link: it should begin with https://.')
  const value = new URLSearchParams(url.hash.slice(1)).get('share')
  if (value === null) return fail('That link shares nothing: it has no #share= in it.')
  const parsed = parseShareValue(value)
  if (!parsed.ok) return parsed
  return ok({ server: new URL('.', url.origin + url.pathname).href, ...parsed.value })
}
