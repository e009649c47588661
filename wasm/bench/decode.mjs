// SPDX-License-Identifier: Apache-2.0
// How fast the WebAssembly decoder makes a whole profile of a trace in Node, single-threaded.
// Usage: node decode.mjs TRACE SYMFS [WASM]. Prints: AUX bytes, instructions, CPU seconds, bytes of memory.
import { openSync, readFileSync, readSync, statSync } from 'node:fs'
import { decodeTrace, readTables } from './decoder.mjs'
import { filesOf } from './files.mjs'

const [trace, symfs, wasm = new URL('../../src/engine/generated/ptarmigan.wasm', import.meta.url)] = process.argv.slice(2)
if (!symfs) {
  console.error('usage: decode.mjs TRACE SYMFS [WASM]')
  process.exit(2)
}

/** CPU seconds of the whole process: the compiler's threads count too. */
function time(decode) {
  const start = process.cpuUsage()
  decode()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

readTables(readFileSync(new URL('../include/tables.h', import.meta.url), 'utf8'))
const files = filesOf(trace, symfs).map(({ path, file }) => {
  const descriptor = openSync(file, 'r')
  return { path, size: statSync(file).size, read: (offset, into) => readSync(descriptor, into, 0, into.length, offset) }
})
const { bytes, instructions, seconds, memory } = await decodeTrace(readFileSync(wasm), files, time)
console.log(bytes, instructions, seconds.toFixed(6), memory)
