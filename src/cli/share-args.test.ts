// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseShareCommand } from './share-args'

const parse = (name: 'serve' | 'share' | 'unshare' | 'open', line: string) => {
  const parsed = parseShareCommand(name, line.split(' ').filter(Boolean))
  return parsed.ok ? parsed.value : parsed.error
}

describe('the commands of the share server', () => {
  it('take what they need', () => {
    expect(parse('serve', '--port 80 --store s3://a/b')).toEqual({ name: 'serve', flags: { port: '80', store: 's3://a/b' } })
    expect(parse('share', 'a.data --server https://t.example/x --expires 12h --name N --json')).toEqual({
      name: 'share',
      options: { file: 'a.data', server: 'https://t.example/x/', lives_s: 43_200, name: 'N', note: '', json: true },
    })
    expect(parse('unshare', 'L T')).toEqual({ name: 'unshare', link: 'L', token: 'T' })
    expect(parse('open', 'L --out o')).toEqual({ name: 'open', options: { link: 'L', out: 'o', infoOnly: false, json: false } })
    expect(parse('open', '--help')).toEqual({ name: 'share-help' })
  })

  it('say what is missing or wrong', () => {
    expect(parse('share', '')).toBe('share FILE: 0 were given where 1 is needed.')
    expect(parse('unshare', 'L')).toBe('unshare LINK TOKEN: 1 were given where 2 are needed.')
    expect(parse('share', 'a --server t.example')).toBe('--server t.example: an address begins with https://.')
    expect(parse('share', 'a --expires soon')).toBe('--expires: "soon" is no span of time: write it as 12h or 7d (m, h, d, w).')
    expect(parse('serve', '--prot 1')).toContain("Unknown option '--prot'")
  })
})
