// SPDX-License-Identifier: Apache-2.0
// `npm run bench`: a whole profile (blocks with counts, time and cycles; the call
// tree; calls) by one thread, native, in Node and in Chromium, beside libipt's block
// decoder and perf on the same traces. Interleaved rounds; the table holds medians
// of CPU time. Writes bench/results.md.
// Then whole commands beside perf's: text of every branch, and reports, of shorter traces.
// Usage: bench.mjs [--instructions 600m] [--short 30m] [--rounds 3] [--only NAME] [--trace FILE --symfs DIR]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { perfVersion, root } from '../test/cases/fixtures.mjs'
import { startBrowser } from './browser.mjs'
import { encodings, makeInputs, makeShort } from './inputs.mjs'

const { values: options } = parseArgs({
  options: {
    instructions: { type: 'string', default: '600m' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    short: { type: 'string', default: '30m' },
    trace: { type: 'string' },
    symfs: { type: 'string', default: '/' },
  },
})

/** Runs a program that prints "BYTES INSTRUCTIONS CPU-SECONDS [MEMORY]"; null with the reason printed. */
function program(command) {
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' })
  if (status) {
    console.log(`${command[0]} failed: ${String(stderr).trim().split('\n')[0]}`)
    return null
  }
  const [bytes, instructions, seconds, memory] = stdout.trim().split(' ').map(Number)
  return { bytes, instructions, seconds, memory }
}

/** CPU seconds of a whole command, what it prints thrown away. */
function command(...words) {
  const { stderr } = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>/dev/null', 'bash', ...words], {
    encoding: 'utf8',
  })
  const [user, system] = stderr.trim().split('\n').pop().split(' ').map(Number)
  return { seconds: user + system }
}

/** What can be measured here: name -> (input) => result. */
function contestants(browser) {
  const built = spawnSync('make', ['-s', '-k', '-C', join(root, 'wasm'), 'bench'], { encoding: 'utf8' })
  if (built.status) console.log(built.stderr.trim())
  const list = new Map()
  const native = join(root, 'build/bench/decode')
  const libipt = join(root, 'build/bench/libipt_blk')
  list.set('native', ({ trace, symfs }) => program([native, trace, symfs]))
  list.set('wasm', ({ trace, symfs }) => program([process.execPath, join(import.meta.dirname, 'decode.mjs'), trace, symfs]))
  if (browser)
    list.set('chromium', async (input) => {
      const result = await browser.measure(input)
      if (result.failed) console.log(`chromium failed: ${result.failed}`)
      return result.failed ? null : result
    })
  if (existsSync('/usr/include/intel-pt.h')) list.set('libipt', ({ trace, symfs }) => program([libipt, trace, symfs]))
  else console.log('without libipt: libipt-dev is not installed')
  if (!perfVersion()) {
    console.log('without perf: it is not installed')
    return list
  }
  // Of a trace without times perf tells errors and decodes nothing.
  list.set('perf e', ({ trace, symfs, timeless }) => (timeless ? null : command('perf', 'script', '--itrace=e', '-i', trace, '--symfs', symfs)))
  return list
}

/** Whole commands that say the same of a trace, by one thread: what, perf's words, ours. */
const commands = [
  ['script --itrace=b', ['script', '--itrace=b'], ['script', '--itrace=b']],
  ['report', ['report', '--stdio'], ['report', '--workers', '1']],
]

