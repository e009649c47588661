// SPDX-License-Identifier: Apache-2.0
// How fast the WebAssembly decoder makes a whole profile of a trace in Node,
// single-threaded, without the engine around it.
// Usage: node decode.mjs TRACE ELF [PATH]. Prints: AUX bytes, instructions, seconds.
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

const OK = 0
const END = 1
const MORE = 2
const STEP_BYTES = 1 << 20
const ENOSYS = 52

const [trace, elf, pathInTrace = elf] = process.argv.slice(2)
if (!elf) {
  console.error('usage: decode.mjs TRACE ELF [PATH-IN-TRACE]')
  process.exit(2)
}

const files = [openSync(trace), openSync(elf)]
const module = await WebAssembly.compile(readFileSync(new URL('../../src/engine/generated/ptarmigan.wasm', import.meta.url)))

function hostRead(source, offset, into, length) {
  return readSync(files[source], new Uint8Array(wasm.memory.buffer), into >>> 0, length, Number(offset))
}

/** Our one import, and "not supported" for what emscripten's libc names. */
function imports() {
  const all = {}
  for (const { module: space, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== 'function') continue
    all[space] ??= {}
    all[space][name] = name === 'ptm_host_read' ? hostRead : name === 'emscripten_notify_memory_growth' ? () => {} : () => ENOSYS
  }
  return all
}

const messageOf = (session) => {
  const bytes = new Uint8Array(wasm.memory.buffer, wasm.ptm_session_message(session) >>> 0)
  return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)))
}

function must(session, status, what) {
  if (status === OK) return
  console.error(`decode: ${what}: status ${status}: ${messageOf(session)}`)
  process.exit(1)
}

/** Sum of an f64 column. The order of tables and columns is that of tables.h. */
function columnSum(session, table, column) {
  const header = readFileSync(new URL('../include/tables.h', import.meta.url), 'utf8')
  const tables = [...header.matchAll(/^\tT\((\w+),/gm)].map((match) => match[1])
  const columns = [...header.matchAll(new RegExp(`^\\tC\\(${table}, (\\w+),`, 'gm'))].map((match) => match[1])
  const request = wasm.malloc(64) >>> 0
  const answer = wasm.malloc(4) >>> 0
  const view = new DataView(wasm.memory.buffer)
  for (let i = 0; i < 64; i++) view.setUint8(request + i, 0)
  view.setUint32(request, tables.indexOf(table), true)
  view.setUint32(request + 4, 0xffffffff, true)
  view.setUint32(request + 8, 0xffffffff, true)
  must(session, wasm.ptm_query(session, request, answer), `query ${table}`)
  const at = new DataView(wasm.memory.buffer).getUint32(answer, true)
  const rows = wasm.ptm_table_rows(at)
  const values = new Float64Array(wasm.memory.buffer, wasm.ptm_table_data(at, columns.indexOf(column)) >>> 0, rows)
  const sum = values.reduce((total, value) => total + value, 0)
  wasm.ptm_table_free(at)
  return sum
}

function decodeAll(session) {
  const length = wasm.malloc(4) >>> 0
  for (let segment = 0; segment < wasm.ptm_session_segments(session); segment++) {
    must(session, wasm.ptm_decode_start(session, segment), `segment ${segment}`)
    let status = MORE
    while (status === MORE) status = wasm.ptm_decode_step(session, STEP_BYTES)
    if (status !== END) must(session, status, `segment ${segment}`)
    const part = wasm.ptm_decode_part(session, length)
    must(session, wasm.ptm_session_merge(session, part, new DataView(wasm.memory.buffer).getUint32(length, true)), 'merge')
  }
}

const wasm = (await WebAssembly.instantiate(module, imports())).exports
wasm._initialize?.()
const session = wasm.ptm_session_new()
must(session, wasm.ptm_session_open(session, 0, BigInt(fstatSync(files[0]).size)), trace)
const path = new TextEncoder().encode(`${pathInTrace}\0`)
const pathAt = wasm.malloc(path.length) >>> 0
new Uint8Array(wasm.memory.buffer).set(path, pathAt)
must(session, wasm.ptm_session_add_image(session, 1, BigInt(fstatSync(files[1]).size), pathAt), elf)
const start = performance.now()
decodeAll(session)
const seconds = (performance.now() - start) / 1000
console.log(columnSum(session, 'queues', 'aux_bytes'), columnSum(session, 'threads', 'instructions'), seconds.toFixed(6))
files.forEach((file) => closeSync(file))
