// SPDX-License-Identifier: Apache-2.0
// How often something may happen: one bucket of tokens for everybody, or one
// for each address. Held in memory, so each server process counts for itself.
import { isIPv6 } from 'node:net'
import { fail, ok, type Result } from '../lib/result'

/** `count` at once, then `count` in every `per_ms`. */
export type Rate = { count: number; per_ms: number }

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 }

/** "200/s", "60/h"; "off" is no limit. */
export function parseRate(text: string): Result<Rate | null, string> {
  if (text === 'off') return ok(null)
  const [, count, unit] = /^(\d{1,9})\/([smhd])$/.exec(text) ?? []
  const per_ms = unit === undefined ? undefined : units[unit]
  if (per_ms === undefined || Number(count) < 1) return fail(`"${text}" is no rate: write it as 60/m (s, m, h or d), or off.`)
  return ok({ count: Number(count), per_ms })
}

const MOST_ADDRESSES = 20_000

type Bucket = { tokens: number; at_ms: number }

export class Limiter {
  private readonly buckets = new Map<string, Bucket>()

  constructor(
    private readonly rate: Rate | null,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes one; 0 when there was one, else seconds until there is. */
  take(who: string): number {
    const { rate } = this
    if (!rate) return 0
    const bucket = this.refilled(who, rate)
    if (bucket.tokens >= 1) {
      bucket.tokens--
      return 0
    }
    return Math.ceil(((1 - bucket.tokens) * rate.per_ms) / rate.count / 1000)
  }

  /** As `take`, without taking. */
  wait(who: string): number {
    const { rate } = this
    if (!rate) return 0
    const { tokens } = this.refilled(who, rate)
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * rate.per_ms) / rate.count / 1000)
  }

  private refilled(who: string, rate: Rate): Bucket {
    const now = this.now()
    const known = this.buckets.get(who) ?? { tokens: rate.count, at_ms: now }
    known.tokens = Math.min(rate.count, known.tokens + ((now - known.at_ms) * rate.count) / rate.per_ms)
    known.at_ms = now
    this.buckets.delete(who)
    this.buckets.set(who, known)
    // The one seen longest ago is the fullest.
    if (this.buckets.size > MOST_ADDRESSES)
      for (const oldest of this.buckets.keys()) {
        this.buckets.delete(oldest)
        break
      }
    return known
  }
}

/** Whom an address stands for: IPv6 customers have a /64 each, IPv4 in IPv6 is IPv4. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const middle = address.includes('::') ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0') : []
  return [...left, ...middle, ...right]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')
}
