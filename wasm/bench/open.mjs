// SPDX-License-Identifier: Apache-2.0
// `npm run bench:open`: what a large binary costs. Makes a program of 400,000 functions
// with 140 MB of DWARF (gcc, objcopy; about a minute) and a trace of a moment of it, and
// measures how long a profile of that takes, which is nearly all opening, and how much of
// the binary is read: its symbols, and of source lines what is looked at.
// Usage: open.mjs [--copies 100] [--binary FILE --trace FILE]
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findPtgen, root, symfsOf } from '../test/cases/fixtures.mjs'
import { decodeTrace, readTables } from './decoder.mjs'

const { values: options } = parseArgs({
  options: { copies: { type: 'string', default: '100' }, binary: { type: 'string' }, trace: { type: 'string' } },
})
const folder = join(root, 'build/bench/open')
const FUNCTIONS = 4000
const run = (...words) => execFileSync(words[0], words.slice(1), { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })

/** A unit of many functions with locals of several types, and one that calls a few of them. */
function unit() {
  const names = Array.from({ length: FUNCTIONS }, (_, number) => `work_on_request_number_${number}`)
  const bodies = names.map(
    (name, number) =>
      `int ${name}(int count, char *text) { int first = count * ${number + 3}; long second = first - ${number}; char third[8] = { 0 }; double fourth = second;` +
      ` for (int turn = 0; turn < 2; turn++) { int inner = turn + first; second += inner; sink += (int)(second + fourth + third[turn & 7]); } if (text) sink += *text; return (int)second; }`,
  )
  const calls = names.filter((_, number) => number % 97 === 0).map((name) => `sum += ${name}(n, 0);`)
  return ['volatile int sink;', ...bodies, `int run_all(int n) { int sum = 0; ${calls.join(' ')} return sum; }`].join('\n')
}

/** The program: its unit, as often as was asked for, each time under other names. */
function makeBinary(copies) {
  const binary = join(folder, `large-${copies}`)
  if (existsSync(binary)) return binary
  console.log(`making ${binary}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'unit.c'), unit())
  writeFileSync(join(folder, 'main.c'), `int p0_run_all(int), p${copies - 1}_run_all(int); int main(int n) { return (p0_run_all(n) + p${copies - 1}_run_all(n)) & 1; }\n`)
  run('gcc', '-g', '-c', 'unit.c', '-o', 'unit.o')
  const objects = Array.from({ length: copies }, (_, number) => `unit-${number}.o`)
  for (const [number, object] of objects.entries()) run('objcopy', `--prefix-symbols=p${number}_`, 'unit.o', object)
  run('gcc', '-g', 'main.c', ...objects, '-o', binary)
  for (const object of objects) rmSync(join(folder, object))
  return binary
}

function makeTrace(binary) {
  const trace = `${binary}.perf.data`
  if (existsSync(trace)) return trace
  const { path, why } = findPtgen()
  if (!path) throw new Error(`no generator for the trace: ${why}`)
  run(path, 'record', '--pt', 'cyc=1', '-o', trace, '--', binary)
  return trace
}

const binary = options.binary ? resolve(options.binary) : makeBinary(Number(options.copies))
const trace = options.trace ? resolve(options.trace) : makeTrace(binary)
execFileSync('make', ['-s', '-C', join(root, 'wasm'), '../build/bench/decode', 'wasm'], { stdio: 'inherit' })

readTables(readFileSync(new URL('../include/tables.h', import.meta.url), 'utf8'))
const read = { count: 0, bytes: 0 }
const files = [trace, binary].map((path) => {
  const descriptor = openSync(path, 'r')
  const from = (offset, into) => {
    read.count++
    read.bytes += into.length
    readSync(descriptor, into, 0, into.length, offset)
  }
  return { path, size: statSync(path).size, read: from }
})
const time = (work) => {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}
const wasm = await decodeTrace(readFileSync(join(root, 'src/engine/generated/ptarmigan.wasm')), files, time)
const symfs = symfsOf('bench-open', { [binary]: binary })
const [, , native] = execFileSync(join(root, 'build/bench/decode'), [trace, symfs], { encoding: 'utf8' }).trim().split(' ')
console.log(`${(statSync(binary).size / 1e6).toFixed(0)} MB binary: ${wasm.seconds.toFixed(2)} s of CPU in WebAssembly, ${Number(native).toFixed(2)} s natively;`)
console.log(`read ${read.count} pieces, ${(read.bytes / 1e6).toFixed(1)} MB of it; ${(wasm.memory / 1e6).toFixed(0)} MB of memory.`)
