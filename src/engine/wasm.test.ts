// SPDX-License-Identifier: Apache-2.0
// A module of a few bytes, made by hand, that forwards to each import.
import { expect, it } from 'vitest'
import { instantiateDecoder } from './wasm'

const [I32, I64] = [0x7f, 0x7e]
const list = (items: number[][]) => [items.length, ...items.flat()]
const text = (word: string) => [word.length, ...new TextEncoder().encode(word)]
const section = (id: number, items: number[][]) => {
  const body = list(items)
  return [id, body.length, ...body]
}
const type = (params: number[], results: number[]) => [0x60, params.length, ...params, results.length, ...results]
const imported = (module: string, name: string, typeIndex: number) => [...text(module), ...text(name), 0, typeIndex]
const exported = (name: string, kind: number, index: number) => [...text(name), kind, index]
const forward = (params: number, callee: number) =>
  Array.from({ length: params }, (_, local) => [0x20, local])
    .flat()
    .concat(0x10, callee)
const code = (body: number[]) => [body.length + 2, 0, ...body, 0x0b]

const wasi = 'wasi_snapshot_preview1'
const moduleBytes = new Uint8Array([
  0,
  0x61,
  0x73,
  0x6d,
  1,
  0,
  0,
  0,
  ...section(1, [type([I32, I64, I32, I32], [I32]), type([I32], []), type([I32, I32, I32, I32], [I32]), type([], [])]),
  ...section(2, [
    imported('env', 'ptm_host_read', 0),
    imported(wasi, 'proc_exit', 1),
    imported(wasi, 'fd_write', 2),
    imported(wasi, 'fd_seek', 2),
  ]),
  ...section(3, [[0], [1], [2], [2], [3]]),
  ...section(5, [[0, 1]]),
  ...section(7, [
    exported('memory', 2, 0),
    exported('read', 0, 4),
    exported('exit', 0, 5),
    exported('write', 0, 6),
    exported('seek', 0, 7),
    exported('_initialize', 0, 8),
  ]),
  ...section(10, [code(forward(4, 0)), code(forward(1, 1)), code(forward(4, 2)), code(forward(4, 3)), code([])]),
])

type Forwards = {
  memory: WebAssembly.Memory
  read(source: number, offset: bigint, into: number, length: number): number
  exit(code: number): void
  write(file: number, pieces: number, count: number, written: number): number
  seek(a: number, b: number, c: number, d: number): number
}

async function forwards() {
  const reads: unknown[] = []
  const sources = {
    failure: '',
    read: (source: number, offset: number, into: Uint8Array) => {
      reads.push([source, offset, into.length])
      into.fill(7)
      return into.length
    },
  }
  const { exports, log } = await instantiateDecoder(new WebAssembly.Module(moduleBytes), sources)
  return { exports: exports as unknown as Forwards, log, reads }
}

it('reads straight into memory, also after it grew', async () => {
  const { exports, reads } = await forwards()
  expect(exports.read(0xffffffff | 0, 1n << 40n, 100, 4)).toBe(4)
  exports.memory.grow(1)
  expect(exports.read(1, 5n, 0x10000, 3)).toBe(3)
  expect(reads).toEqual([
    [0xffffffff, 2 ** 40, 4],
    [1, 5, 3],
  ])
  const bytes = new Uint8Array(exports.memory.buffer)
  expect([...bytes.subarray(99, 105), ...bytes.subarray(0x10000, 0x10004)]).toEqual([0, 7, 7, 7, 7, 0, 7, 7, 7, 0])
})

it('collects what is written, line by line, and refuses the rest', async () => {
  const { exports, log } = await forwards()
  const bytes = new Uint8Array(exports.memory.buffer)
  const view = new DataView(exports.memory.buffer)
  bytes.set(new TextEncoder().encode('one\ntwo\nthr'), 64)
  for (const [at, value] of [
    [0, 64],
    [4, 4],
    [8, 68],
    [12, 7],
  ] as const)
    view.setUint32(at, value, true)
  expect(exports.write(2, 0, 2, 32)).toBe(0)
  expect(view.getUint32(32, true)).toBe(11)
  expect(log).toEqual(['one', 'two'])
  expect(exports.seek(1, 2, 3, 4)).toBe(52)
})

it('turns an exit into a trap', async () => {
  const { exports } = await forwards()
  expect(() => exports.exit(3)).toThrow(new WebAssembly.RuntimeError('the decoder stopped with code 3'))
})
