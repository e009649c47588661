// SPDX-License-Identifier: Apache-2.0
// The traces there are to judge: the project's own fixtures, and, where they
// are kept beside the project, the larger ones and captures of real hardware.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'

export const root = resolve(import.meta.dirname, '../../..')
const own = join(root, 'wasm/test/fixtures')
const scratch = join(root, 'build/judge')
const shared = resolve(root, process.env.PTARMIGAN_SHARED ?? '../shared')

const rows = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(1)
    .filter(Boolean)
    .map((line) => line.split('\t'))

/** A folder as perf --symfs wants it, with links: { '/path/in/the/trace': file }. */
export function symfsOf(name, files) {
  const folder = join(scratch, 'symfs', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [path, file] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    symlinkSync(file, join(folder, path))
  }
  return folder
}

/** The project's fixtures and its example. */
export function projectFixtures() {
  const fixtures = rows(join(own, 'index.tsv')).map(([name, , truth]) => ({
    group: 'project',
    name,
    trace: join(own, `${name}.perf.data`),
    symfs: join(own, 'symfs'),
    truthLines: () =>
      gunzipSync(readFileSync(join(own, `${truth}.truth.gz`)))
        .toString('latin1')
        .trim()
        .split('\n'),
    lossy: truth === name && ['ovf', 'truncated'].some((word) => name.includes(word)),
    expected: join(own, 'expected', `${name}.txt`),
  }))
  const samples = join(root, 'public/samples')
  const example = JSON.parse(readFileSync(join(samples, 'example.json'), 'utf8'))
  fixtures.push({
    group: 'project',
    name: 'example',
    trace: join(samples, example.trace),
    symfs: symfsOf('example', Object.fromEntries(example.binaries.map(({ path, file }) => [path, join(samples, file)]))),
    truthHashes: readFileSync(join(samples, 'example.hash'), 'utf8'),
    expected: join(own, 'expected', 'example.txt'),
  })
  return fixtures
}

/** Small traces of other sources than PT and other modes than a full trace, with what perf prints of them. */
export function otherFixtures() {
  const folder = join(own, 'other')
  const truthLines = () =>
    gunzipSync(readFileSync(join(folder, 'bts-calls.truth.gz')))
      .toString('latin1')
      .trim()
      .split('\n')
  const bts = { name: 'bts-calls', source: 'bts', truthLines }
  const others = [
    { name: 'lbr-calls', source: 'lbr' },
    { name: 'aux-sample-calls', source: 'pieces' },
    { name: 'snapshot-calls', source: 'pieces' },
  ]
  return [bts, ...others].map((fixture) => ({
    ...fixture,
    group: 'project',
    trace: join(folder, `${fixture.name}.perf.data`),
    symfs: join(own, 'symfs'),
    expected: join(folder, `${fixture.name}.txt`),
  }))
}

/** The traces with truth beside the project; none when the folder is not there. */
export function sharedFixtures() {
  const folder = join(shared, 'fixtures')
  if (!existsSync(folder)) return []
  return rows(join(folder, 'index.tsv')).map(([name, , options, , , byPerf, byLibipt]) => ({
    group: 'shared',
    name,
    trace: join(folder, `${name}.perf.data`),
    symfs: join(folder, 'symfs'),
    /** What perf script can print of it. */
    source: options.includes('--bts') ? 'bts' : options.includes('--lbr') ? 'lbr' : 'pt',
    truthFile: () => unpackTruth(folder, name),
    /** Instructions the better of perf and libipt cannot decode either. */
    undecodable: Math.min(...[byPerf, byLibipt].map((text) => Number(/(\d+) not decoded/.exec(text)?.[1] ?? Infinity))),
  }))
}

function unpackTruth(folder, name) {
  const file = join(scratch, `${name}.truth`)
  mkdirSync(scratch, { recursive: true })
  writeFileSync(file, gunzipSync(readFileSync(join(folder, `${name}.truth.gz`))))
  return file
}

