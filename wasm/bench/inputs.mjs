// SPDX-License-Identifier: Apache-2.0
// The bench's traces: four programs, each recorded once, block by block, lengthened
// to the same number of instructions, and encoded three ways. Kept in build/bench; made again when what they come from is newer.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPtgen, root, symfsOf } from '../test/cases/fixtures.mjs'

const scratch = join(root, 'build/bench/work')
const programs = join(import.meta.dirname, 'programs')
const compiler = ['/usr/lib/gcc/x86_64-linux-gnu/12/cc1', '/usr/libexec/gcc/x86_64-linux-gnu/14/cc1'].find(existsSync)

/** 160 KB of words, the same every time. */
function words() {
  let state = 12345
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32
  const letter = () => 'etaoinshrdlucmfwypvbgkjqxz'[Math.min(25, Math.floor(random() * random() * 26))]
  const list = Array.from({ length: 3000 }, () => Array.from({ length: 2 + Math.floor(random() * 9) }, letter).join(''))
  let text = ''
  while (text.length < 160_000) text += list[Math.floor(random() ** 3 * 3000)] + (random() < 0.1 ? '.\n' : ' ')
  return text
}

const workloads = [
  { name: 'gzip', what: 'loop-heavy', command: ['/usr/bin/gzip', '-6', '-c'], stdin: join(scratch, 'words.txt') },
  { name: 'sqlite', what: 'call-heavy', command: ['/usr/bin/sqlite3', ':memory:'], stdin: join(programs, 'rows.sql') },
  { name: 'python', what: 'interpreter', command: ['/usr/bin/python3', '-S', '-I', '-B', join(programs, 'script.py')] },
  { name: 'cc1', what: 'huge code', command: [compiler, '-quiet', '-O2', join(programs, 'compile.c'), '-o', '/dev/null'] },
]

export const encodings = [
  { name: 'raw', what: 'no timing packets, no RET compression', options: 'tsc=0,mtc=0,noretcomp' },
  { name: 'mtc', what: 'TSC and MTC, as perf records by default', options: 'tsc=1' },
  { name: 'cyc', what: 'TSC, MTC and CYC', options: 'cyc=1' },
]

const isNewer = (file, than) => existsSync(file) && statSync(file).mtimeMs >= statSync(than).mtimeMs

function run(ptgen, ...args) {
  execFileSync(ptgen, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Runs `make` into a new file, which gets its name when it is whole. */
function makeFile(file, make) {
  make(`${file}.new`)
  renameSync(`${file}.new`, file)
}

function record(ptgen, { name, command, stdin }, log) {
  console.log(`recording ${command[0]} once, block by block (some minutes)`)
  makeFile(log, (file) =>
    run(
      ptgen,
      'trace',
      '--engine',
      'bp',
      '--images',
      join(scratch, `${name}.symfs`),
      ...(stdin ? ['--stdin', stdin] : []),
      '--stdout',
      '/dev/null',
      '-o',
      file,
      '--',
      ...command,
    ),
  )
}

/** Traces of one program, made where they are missing. */
function tracesOf(ptgen, workload, instructions) {
  const { name } = workload
  const log = join(scratch, `${name}.xlog`)
  const longer = join(scratch, `${name}.long.xlog`)
  if (!existsSync(log)) record(ptgen, workload, log)
  if (!isNewer(longer, log)) makeFile(longer, (file) => run(ptgen, 'replay', '--insns', instructions, '-o', file, log))
  return encode(ptgen, workload, longer)
}

function encode(ptgen, { name, what }, log, label = name, ways = encodings) {
  return ways.map((encoding) => {
    const trace = join(scratch, `${label}-${encoding.name}.perf.data`)
    if (!isNewer(trace, log)) {
      console.log(`making ${label}-${encoding.name}`)
      makeFile(trace, (file) => run(ptgen, 'encode', '--truth-level', 'none', '--seed', '7', '--pt', encoding.options, '-o', file, log))
    }
    return { name: `${name} ${encoding.name}`, what, trace, symfs: join(scratch, `${name}.symfs`), timeless: encoding.name === 'raw' }
  })
}

/** Traces so short that text of every branch of them can be written in reasonable time, with the packets that perf records by default; after makeInputs. */
export function makeShort(instructions) {
  const { path: ptgen } = findPtgen()
  if (!ptgen) return []
  return workloads.flatMap((workload) => {
    const log = join(scratch, `${workload.name}.xlog`)
    const short = join(scratch, `${workload.name}.short.xlog`)
    if (!existsSync(log)) return []
    if (!isNewer(short, log)) makeFile(short, (file) => run(ptgen, 'replay', '--insns', instructions, '-o', file, log))
    return encode(ptgen, workload, short, `${workload.name}.short`, encodings.slice(1, 2))
  })
}

/** Packets of sqlite with CYC, in bytes an instruction. */
const LONG_DENSITY = 0.298

/** Binaries of a trace that makeLong makes. */
export const longSymfs = join(scratch, 'sqlite.symfs')

/** The name of a trace of sqlite with CYC, of about so many megabytes; made when it is not there. */
export function makeLong(megabytes, file) {
  if (existsSync(file)) return file
  const { path: ptgen, why } = findPtgen()
  const workload = workloads.find(({ name }) => name === 'sqlite')
  if (!ptgen || !existsSync(workload.command[0])) throw new Error(`${file} cannot be made: ${why ?? `${workload.command[0]} is not installed`}`)
  mkdirSync(scratch, { recursive: true })
  const log = join(scratch, 'sqlite.xlog')
  if (!existsSync(log)) record(ptgen, workload, log)
  console.log(`making ${file}`)
  run(ptgen, 'replay', '--insns', `${Math.round(megabytes / LONG_DENSITY)}m`, '-o', `${file}.xlog`, log)
  makeFile(file, (name) => run(ptgen, 'encode', '--truth-level', 'none', '--seed', '7', '--pt', 'cyc=1', '-o', name, `${file}.xlog`))
  rmSync(`${file}.xlog`)
  return file
}

/** The traces to measure: { name, what, trace, symfs, timeless }[]. Without the generator only the example, which is small. */
export function makeInputs(instructions) {
  mkdirSync(scratch, { recursive: true })
  const { path: ptgen, why } = findPtgen()
  if (!ptgen) {
    console.log(`no generator for the bench's traces (${why}): measuring the example, so small that figures are rough`)
    const samples = join(root, 'public/samples')
    const symfs = symfsOf('bench', { '/opt/ptarmigan/orderbook': join(samples, 'orderbook') })
    return [{ name: 'example', what: 'order book', trace: join(samples, 'example.perf.data'), symfs }]
  }
  if (!existsSync(join(scratch, 'words.txt'))) writeFileSync(join(scratch, 'words.txt'), words())
  return workloads.flatMap((workload) => {
    if (workload.command[0] && existsSync(workload.command[0])) return tracesOf(ptgen, workload, instructions)
    console.log(`without ${workload.name}: its program is not installed`)
    return []
  })
}
