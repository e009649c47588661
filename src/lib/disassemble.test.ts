// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { startDisassembler, type Disassembler } from './disassemble'
import { loadDisassembler } from './disassemble-node'

let disassembler: Disassembler

beforeAll(async () => {
  disassembler = await loadDisassembler()
})

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text.split(' '), byte => Number.parseInt(byte, 16))
const at = (ip: bigint, text: string): string => disassembler.disassemble(bytes(text), ip, 64)

describe('disassemble', () => {
  it.each([
    ['90', 'nop'],
    ['f3 0f 1e fa', 'endbr64'],
    ['48 8b 44 24 08', 'mov rax, [rsp+0x8]'],
    ['c7 45 fc 00 00 00 00', 'mov dword ptr [rbp-0x4], 0x0'],
    ['48 83 c4 f0', 'add rsp, -0x10'],
    ['48 b8 ef cd ab 89 67 45 23 01', 'mov rax, 0x123456789abcdef'],
    ['64 48 8b 04 25 28 00 00 00', 'mov rax, fs:[0x28]'],
    ['c5 fd 6f 47 20', 'vmovdqa ymm0, [rdi+0x20]'],
    ['62 f1 7c 48 28 40 01', 'vmovaps zmm0, [rax+0x40]'],
    ['f3 48 0f ae e0', 'ptwrite rax'],
    ['0f 05', 'syscall'],
    ['c3', 'ret'],
    ['06', '(bad)'],
    ['0f', '(bad)'],
  ])('%s is %s', (code, text) => {
    expect(at(0x401000n, code)).toBe(text)
  })

  it('shows where branches and RIP-relative operands lead', () => {
    expect(at(0x401000n, 'e8 fb ff ff ff')).toBe('call 0x401000')
    expect(at(0x401000n, '74 02')).toBe('je 0x401004')
    expect(at(0x401000n, '48 8d 05 e2 2f 00 00')).toBe('lea rax, [0x403fe9]')
    expect(at(0x401000n, 'ff 25 00 10 00 00')).toBe('jmp qword ptr [0x402006]')
    expect(at(0xffffffff81000000n, 'eb fe')).toBe('jmp 0xffffffff81000000')
  })

  it('reads one instruction of many', () => {
    expect(at(0n, '55 48 89 e5 c3')).toBe('push rbp')
    expect(disassembler.disassemble(new Uint8Array(4096).fill(0x90), 0n, 64)).toBe('nop')
    expect(disassembler.disassemble(new Uint8Array(0), 0n, 64)).toBe('(bad)')
  })

  it('knows the modes', () => {
    expect(disassembler.disassemble(bytes('40'), 0n, 32)).toBe('inc eax')
    expect(disassembler.disassemble(bytes('b8 01 02'), 0n, 16)).toBe('mov ax, 0x201')
    expect(disassembler.disassemble(bytes('e8 fd ff'), 0x100n, 16)).toBe('call 0x100')
  })

  it('writes AT&T syntax on demand', () => {
    expect(disassembler.disassemble(bytes('48 8b 44 24 08'), 0n, 64, 'att')).toBe('mov 0x8(%rsp), %rax')
    expect(disassembler.disassemble(bytes('48 83 c4 f0'), 0n, 64, 'att')).toBe('add $-0x10, %rsp')
  })

  it('gives back all memory it takes', async () => {
    const instantiate = vi.spyOn(WebAssembly, 'instantiate')
    const path = createRequire(import.meta.url).resolve('iced-x86/iced_x86_bg.wasm')
    const fresh = await startDisassembler(new Uint8Array(await readFile(path)))
    const instance = (await instantiate.mock.results[0]?.value) as unknown as WebAssembly.Instance
    instantiate.mockRestore()
    const memory = instance.exports.memory as WebAssembly.Memory
    fresh.disassemble(bytes('90'), 0n, 64) // builds its tables
    const size = memory.buffer.byteLength
    for (let i = 0; i < 100_000; i++) fresh.disassemble(bytes('48 8b 44 24 08'), BigInt(i), 64)
    expect(memory.buffer.byteLength).toBe(size)
  })

  it('refuses a module that is not iced-x86', async () => {
    const empty = bytes('00 61 73 6d 01 00 00 00')
    await expect(startDisassembler(empty)).rejects.toThrow('not the version of iced-x86')
  })
})