/** Captures of real hardware with perf's output kept beside them. */
export function capturedTraces() {
  const folder = join(shared, 'traces/hase')
  if (!existsSync(folder)) return []
  return ['control_flow', 'loopy'].map((name) => {
    const trace = readdirSync(join(folder, name)).find((file) => file.endsWith('.perf'))
    const path = `/home/joerg/git/angr/hase/tests/bin/${name}/${name}`
    const kept = (mode) => join(folder, 'expected', `${name}-20180404.perf-script-itrace-${mode}.txt`)
    return {
      group: 'hase',
      name,
      trace: join(folder, name, trace),
      symfs: symfsOf(name, { [path]: join(folder, name, name) }),
      kept: [
        { itrace: 'b', fields: 'comm,tid,cpu,time,event,flags,ip,sym,symoff,addr', file: kept('b') },
        { itrace: 'i0ns', fields: 'comm,tid,cpu,time,event,ip,sym,symoff,insn', file: kept('i0ns') },
      ],
    }
  })
}

/** Captures of quipper's tests: files of many kernels, without their binaries. */
export function quipperTraces() {
  const folder = join(shared, 'traces/quipper')
  if (!existsSync(folder)) return []
  const files = readdirSync(folder).filter((file) => file.startsWith('perf.data.'))
  return files.map((file) => ({
    group: 'quipper',
    name: file.slice('perf.data.'.length),
    trace: join(folder, file),
    symfs: symfsOf('none', {}),
  }))
}

/** Path of the trace generator, or the reason why there is none. */
export function findPtgen() {
  try {
    return {
      path: execFileSync('bash', [join(root, 'wasm/tools/ptgen.sh')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim(),
    }
  } catch (error) {
    return { path: '', why: String(error.stderr ?? error).trim() }
  }
}

/** The programs of perf by the version they are asked for: $PERF_6_12 is Debian's linux-perf of that version, unpacked somewhere. */
const perfPrograms = { 6.1: 'perf', 6.12: process.env.PERF_6_12 || 'perf-6.12' }

/** perf's version, '' when the one asked for is not installed. */
export function perfVersion(wanted = '6.1') {
  try {
    const text = execFileSync(perfPrograms[wanted], ['--version'], { encoding: 'utf8' }).replace('perf version', '').trim()
    return wanted === '6.1' || text.startsWith(`${wanted}.`) ? text : ''
  } catch {
    return ''
  }
}

/** Whether a trace was written to a pipe: by its header, which is of 16 bytes. */
function isPiped(trace) {
  const head = Buffer.alloc(16)
  const file = openSync(trace, 'r')
  const length = readSync(file, head)
  closeSync(file)
  return length === 16 && head.toString('latin1', 0, 8) === 'PERFILE2' && head.readBigUInt64LE(8) === 16n
}

/**
 * The command that lets perf script read a trace. One that was written to a pipe is given to it in a pipe: of a file
 * perf 6.1 reads it wrongly (docs/why-different.md#pipe-data).
 */
export function perfScript(trace, words, version = '6.1') {
  const program = perfPrograms[version]
  if (!isPiped(trace)) return [program, 'script', '-i', trace, ...words]
  return ['sh', '-c', 'perf=$1; trace=$2; shift 2; cat "$trace" | "$perf" script -i - "$@"', 'sh', program, trace, ...words]
}

/** "TID COUNT HASH" lines of a stream of instructions: FNV-1a over 64-bit words. */
export class StreamHashes {
  #threads = new Map()
  #prime = 0x100000001b3n

  add(tid, ip) {
    const thread = this.#threads.get(tid)
    if (thread) {
      thread.hash = BigInt.asUintN(64, (thread.hash ^ BigInt('0x' + ip)) * this.#prime)
      thread.count++
    } else this.#threads.set(tid, { hash: BigInt.asUintN(64, (0xcbf29ce484222325n ^ BigInt('0x' + ip)) * this.#prime), count: 1 })
  }

  toString() {
    const tids = [...this.#threads.keys()].sort((a, b) => Number(a) - Number(b))
    return tids
      .map((tid) => `${tid} ${this.#threads.get(tid).count} ${this.#threads.get(tid).hash.toString(16).padStart(16, '0')}\n`)
      .join('')
  }
}

export const fingerprint = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16)
