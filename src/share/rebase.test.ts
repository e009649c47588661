// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { NewAddresses, type MapAt } from './rebase'

const code = (address: bigint, length: number): MapAt => ({ address, length, isCode: true })

function moves(maps: readonly MapAt[], addresses: readonly bigint[]): string[] {
  const made = NewAddresses.of(maps)
  if (!made.ok) return [made.error]
  return addresses.map((address) => `${address.toString(16)} ${made.value.moved(address)?.toString(16) ?? 'none'}`)
}

it('lays what is mapped out anew, and moves what is near together', () => {
  const libc = 0x7f3a_9c21_d000n
  const program = 0x55e1_40b7_2000n
  expect(moves([code(libc, 0x150000), code(libc + 0x40_0000n, 0x2000), code(program, 0x3000)], [libc, libc + 0x1234n, libc + 0x40_0010n, program, program + 0x2fffn])).toEqual([
    '7f3a9c21d000 7f010001d000',
    '7f3a9c21e234 7f010001e234',
    '7f3a9c61d010 7f010041d010',
    '55e140b72000 550000012000',
    '55e140b74fff 550000014fff',
  ])
})

it('leaves what is always at the same place', () => {
  expect(moves([code(0x401000n, 0x2000), code(0xffff_ffff_ff60_0000n, 0x1000)], [0n, 0x401000n, 0xffff_ffff_ff60_0000n])).toEqual([
    '0 0',
    '401000 401000',
    'ffffffffff600000 ffffffffff600000',
  ])
})

it('gives addresses of nothing a place of their own, the same each time', () => {
  expect(moves([code(0x7f3a_9c21_d000n, 0x1000)], [0x7f3a_0000_1234n, 0x7f3a_0000_1235n, 0x7f3a_0001_0000n, 0x1234_5678_9abcn, 0xffff_8123_4567_89abn])).toEqual([
    '7f3a00001234 7f00ffff1234',
    '7f3a00001235 7f00ffff1235',
    '7f3a00010000 7f00fffe0000',
    '123456789abc 6000ffff9abc',
    'ffff8123456789ab ffff9001ffff89ab',
  ])
})

it('two addresses never become one, and what shares its upper half goes on sharing it', () => {
  const maps = Array.from({ length: 40 }, (_, row) => code(0x7f00_0000_0000n + BigInt(row) * 0x1357_9000n, 0x12_3000))
  const made = NewAddresses.of(maps)
  if (!made.ok) throw new Error(made.error)
  const seen = new Set<bigint>()
  const halves = new Map<bigint, Set<bigint>>()
  let low = 0
  for (let granule = 0n; granule < 0x4000n; granule++) {
    const address = 0x7f00_0000_0000n + granule * 0x20_0000n
    const moved = made.value.moved(address)
    if (moved === null) throw new Error('no place')
    seen.add(moved)
    halves.set(address >> 32n, (halves.get(address >> 32n) ?? new Set()).add(moved >> 32n))
    if ((moved & 0xffffn) === (address & 0xffffn)) low++
  }
  expect({ seen: seen.size, low, halves: [...halves.values()].map(({ size }) => size) }).toEqual({ seen: 0x4000, low: 0x4000, halves: [1, 1, 1, 1, 1, 1, 1, 1] })
})

it('refuses code across a border of 4 GiB', () => {
  expect(moves([code(0x7f3a_ffff_f000n, 0x4000)], [])).toEqual([
    'Addresses cannot be replaced: code is mapped across a border of 4 GiB, where it cannot be moved without changing the size of packets. Record again: the system places it elsewhere each time.',
  ])
})
