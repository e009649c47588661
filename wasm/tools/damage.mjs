// SPDX-License-Identifier: Apache-2.0
// Traces whose AUX data were damaged at random: what `ptarmigan script` prints of each, whole, is held against perf
// 6.1. A seed chooses the trace (of the project's fixtures and those beside it) and the damage; the same seed makes
// the same file. Usage: damage.mjs [--seed N] [--count N] [--most BYTES] [--only REGEX] [--keep DIR]
//   --most BYTES  of AUX data: larger traces are not chosen (60000)
//   --only REGEX  traces to choose from
//   --keep DIR    keep the damaged traces that differ, with diff's text of each question
// Prints a line for each seed, and one for each question whose answers differ: how many lines, and the first. Exits
// with 1 when one differs. Needs perf and diff.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { perfScript, perfVersion, projectFixtures, sharedFixtures } from '../test/cases/fixtures.mjs'
import { cli, firstDifference, random } from './matrix.mjs'

/** What perf script is asked for. */
const questions = [
  ['--itrace=be', '--ns', '-F', '+flags,+ipc'],
  ['--itrace=i0nse', '--ns', '-F', 'comm,tid,cpu,time,event,ip,insnlen,ipc'],
  ['--itrace=wpxIeo', '--ns', '-F', '+flags,+pid'],
  ['--itrace=bi1us', '--ns', '-F', '+flags'],
]

const AUXTRACE = 71
const PIPE_HEADER = 16n
/** Longest that either command may take. */
const MOST_SECONDS = 120

/** Where a perf.data has AUX data: [{ at, length }] in bytes. */
export function auxData(bytes) {
  const isPipe = bytes.readBigUInt64LE(8) === PIPE_HEADER
  const start = isPipe ? Number(PIPE_HEADER) : Number(bytes.readBigUInt64LE(40))
  const end = isPipe ? bytes.length : start + Number(bytes.readBigUInt64LE(48))
  const found = []
  for (let at = start; at + 8 <= end;) {
    const next = at + bytes.readUInt16LE(at + 6)
    const length = bytes.readUInt32LE(at) === AUXTRACE ? Number(bytes.readBigUInt64LE(at + 8)) : 0
    if (length) found.push({ at: next, length })
    if (next + length <= at) throw new Error('not a perf.data')
    at = next + length
  }
  return found
}

/** Each damages `run`, bytes of AUX data that begin at a place of its choice; `pick(n)`: below n. */
const harms = {
  flip: (run, pick) => (run[0] ^= 1 << pick(8)),
  replace: (run, pick) => run.subarray(0, 1 + pick(4)).forEach((_, index, few) => (few[index] = pick(256))),
  zero: (run, pick) => run.subarray(0, 1 + pick(64)).fill(0),
  /* What follows moves up. */
  remove: (run, pick) => {
    const length = Math.min(1 + pick(40), run.length)
    run.copyWithin(0, length)
    run.subarray(run.length - length).fill(0)
  },
  duplicate: (run, pick) => run.copyWithin(Math.min(1 + pick(40), run.length), 0),
  swap: (run, pick) => {
    const length = Math.min(1 + pick(40), run.length >> 1)
    const other = length + pick(run.length - 2 * length + 1)
    const first = Buffer.from(run.subarray(0, length))
    run.copyWithin(0, other, other + length)
    run.set(first, other)
  },
  /* What comes later stands here, too. */
  repeat: (run, pick) => {
    const from = pick(run.length)
    run.copyWithin(0, from, from + 1 + pick(200))
  },
}

/** Damages a perf.data's AUX data in place; returns what was done: names of harms with their places in the file. */
export function damage(bytes, pick) {
  const places = auxData(bytes)
  const total = places.reduce((sum, { length }) => sum + length, 0)
  const names = Object.keys(harms)
  const done = []
  for (let left = 1 + pick(6); left > 0; left--) {
    let offset = pick(total)
    const place = places.find(({ length }) => offset < length || ((offset -= length), false))
    const name = names[pick(names.length)]
    harms[name](bytes.subarray(place.at + offset, place.at + place.length), pick)
    done.push(`${name}@${(place.at + offset).toString(16)}`)
  }
  return done
}

