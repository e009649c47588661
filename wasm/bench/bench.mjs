// SPDX-License-Identifier: Apache-2.0
// `npm run bench`: decode speed, native and WebAssembly, beside libipt's block
// decoder and perf script on the same file: medians of interleaved rounds.
// Usage: bench.mjs [--instructions 100m] [--rounds 3] [--trace FILE --elf FILE --path PATH]
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { findPtgen, perfVersion, root, symfsOf } from '../test/cases/fixtures.mjs'

const { values: options } = parseArgs({
  options: {
    instructions: { type: 'string', default: '100m' },
    rounds: { type: 'string', default: '3' },
    trace: { type: 'string' },
    elf: { type: 'string', default: join(root, 'public/samples/orderbook') },
    path: { type: 'string', default: '/opt/ptarmigan/orderbook' },
  },
})
const scratch = join(root, 'build/bench')
mkdirSync(scratch, { recursive: true })

const isNewer = (file, than) => existsSync(file) && statSync(file).mtimeMs >= statSync(than).mtimeMs

/** A long trace of the example's program when the generator is there, else the example itself. */
function makeInput() {
  if (options.trace) return resolve(options.trace)
  const example = join(root, 'public/samples/example.perf.data')
  const { path: ptgen, why } = findPtgen()
  if (!ptgen) {
    console.log(`no generator for a longer trace (${why}): measuring the example, so small that figures are rough`)
    return example
  }
  const trace = join(scratch, `orderbook-${options.instructions}.perf.data`)
  if (isNewer(trace, options.elf)) return trace
  const recorded = join(root, 'build/fixtures/orderbook.xlog')
  const log = isNewer(recorded, options.elf) ? recorded : join(scratch, 'orderbook.xlog')
  const run = (...args) => execFileSync(ptgen, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  if (!isNewer(log, options.elf)) {
    console.log('recording the example’s program once, instruction by instruction (a minute)')
    run('trace', '--stdout', '/dev/null', '-o', log, '--', options.elf)
  }
  console.log(`making a trace of ${options.instructions} instructions`)
  const longer = join(scratch, 'longer.xlog')
  run('replay', '--insns', options.instructions, '-o', longer, log)
  run('encode', '--truth-level', 'none', '--seed', '7', '--cpus', '2', '--pt', 'cyc=1', '-o', trace, longer)
  return trace
}

/** Programs that print "BYTES INSTRUCTIONS SECONDS", or a whole command whose time counts. */
function contestants(trace) {
  const built = spawnSync('make', ['-s', '-k', '-C', join(root, 'wasm'), 'bench'], { encoding: 'utf8' })
  if (built.status) console.log(built.stderr.trim())
  const symfs = symfsOf('bench', { [options.path]: options.elf, [resolve(options.elf)]: options.elf })
  const list = []
  const program = (name, file, command) => {
    if (existsSync(file)) list.push({ name, command })
    else console.log(`without ${name}: ${file.replace(root + '/', '')} is not built`)
  }
  program('native', join(root, 'build/bench/decode'), [join(root, 'build/bench/decode'), trace, symfs])
  const wasm = join(root, 'wasm/bench/decode.mjs')
  program('wasm', join(root, 'src/engine/generated/ptarmigan.wasm'), [process.execPath, wasm, trace, options.elf, options.path])
  if (existsSync('/usr/include/intel-pt.h'))
    program('libipt', join(root, 'build/bench/libipt_blk'), [join(root, 'build/bench/libipt_blk'), trace, options.elf])
  else console.log('without libipt: libipt-dev is not installed')
  const perf = perfVersion()
  if (perf) list.push({ name: 'perf', timed: true, command: ['perf', 'script', '-i', trace, '--symfs', symfs, '--itrace=e'] })
  else console.log('without perf: it is not installed')
  return list
}

/** One run: { bytes, instructions, seconds }, or null with the reason printed. */
function measure({ name, command, timed }) {
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8', maxBuffer: 1 << 28 })
  const seconds = (performance.now() - start) / 1000
  if (status) {
    console.log(`${name} failed: ${String(stderr).trim().split('\n')[0]}`)
    return null
  }
  if (timed) return { seconds }
  const [bytes, instructions, own] = stdout.trim().split(' ').map(Number)
  return { bytes, instructions, seconds: own }
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

const trace = makeInput()
const list = contestants(trace)
const results = new Map(list.map(({ name }) => [name, []]))
for (let round = 0; round < Number(options.rounds); round++) {
  for (const contestant of list) {
    const result = measure(contestant)
    if (result) results.get(contestant.name).push(result)
  }
}
const known = [...results.values()].flat().find((result) => result.bytes)
const bytes = known?.bytes ?? statSync(trace).size
const speedOf = (name) => (results.get(name)?.length ? bytes / 1e6 / median(results.get(name).map((result) => result.seconds)) : NaN)
console.log(
  `\n${trace.replace(root + '/', '')}: ${(bytes / 1e6).toFixed(2)} MB of PT, median of ${options.rounds} interleaved rounds, one thread`,
)
console.log('decoder     MB/s  M instr/s   instructions   x libipt   x perf')
for (const { name } of list) {
  const runs = results.get(name)
  if (!runs.length) continue
  const instructions = runs[0].instructions ?? NaN
  const rate = instructions / 1e6 / median(runs.map((run) => run.seconds))
  const cells = [
    speedOf(name).toFixed(1).padStart(8),
    number(rate, 0, 10),
    number(instructions, 0, 14),
    number(speedOf(name) / speedOf('libipt'), 2, 10),
    number(speedOf(name) / speedOf('perf'), 1, 8),
  ]
  console.log(name.padEnd(8) + cells.join(' '))
}

const counts = new Set(
  [...results.values()].flatMap((runs) => runs.slice(0, 1).map((run) => run.instructions)).filter((count) => count !== undefined),
)
if (counts.size > 1) console.log('The contestants did not decode the same instructions: the figures do not compare.')

function number(value, digits, width) {
  return (Number.isFinite(value) ? value.toFixed(digits) : '-').padStart(width)
}
