// SPDX-License-Identifier: Apache-2.0
// The WebAssembly decoder without the engine around it, in Node and in a page
// alike: opens a trace whose bytes can be read at once, decodes and merges every
// segment in one thread.

const OK = 0
const END = 1
const MORE = 2
const STEP_BYTES = 64 << 10
const ENOSYS = 52

/**
 * Decodes `files[0]`, a perf.data, with the binaries after it.
 * @param {BufferSource} wasm the module's bytes
 * @param {{ path: string, size: number, read: (offset: number, into: Uint8Array) => void }[]} files `path` as the trace names it
 * @param {(decode: () => void) => number | Promise<number>} time runs it, returns seconds
 */
export async function decodeTrace(wasm, files, time) {
  const module = await WebAssembly.compile(wasm)
  const own = { memory: undefined }
  const hostRead = (source, offset, into, length) => {
    const start = Number(offset)
    const count = Math.min(length, files[source].size - start)
    if (count > 0) files[source].read(start, new Uint8Array(own.memory.buffer, into >>> 0, count))
    return count
  }
  const imports = {}
  for (const { module: space, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== 'function') continue
    imports[space] ??= {}
    imports[space][name] = name === 'ptm_host_read' ? hostRead : name === 'emscripten_notify_memory_growth' ? () => {} : () => ENOSYS
  }
  const { exports } = await WebAssembly.instantiate(module, imports)
  const { memory } = exports
  own.memory = memory
  exports._initialize?.()
  const session = exports.ptm_session_new()
  const length = exports.malloc(4) >>> 0
  const u32 = (at) => new DataView(memory.buffer).getUint32(at, true)
  const messageOf = () => {
    const bytes = new Uint8Array(memory.buffer, exports.ptm_session_message(session) >>> 0)
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)))
  }
  const must = (status, what) => {
    if (status !== OK) throw new Error(`${what}: status ${status}: ${messageOf()}`)
  }

  must(exports.ptm_session_open(session, 0, BigInt(files[0].size)), files[0].path)
  for (let i = 1; i < files.length; i++) {
    const path = new TextEncoder().encode(`${files[i].path}\0`)
    const at = exports.malloc(path.length) >>> 0
    new Uint8Array(memory.buffer).set(path, at)
    exports.ptm_session_add_image(session, i, BigInt(files[i].size), at) // one that the trace does not want is no failure
    exports.free(at)
  }
  const decodeAll = () => {
    for (let segment = 0; segment < exports.ptm_session_segments(session); segment++) {
      must(exports.ptm_decode_start(session, segment), `segment ${segment}`)
      let status = MORE
      while (status === MORE) status = exports.ptm_decode_step(session, STEP_BYTES)
      if (status !== END) must(status, `segment ${segment}`)
      must(exports.ptm_session_merge(session, exports.ptm_decode_part(session, length), u32(length)), 'merge')
    }
  }
  const seconds = await time(decodeAll)
  return { seconds, memory: memory.buffer.byteLength, instructions: 0, bytes: 0, ...sums(exports, memory, session, u32) }
}

/** AUX bytes and instructions of the whole trace, from the tables; ids are those of tables.h. */
function sums(exports, memory, session, u32) {
  const sum = (table, column) => {
    const request = exports.malloc(128) >>> 0
    const answer = exports.malloc(4) >>> 0
    new Uint8Array(memory.buffer).fill(0, request, request + 128)
    const view = new DataView(memory.buffer)
    view.setUint32(request, table, true)
    view.setUint32(request + 4, 0xffffffff, true)
    view.setUint32(request + 8, 0xffffffff, true)
    if (exports.ptm_query(session, request, answer) !== OK) return NaN
    const at = u32(answer)
    const values = new Float64Array(memory.buffer, exports.ptm_table_data(at, column) >>> 0, exports.ptm_table_rows(at))
    const total = values.reduce((all, value) => all + value, 0)
    exports.ptm_table_free(at)
    return total
  }
  return { bytes: sum(TABLES.queues, COLUMNS.aux_bytes), instructions: sum(TABLES.threads, COLUMNS.instructions) }
}

const TABLES = {}
const COLUMNS = {}

/** Tells the order of tables and columns: the text of include/tables.h. */
export function readTables(header) {
  const tables = [...header.matchAll(/^\tT\((\w+),/gm)].map((match) => match[1])
  const columns = (table) => [...header.matchAll(new RegExp(`^\\tC\\(${table}, (\\w+),`, 'gm'))].map((match) => match[1])
  TABLES.queues = tables.indexOf('queues')
  TABLES.threads = tables.indexOf('threads')
  COLUMNS.aux_bytes = columns('queues').indexOf('aux_bytes')
  COLUMNS.instructions = columns('threads').indexOf('instructions')
}
