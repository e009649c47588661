// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { familyOf, largestQueue, packetLine, packetTimeText, parsePacketJump, spacedHex } from './layout'

describe('families', () => {
  it('knows every family by the names of its packets', () =>
    expect(
      ['PSB', 'PSBEND', 'TNT', 'TNT.8', 'TIP.PGE', 'FUP', 'TSC', 'CYC', 'MODE.Exec', 'PIP', 'PTW', 'MWAIT', 'OVF'].map(familyOf),
    ).toEqual(['sync', 'sync', 'flow', 'flow', 'flow', 'flow', 'time', 'time', 'context', 'context', 'event', 'event', 'lost']))
  it('takes what it does not know for an event', () =>
    expect(['CFE', 'EVD', '', '??'].map(familyOf)).toEqual(['event', 'event', 'event', 'event']))
})

describe('text', () => {
  it('spaces bytes', () => expect(['48b301', '48 b3 01', ''].map(spacedHex)).toEqual(['48 b3 01', '48 b3 01', '']))
  it('has no time where none is known', () => expect([packetTimeText(1_234), packetTimeText(NaN)]).toEqual(['0.000001234', '']))
  it('makes a line to paste', () =>
    expect(packetLine(0x1f40, '4d0010', 'TIP', '0x401000')).toBe('00001f40:  4d 00 10                  TIP        0x401000'))
})

describe('the jump box', () => {
  it('reads an offset with and without 0x', () =>
    expect(['0x1f', '1f'].map((text) => parsePacketJump(text, 100))).toEqual([
      { kind: 'offset', offset: 31 },
      { kind: 'offset', offset: 31 },
    ]))
  it('reads the number of a packet', () => expect(parsePacketJump('#1,234', 100)).toEqual({ kind: 'ordinal', ordinal: 1234 }))
  it('reads a time', () => expect(parsePacketJump('2 µs', 100)).toEqual({ kind: 'time', time_ns: 2000 }))
  it('says what is behind the end', () =>
    expect(parsePacketJump('64', 100)).toEqual({ kind: 'unclear', sentence: 'Offset 0x64 is behind the end: this stream has 0x64 bytes.' }))
  it('says what it understands', () => expect(parsePacketJump('xyz', 100)).toMatchObject({ kind: 'unclear' }))
})

it('begins with the largest stream', () =>
  expect([largestQueue(Float64Array.of(1, 5, 3)), largestQueue(Float64Array.of())]).toEqual([1, null]))
