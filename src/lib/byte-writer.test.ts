// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { ByteWriter } from './byte-writer'

const written = (write: (out: ByteWriter) => void): string => {
  const out = new ByteWriter(256)
  write(out)
  return new TextDecoder().decode(out.take())
}

describe('ByteWriter', () => {
  it('pads whole numbers like printf', () => {
    expect(written((out) => out.decimal(42, 5))).toBe('   42')
    expect(written((out) => out.zeros(7, 3))).toBe('007')
    expect(written((out) => out.zeros(-1, 3))).toBe('-01')
    expect(written((out) => out.decimal(-1, 5))).toBe('   -1')
    expect(written((out) => out.decimal(0))).toBe('0')
    expect(written((out) => out.decimal(9007199254740991))).toBe('9007199254740991')
    expect(written((out) => out.decimal(2147483647))).toBe('2147483647')
    expect(written((out) => out.decimal(2147483648))).toBe('2147483648')
    expect(written((out) => out.decimal(123456, 3))).toBe('123456')
  })

  it('prints both halves of a 64-bit number in hex', () => {
    expect(written((out) => out.hex(0xf7fe4b70, 0x7fff, 16))).toBe('    7ffff7fe4b70')
    expect(written((out) => out.hex(0, 0, 16))).toBe('               0')
    expect(written((out) => out.hex(0x10, 0xffffffff))).toBe('ffffffff00000010')
    expect(written((out) => out.hex(0x40153b, 0))).toBe('40153b')
    for (const value of [1, 15, 16, 255, 256, 0xffffff, 0x1000000, 0x80000000, 0xffffffff]) {
      expect(written((out) => out.hex(value, 0))).toBe(value.toString(16))
    }
  })

  it('grows when it is full and starts anew after take', () => {
    const out = new ByteWriter(4)
    out.text('hello, world')
    expect(new TextDecoder().decode(out.take())).toBe('hello, world')
    out.text('again')
    expect(new TextDecoder().decode(out.take())).toBe('again')
  })
})
