// SPDX-License-Identifier: Apache-2.0
// Who asks: the address behind known proxies, and the name a sign-in proxy
// (OIDC) vouches for. Headers that anybody can send count only when they come
// from an address that was named as a proxy.
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { fail, ok, type Result } from '../lib/result'
import { addressKey } from './limits'

export type SignIn = {
  /** Lower case: x-forwarded-user. */
  header: string
  /** "anna", "*@example.com", "*". */
  allow: readonly string[]
  /** Only sharing and deleting need a name, or reading and the page too. */
  needed: 'everything' | 'upload'
}

export type ProxyTrust = { proxies: BlockList; any: boolean }

export const noProxies: ProxyTrust = { proxies: new BlockList(), any: false }

/** "127.0.0.1, 10.0.0.0/8, ::1" */
export function parseProxies(text: string): Result<ProxyTrust, string> {
  const proxies = new BlockList()
  let any = false
  for (const word of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const [address = '', prefix] = word.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix)
    if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > (family === 6 ? 128 : 32))
      return fail(`"${word}" is no address or network: write 127.0.0.1 or 10.0.0.0/8.`)
    proxies.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4')
    any = true
  }
  return ok({ proxies, any })
}

const isProxy = (trust: ProxyTrust, address: string): boolean => {
  const plain = addressOf(address)
  return trust.any && isIP(plain) !== 0 && trust.proxies.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
}

const addressOf = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address

const one = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(',') : (value ?? ''))

/** The nearest address that is not one of the named proxies. */
export function clientAddress(request: IncomingMessage, trust: ProxyTrust): string {
  let address = request.socket.remoteAddress ?? ''
  const chain = one(request.headers['x-forwarded-for'])
    .split(',')
    .map((part) => part.trim())
    .filter((part) => isIP(part) !== 0)
  while (isProxy(trust, address)) {
    const next = chain.pop()
    if (next === undefined) break
    address = next
  }
  return addressKey(addressOf(address))
}

/** On this machine, and not a proxy speaking for somebody else. */
export function isLocal(request: IncomingMessage): boolean {
  const address = addressOf(request.socket.remoteAddress ?? '')
  return (
    (address === '::1' || address.startsWith('127.')) &&
    request.headers['x-forwarded-for'] === undefined &&
    request.headers['forwarded'] === undefined
  )
}

function matches(pattern: string, user: string): boolean {
  const [known, name] = [pattern.toLowerCase(), user.toLowerCase()]
  return known.startsWith('*') ? name.endsWith(known.slice(1)) && name.length >= known.length - 1 : known === name
}

/** The signed-in name; null when there is none that may come in. */
export function signedIn(request: IncomingMessage, signIn: SignIn, trust: ProxyTrust): string | null {
  if (!isProxy(trust, request.socket.remoteAddress ?? '')) return null
  const user = one(request.headers[signIn.header]).trim()
  if (user === '' || user.includes(',')) return null
  return signIn.allow.some((pattern) => matches(pattern, user)) ? user : null
}