/** PT traces whose AUX data are not in samples, and not too large. */
function traces(most, only) {
  const all = [...projectFixtures(), ...sharedFixtures()].filter(
    ({ name, source = 'pt' }) => source === 'pt' && new RegExp(only).test(name),
  )
  const size = ({ trace }) => auxData(readFileSync(trace)).reduce((sum, { length }) => sum + length, 0)
  return all.filter((fixture) => size(fixture) > 0 && size(fixture) <= most)
}

/** Writes a command's output to `file`; resolves to its exit code, or the signal that ended it. */
function print([command, ...words], file) {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', 'exec "$@" >"$0" 2>/dev/null', file, command, ...words], {
      stdio: 'ignore',
      timeout: MOST_SECONDS * 1000,
    })
    child.on('close', (code, signal) => resolve(signal ?? code))
  })
}

const isSignal = (end) => typeof end === 'string' || (end > 128 && end < 192)

/** How the answers to one question differ, or why they were not compared; neither where they are equal. `keep`: where diff's text goes, if anywhere. */
async function judge(trace, words, scratch, keep) {
  const [ours, theirs] = ['ours', 'perf'].map((name) => join(scratch, name))
  const ends = await Promise.all([print([process.execPath, cli, 'script', trace, ...words], ours), print(perfScript(trace, words), theirs)])
  const asked = words.join(' ')
  if (isSignal(ends[0])) return { difference: `${asked}: ptarmigan ended with ${ends[0]}` }
  if (isSignal(ends[1])) return { known: `${asked}: perf ended with ${ends[1]}` }
  const diff = spawnSync('diff', ['-a', ours, theirs], { encoding: 'latin1', maxBuffer: 2 ** 30 }).stdout
  if (!diff) return {}
  if (keep) writeFileSync(keep, diff, 'latin1')
  const first = firstDifference(readFileSync(ours, 'latin1'), readFileSync(theirs, 'latin1'))
  return { difference: `${asked}: ${diff.match(/^[<>]/gm).length} lines, ${first}` }
}

/** `tell` is given every seed, the trace's name, what was done to it, the differences, and what was not compared. Resolves to how many traces differ. */
export async function run({ seed, count, most, only, keep, tell }) {
  if (!perfVersion().startsWith('6.1.')) throw new Error('perf 6.1 is not installed')
  const fixtures = traces(most, only)
  const scratch = mkdtempSync(join(tmpdir(), 'damage-'))
  let different = 0
  for (let number = seed; number < seed + count; number++) {
    const pick = random(number)
    const { name, trace, symfs } = fixtures[pick(fixtures.length)]
    const bytes = readFileSync(trace)
    const done = damage(bytes, pick)
    const damaged = join(keep ?? scratch, `${number}-${basename(trace)}`)
    writeFileSync(damaged, bytes)
    const found = []
    for (const [index, words] of questions.entries())
      found.push(await judge(damaged, ['--symfs', symfs, ...words], scratch, keep && `${damaged}.${index}.diff`))
    const differences = found.map(({ difference }) => difference).filter(Boolean)
    if (differences.length) different++
    else rmSync(damaged)
    tell({ number, name, done, differences, known: found.map(({ known }) => known).filter(Boolean) })
  }
  rmSync(scratch, { recursive: true })
  return different
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '20' },
      most: { type: 'string', default: '60000' },
      only: { type: 'string', default: '' },
      keep: { type: 'string' },
    },
  })
  if (values.keep) mkdirSync(values.keep, { recursive: true })
  const tell = ({ number, name, done, differences, known }) => {
    const text = [
      `${differences.length ? 'FAIL' : 'ok  '} ${number} ${name} ${done.join(' ')}`,
      ...differences,
      ...known.map((why) => `known: ${why}`),
    ]
    console.log(text.join('\n     '))
  }
  const count = Number(values.count)
  const different = await run({ ...values, seed: Number(values.seed), count, most: Number(values.most), tell })
  console.log(`damage: ${count - different} of ${count} equal`)
  process.exit(different ? 1 : 0)
}