/** CPU seconds of each of the commands, of perf's and of ours: rows of a table. */
function measureCommands(inputs) {
  const ours = join(root, 'src/cli/ptarmigan.mjs')
  command(process.execPath, ours, '--help') /* builds it */
  return commands.flatMap(([what, theirs, own]) =>
    inputs[what === 'report' ? 'whole' : 'short'].map(({ name, trace, symfs }) => {
      const rounds = Array.from({ length: Number(options.rounds) }, () => {
        const perf = command('perf', ...theirs, '-i', trace, '--symfs', symfs).seconds
        return { perf, own: command(process.execPath, ours, ...own, '-i', trace, '--symfs', symfs).seconds }
      })
      const of = (key) => median(rounds.map((round) => round[key]))
      const ratio = number(median(rounds.map((round) => round.perf / round.own)))
      console.log(`${name}, ${what}: ${ratio} x perf`)
      return [name, number(statSync(trace).size / 1e6), what, number(of('perf')), number(of('own')), ratio]
    }),
  )
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const geometricMean = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
const mean = (values) => geometricMean(values.filter(Number.isFinite))
const number = (value, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '-')
const markdown = (rows) => rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
const table = (head, rows) => markdown([head, head.map((_, column) => (column ? '--:' : '---')), ...rows])

/** Every contestant in turn, round by round: name -> results. */
async function measure(input, list) {
  const results = new Map([...list.keys()].map((name) => [name, []]))
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [name, run] of list) {
      const result = await run(input)
      if (result) results.get(name).push(result)
    }
  }
  const first = [...results.values()].flatMap((runs) => runs.slice(0, 1))
  const bytes = first.find((run) => run.bytes)?.bytes ?? NaN
  const counts = new Set(first.map((run) => run.instructions).filter(Boolean))
  const speed = new Map()
  // A ratio is taken within a round, where the machine was as busy for both.
  const ratio = (to) => (of) => median(results.get(of).map((run, round) => (results.get(to)?.[round]?.seconds ?? NaN) / run.seconds))
  for (const [name, runs] of results) if (runs.length) speed.set(name, bytes / 1e6 / median(runs.map((run) => run.seconds)))
  return { input, bytes, counts, speed, ratio, memory: results.get('wasm')[0]?.memory ?? NaN }
}

function report(all, names, rows) {
  const ours = names.filter((name) => ['native', 'wasm', 'chromium'].includes(name))
  const speeds = table(
    ['trace', 'MB', ...names, 'wasm memory, MB'],
    all.map((one) => [
      one.input.name,
      number(one.bytes / 1e6),
      ...names.map((name) => number(one.speed.get(name))),
      number(one.memory / 1e6, 0),
    ]),
  )
  const ratios = (to) => {
    const rows = all.map((one) => [one.input.name, ...ours.map((name) => number(one.ratio(to)(name)))])
    const means = ['geometric mean', ...ours.map((name) => number(mean(all.map((one) => one.ratio(to)(name)))))]
    return names.includes(to) ? `\n## Times ${to}\n\n${table(['trace', ...ours], [...rows, means])}\n` : ''
  }
  return `# Bench results

Made by \`npm run bench\` on ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}. A whole profile (blocks with counts, time and
cycles, the call tree, calls) by one thread. libipt: \`pt_blk_next\` with block cache and section cache, blocks only. perf e: \`perf script --itrace=e\`.
Medians of ${options.rounds} interleaved rounds of CPU time, that of compiling WebAssembly included; ratios are taken within rounds.
${encodings.map(({ name, what }) => `${name}: ${what}.`).join(' ')}

## MB of PT per second

${speeds}
${ratios('libipt')}${ratios('perf e')}${
    rows.length
      ? `
## Whole commands beside perf's

CPU seconds of one thread, reading, symbols and writing included (to nowhere): the text of every branch, of shorter traces, and the report of what ran.

${table(['trace', 'MB', 'command', 'perf, s', 'ptarmigan, s', 'times perf'], rows)}
`
      : ''
  }`
}

const inputs = options.trace
  ? [{ name: 'given', what: '', trace: resolve(options.trace), symfs: resolve(options.symfs) }]
  : makeInputs(options.instructions)
const browser = await startBrowser()
const list = contestants(browser)
const all = []
for (const input of inputs.filter(({ name }) => name.includes(options.only))) {
  const one = await measure(input, list)
  all.push(one)
  console.log(
    `${input.name}: ${[...one.speed].map(([name, speed]) => `${name} ${number(speed)}`).join(', ')} MB/s; wasm ${number(one.ratio('libipt')('wasm'))} x libipt`,
  )
  if (one.counts.size > 1) console.log(`  not the same instructions: ${[...one.counts].join(', ')}: the figures do not compare`)
}
await browser?.close()
const wanted = ({ name, timeless }) => name.includes(options.only) && !timeless
const whole = inputs.filter((input) => wanted(input) && input.name.endsWith('mtc'))
const short = whole.length ? makeShort(options.short).filter(wanted) : []
const text = report(all, [...list.keys()], perfVersion() ? measureCommands({ whole, short }) : [])
console.log(`\n${text}`)
const folder = join(root, 'bench')
mkdirSync(folder, { recursive: true })
if (!options.only && !options.trace) writeFileSync(join(folder, 'results.md'), text)
