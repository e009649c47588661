// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { listTar } from './tar'

type Member = { name: string; body?: string; kind?: string; link?: string; ustar?: boolean; prefix?: string }

function tarOf(members: readonly Member[]): Buffer {
  const blocks: Buffer[] = []
  for (const { name, body = '', kind = '0', link = '', ustar = true, prefix = '' } of members) {
    const header = Buffer.alloc(512)
    header.write(name, 0, 100)
    header.write('0000644\0', 100)
    header.write(body.length.toString(8).padStart(11, '0'), 124)
    header.write('        ', 148)
    header.write(kind, 156)
    header.write(link, 157, 100)
    if (ustar) header.write('ustar\x0000', 257, 'latin1')
    header.write(prefix, 345, 155)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    blocks.push(header, Buffer.from(body), Buffer.alloc(-body.length & 511))
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

async function list(tar: Buffer): Promise<string[]> {
  const { entries, damage } = await listTar(async (offset, length) => tar.subarray(offset, offset + length), tar.length)
  return [
    ...entries.map(({ path, offset, size }) => `${path}: ${tar.toString('latin1', offset, offset + size)}`),
    ...(damage ? [damage] : []),
  ]
}

describe('listTar', () => {
  it('lists files, with the prefix of ustar and without folders', async () => {
    expect(
      await list(
        tarOf([
          { name: 'd/', kind: '5' },
          { name: './d/a', body: 'one' },
          { name: 'b', prefix: 'x/y', body: '' },
        ]),
      ),
    ).toEqual(['d/a: one', 'x/y/b: '])
  })
  it('reads long names of GNU and pax, and pax sizes', async () => {
    const long = `${'long/'.repeat(30)}name`
    const pax = `${10 + long.length} path=${long}\n`
    expect(
      await list(
        tarOf([
          { name: '././@LongLink', kind: 'L', body: `${long}\0` },
          { name: 'cut', body: 'gnu' },
          { name: 'PaxHeader', kind: 'x', body: pax },
          { name: 'cut', body: 'pax' },
          { name: 'short', body: 'own' },
        ]),
      ),
    ).toEqual([`${long}: gnu`, `${long}: pax`, 'short: own'])
  })
  it('follows links to files, as perf archive packs them, but not in circles', async () => {
    const elf = 'usr/bin/app/0123456789012345678901234567890123456789/elf'
    expect(
      await list(
        tarOf([
          { name: '.build-id/01/23', kind: '2', link: `../../${elf}` },
          { name: elf, body: 'code' },
          { name: 'hard', kind: '1', link: elf },
          { name: 'a', kind: '2', link: 'b' },
          { name: 'b', kind: '2', link: 'a' },
          { name: 'outside', kind: '2', link: '../../../etc/passwd' },
        ]),
      ),
    ).toEqual([`${elf}: code`, '.build-id/01/23: code', 'hard: code'])
  })
  it('tells where it is damaged or cut, and keeps what came before', async () => {
    const tar = tarOf([
      { name: 'a', body: 'one' },
      { name: 'b', body: 'two' },
    ])
    expect(await list(tar.subarray(0, 1024 + 512 + 2))).toEqual(['a: one', 'b: tw', 'the archive ends early, inside b'])
    tar[1024] = 0x21
    expect(await list(tar)).toEqual(['a: one', 'the archive is damaged at byte 1024'])
  })
})
