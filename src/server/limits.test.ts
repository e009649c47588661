// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseProxies } from './clients'
import { parseRange } from './http'
import { addressKey, Limiter, parseRate } from './limits'
import { parseRecord } from './store'

describe('a limiter', () => {
  it('gives back what time gives back', () => {
    let now = 0
    const limiter = new Limiter({ count: 2, per_ms: 10_000 }, () => now)
    expect([limiter.take('a'), limiter.take('a'), limiter.take('a'), limiter.take('b')]).toEqual([0, 0, 5, 0])
    now = 5000
    expect([limiter.wait('a'), limiter.take('a'), limiter.take('a')]).toEqual([0, 0, 5])
  })
  it('forgets addresses that it has not seen for long, not all', () => {
    const limiter = new Limiter({ count: 1, per_ms: 1e12 }, () => 0)
    for (let address = 0; address < 20_001; address++) limiter.take(String(address))
    expect([limiter.wait('0'), limiter.wait('20000')]).toEqual([0, 1e9])
  })
  it('off never says no', () => {
    const limiter = new Limiter(null)
    expect(Array.from({ length: 100 }, () => limiter.take('a')).every((wait) => wait === 0)).toBe(true)
  })
})

it('rates are written as people say them', () => {
  expect(['60/m', '5/s', 'off', '1/d'].map(parseRate)).toEqual([
    { ok: true, value: { count: 60, per_ms: 60_000 } },
    { ok: true, value: { count: 5, per_ms: 1000 } },
    { ok: true, value: null },
    { ok: true, value: { count: 1, per_ms: 86_400_000 } },
  ])
  expect(parseRate('fast')).toEqual({ ok: false, error: '"fast" is no rate: write it as 60/m (s, m, h or d), or off.' })
})

it('an IPv6 customer is one address', () => {
  expect(['2001:db8:1:2:3:4:5:6', '2001:0db8:1:2::9', '::1', '::ffff:10.1.2.3', '10.1.2.3', 'fe80::1%eth0'].map(addressKey)).toEqual([
    '2001:db8:1:2',
    '2001:db8:1:2',
    '0:0:0:0',
    '10.1.2.3',
    '10.1.2.3',
    'fe80:0:0:0',
  ])
})

it('proxies are addresses or networks', () => {
  expect(parseProxies('10.0.0.0/8, ::1').ok).toBe(true)
  expect(parseProxies('proxy.example')).toEqual({
    ok: false,
    error: '"proxy.example" is no address or network: write 127.0.0.1 or 10.0.0.0/8.',
  })
  expect(parseProxies('10.0.0.0/33').ok).toBe(false)
})

it('ranges of 100 bytes', () => {
  expect(
    ['bytes=0-', 'bytes=99-99', 'bytes=100-', 'bytes=-200', 'bytes=-', 'lines=1-2', 'bytes=1-2, 4-5'].map((text) => parseRange(text, 100)),
  ).toEqual([{ start: 0, end: 100 }, { start: 99, end: 100 }, 'bad', { start: 0, end: 100 }, 'bad', 'bad', null])
  expect(parseRange('bytes=0-0', 0)).toBe('bad')
})

it('a damaged record is none', () => {
  const good = {
    version: 1,
    state: 'ready',
    format: 1,
    bytes: 5,
    partBytes: 5,
    created_ms: 1,
    expires_ms: 2,
    label: 'a',
    owner: 'b',
    upload: '',
  }
  expect(parseRecord(JSON.stringify(good))).toEqual(good)
  for (const wrong of [
    '',
    '{',
    '[]',
    'null',
    '{"version":2}',
    JSON.stringify({ ...good, bytes: '5' }),
    JSON.stringify({ ...good, partBytes: 0 }),
    JSON.stringify({ ...good, owner: undefined }),
    '{"version":1,"state":"deleted"}',
  ])
    expect(parseRecord(wrong)).toBeNull()
})
