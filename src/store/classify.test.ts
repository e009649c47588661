// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { kindOf } from './classify'

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

describe('kinds of files, by their first bytes', () => {
  it.each([
    ['PERFILE2', 'perf.data', 'trace'],
    ['\x7fELF\x02\x01\x01\x00', 'app', 'elf'],
    ['ffffffff', 'kallsyms', 'names'],
    ['DTiJ\x01\x00\x00\x00', 'jit-7.dump', 'names'],
    ['7f00 10 ', '/tmp/perf-7.map', 'names'],
    ['7f00 10 ', 'notes.txt', 'junk'],
    ['# A page', 'README', 'junk'],
  ])('%s of %s is %s', (head, path, kind) => expect(kindOf(bytes(head), path)).toBe(kind))
})
