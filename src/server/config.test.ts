// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { readSettings, type Environment, type ServeFlags } from './config'

const told = (environment: Environment, flags: ServeFlags = {}): string => {
  const settings = readSettings(flags, { HOME: '/home/anna', ...environment }, '/srv')
  return settings.ok ? `${settings.value.host}:${settings.value.port} ${settings.value.store?.name ?? 'no store'}` : settings.error
}

it('options go before the environment, the environment before what is usual', () => {
  expect(told({ XDG_DATA_HOME: '/data' })).toBe('127.0.0.1:4173 folder /data/ptarmigan')
  expect(told({ PORT: '80', HOST: '::', PTARMIGAN_STORE: 'shares' })).toBe('::80 folder /srv/shares'.replace('::80', ':::80'))
  expect(told({ PORT: '80', PTARMIGAN_STORE: 'shares' }, { port: '0', store: 'off' })).toBe('127.0.0.1:0 no store')
})

it('S3 is named by its address and takes its keys from the environment', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'SECRET' }
  expect(told({ ...keys, AWS_REGION: 'eu-west-1' }, { store: 's3://traces/team/a/' })).toBe(
    '127.0.0.1:4173 s3://traces/team/a at s3.eu-west-1.amazonaws.com',
  )
  expect(told({ ...keys, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9000' }, { store: 's3://traces' })).toBe(
    '127.0.0.1:4173 s3://traces/ at 127.0.0.1:9000',
  )
  expect(told({}, { store: 's3://traces' })).toBe('s3://traces needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.')
  expect(told(keys, { store: 's3://T/x' })).toBe('"s3://T/x" names no bucket: write it as s3://bucket/prefix.')
})

it('where traces may be opened from is a list of hosts, and nothing else gets into the policy', () => {
  const from = (text?: string) => {
    const settings = readSettings({ store: 'off' }, text === undefined ? {} : { PTARMIGAN_OPEN_FROM: text })
    return settings.ok ? settings.value.openFrom.join(' ') : settings.error
  }
  expect(from()).toBe('https: http://localhost:* http://127.0.0.1:*')
  expect(from('any')).toBe('https: http://localhost:* http://127.0.0.1:*')
  expect(from('none')).toBe('')
  expect(from('https://traces.example, https://*.ci.example:8443')).toBe('https://traces.example https://*.ci.example:8443')
  for (const bad of ["https://a.example;script-src", "'unsafe-inline'", '*', 'https:', 'https://*'])
    expect(from(bad)).toMatch(/^PTARMIGAN_OPEN_FROM: ".*" is no host: write any, none, or hosts as /)
})

it('sizes, spans and rates are read', () => {
  const settings = readSettings(
    { maxSize: '1.5G', quota: '10G', maxLife: '2w' },
    { PTARMIGAN_RATE_CREATES: 'off', PTARMIGAN_RATE_MISSES: '5/m' },
  )
  expect(
    settings.ok && [
      settings.value.limits.maxBytes,
      settings.value.limits.quotaBytes,
      settings.value.limits.maxLife_s,
      settings.value.rates.creates,
      settings.value.rates.misses,
    ],
  ).toEqual([1_610_612_736, 10_737_418_240, 1_209_600, null, { count: 5, per_ms: 60_000 }])
})

it('what is wrong is named', () => {
  expect(told({ PORT: 'x' })).toBe('"x" is no port: it is a number up to 65535.')
  expect(told({}, { quota: 'much' })).toBe('--quota: "much" is no size: write it as 500M or 2G.')
  expect(told({}, { maxLife: '7' })).toBe('--max-life: "7" is no span of time: write it as 12h or 7d (m, h, d, w).')
  expect(told({ PTARMIGAN_RATE_MISSES: '5' })).toBe('PTARMIGAN_RATE_MISSES: "5" is no rate: write it as 60/m (s, m, h or d), or off.')
  expect(told({ PTARMIGAN_PROXIES: 'proxy' })).toBe('PTARMIGAN_PROXIES: "proxy" is no address or network: write 127.0.0.1 or 10.0.0.0/8.')
  expect(told({ PTARMIGAN_SIGN_IN_HEADER: 'X-Forwarded-User' })).toContain('needs PTARMIGAN_PROXIES')
  expect(told({ PTARMIGAN_METRICS_TOKEN: 'short' })).toBe('PTARMIGAN_METRICS_TOKEN: a token is 16 to 128 letters, digits, - and _.')
})
