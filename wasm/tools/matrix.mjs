// SPDX-License-Identifier: Apache-2.0
// Random combinations of what a CPU and perf record may do, each made with ptgen
// and held against the truth, perf 6.1 and libipt. The same seed makes the same
// traces. Usage: matrix.mjs [--seed N] [--count N] [--perf-version 6.12] [--keep DIR] [--write]
//   --perf-version  the perf that is asked, and whose text we print ($PERF_6_12 is its program)
//   --keep DIR   keep the traces that differ
//   --write      write docs/matrix.md
// Prints a line for each trace; exits with 1 when one differs. Needs ptgen and perf.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { findPtgen, perfScript, perfVersion, root } from '../test/cases/fixtures.mjs'

const programs = ['calls', 'signals', 'threads', 'ptwrite', 'tsx', 'odd']
/** What perf script is asked for, of every trace. */
export const questions = [
  ['--itrace=be', '--ns', '-F', 'comm,tid,pid,cpu,time,event,ip,sym,symoff,dso,flags,insn,ipc'],
  ['--itrace=i0nse', '--ns', '-F', 'comm,tid,cpu,time,event,ip,insnlen,ipc'],
  ['--itrace=wpxIe', '--ns', '-F', '+flags,+pid'],
  ['--itrace=bi1us', '--deltatime'],
  ['--itrace=i333il16', '-F', '+brstack'],
]

/** A trace's number chooses so many of these beside them. */
const MORE_ASKED = 3
export const moreQuestions = [
  ['--itrace=bi10us', '--reltime'],
  ['--itrace=i100ns', '--ns', '-F', '+insn,+ipc,+flags'],
  ['--itrace=i7t', '-F', '+insn'],
  ['--itrace=g16i100ns'],
  ['--itrace=g4i1000i', '--ns'],
  ['--itrace=l8i10us', '-F', '+brstackinsn'],
  ['--itrace=crel4', '-F', '+brstack,+flags'],
  ['--itrace=cr', '-F', 'comm,tid,time,flags,callindent,ip,sym,addr'],
  ['--itrace=qi0nsbpIwxe', '--ns', '-F', '+flags,+insn'],
  ['--itrace=qqbpe', '-F', '+flags'],
  ['--itrace=i0nspIwxe', '--ns', '-F', '+flags,+insn'],
  ['--itrace=ibpwxIe', '--show-mmap-events', '--show-task-events', '--show-switch-events'],
  ['--itrace=beAs100', '-F', '+ipc'],
  ['--itrace=be-o-l', '--ns'],
  ['--itrace=Zbe'],
  ['--itrace=xg8e', '-F', '+flags'],
  ['--call-trace'],
  ['--call-ret-trace', '--ns'],
  ['--insn-trace', '-F', '+ipc'],
  ['--time', '20%-60%', '--itrace=b'],
  ['-F', '+addr,+period,+flags'],
]

/** xorshift: numbers below `below`. */
export function random(seed) {
  let state = (seed * 2654435761) % 2 ** 32 || 1
  return (below) => {
    state ^= (state << 13) >>> 0
    state ^= state >>> 17
    state = (state ^ ((state << 5) >>> 0)) >>> 0
    return state % below
  }
}

/** What is asked of the trace of a number. */
export function questionsOf(number) {
  const pick = random(number + 2 ** 20)
  const left = [...moreQuestions]
  return [...questions, ...Array.from({ length: MORE_ASKED }, () => left.splice(pick(left.length), 1)[0])]
}

/** A program and options for ptgen encode. */
export function encoding(pick) {
  const one = (...list) => list[pick(list.length)]
  const sometimes = (percent, ...words) => (pick(100) < percent ? words : [])
  const pt = [
    `mtc_period=${pick(10)}`,
    `psb_period=${pick(6)}`,
    ...sometimes(55, 'cyc=1', ...sometimes(30, `cyc_thresh=${1 + pick(7)}`)),
    ...sometimes(10, 'mtc=0'),
    ...sometimes(30, 'noretcomp'),
    ...sometimes(30, 'ptw=1', ...sometimes(60, 'fup_on_ptw=1')),
    ...sometimes(20, 'event=1'),
  ]
  const power = sometimes(20, '--pwr-every', String(2 + pick(20)))
  if (power.length) pt.push('pwr_evt=1')
  const scope = one([], [], ['--per-thread'], ['--cpu-wide'])
  const mode = one(
    [],
    [],
    [],
    ['--aux-size', '4k', '--truncate-every', String(2 + pick(3))],
    ['--snapshot', String(3000 + pick(20000)), '--aux-size', one('4k', '8k', '16k')],
    ['--aux-sample', String(1000 + pick(9000)), '--aux-sample-size', one('1000', '2000', '4096')],
  )
  const options = [
    '--seed',
    String(1 + pick(1000)),
    '--pt',
    pt.join(','),
    ...scope,
    ...sometimes(50, '--cpus', String(1 + pick(3)), '--migrate', String(pick(60))),
    '--tnt',
    one('short', 'long', 'mixed'),
    '--ip-compression',
    one('auto', 'auto', 'none', 'update48', 'full', 'random'),
    ...sometimes(30, '--psb-order', 'random'),
    ...sometimes(30, '--pads'),
    ...sometimes(20, '--mnt'),
    ...sometimes(15, '--vmcs'),
    ...sometimes(25, '--cbr-every', String(50 + pick(500))),
    ...sometimes(25, '--freq-every', String(2000 + pick(20000))),
    ...sometimes(25, '--irq-every', String(200 + pick(3000))),
    ...sometimes(20, '--pf-every', String(200 + pick(3000))),
    ...sometimes(20, '--ovf-every', String(3000 + pick(9000)), ...sometimes(50, '--ovf-ip', 'compressed')),
    ...sometimes(
      15,
      '--filter',
      `${(0x401000 + pick(0x800)).toString(16)}-${(0x401900 + pick(0x1000)).toString(16)}`.replace(/[0-9a-f]+/g, '0x$&'),
    ),
    ...power,
    ...mode,
    /* From a pipe, or compressed, perf decodes no AUX data in samples. */
    ...one([], [], [], mode.includes('--aux-sample') ? [] : ['--pipe'], mode.includes('--aux-sample') ? [] : ['--zstd'], [
      '--buildid-mmap',
    ]),
  ]
  return { program: one(...programs), options }
}

/** Records every program once; returns the folder of the logs. */
export function record(ptgen, folder) {
  mkdirSync(folder, { recursive: true })
  const symfs = join(root, 'wasm/test/fixtures/symfs')
  for (const program of programs) {
    const log = join(folder, `${program}.xlog`)
    if (!existsSync(log))
      spawnSync(ptgen, ['trace', '--stdout', '/dev/null', '-o', log, '--', join(symfs, 'opt/ptarmigan', program)], { stdio: 'ignore' })
  }
  return folder
}

const printed = (command, ...words) => spawnSync(command, words, { encoding: 'latin1', maxBuffer: 2 ** 30 })

/** First line in which two texts differ, '' where none does. */
export function firstDifference(ours, theirs) {
  if (ours === theirs) return ''
  const [left, right] = [ours.split('\n'), theirs.split('\n')]
  const at = left.findIndex((line, index) => line !== right[index])
  const line = at < 0 ? left.length : at
  return `line ${line + 1} of ${right.length - 1}: ours ${JSON.stringify(left[line] ?? '(ended)')} perf ${JSON.stringify(right[line] ?? '(ended)')}`
}

/** Lines of the truth that a stream of "TID IP" lines has, those that are wrong, those that are of no use because its thread had gone astray. */
function heldAgainst(ptgen, truth, stream) {
  const lines = printed(ptgen, 'compare', '-q', truth, stream).stdout.trim().split('\n')
  const count = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(lines.at(-1) ?? '')?.[1] ?? NaN)
  const rests = lines.map((line) => /decoded (\d+) matched (\d+)/.exec(line)).map((found) => (found ? found[1] - found[2] : 0))
  return { matched: count('matched'), wrong: count('wrong'), threads: count('threads'), astray: rests.reduce((sum, rest) => sum + rest, 0) }
}

/** Whether two decoders know the same code, but neither who ran it. */
const isUntold = (ours, theirs) =>
  ours.threads > 1 && ours.astray && theirs.astray && ours.matched + ours.astray >= theirs.matched + theirs.astray

function judgeTruth(ptgen, trace, truth, tally) {
  const stream = `${trace}.stream`
  const views = printed(join(root, 'build/test/cases/print_stream'), trace, '/')
  writeFileSync(stream, views.stdout, 'latin1')
  const ours = heldAgainst(ptgen, truth, stream)
  if (views.status || ours.wrong !== 0) return `truth: ${ours.wrong} instructions wrong, ${views.stderr.split('\n')[0]}`
  writeFileSync(stream, printed(ptgen, 'ptcheck', trace).stdout, 'latin1')
  if (!statSync(stream).size) return ''
  const theirs = heldAgainst(ptgen, truth, stream)
  if (isUntold(ours, theirs)) {
    tally.known.add(3)
    return ''
  }
  return theirs.wrong === 0 && theirs.matched > ours.matched ? `libipt decodes ${theirs.matched} instructions, we ${ours.matched}` : ''
}

/** Why lines are not compared, in the order of their numbers; `to`: heading in docs/why-different.md. */
const reasons = [
  { to: 'pipe-addr', why: 'perf refuses a field, and is asked without it' },
  { to: '', why: 'perf prints nothing of the file' },
  { to: '', why: 'times are too coarse to tell threads apart, for libipt, too' },
]

/** Words without a field of -F. */
function withoutField(words, field) {
  const at = words.indexOf('-F') + 1
  const left = words[at].split(',').filter((name) => name.replace(/^\+/, '') !== field)
  return left.length ? words.with(at, left.join(',')) : words.toSpliced(at - 1, 2)
}

/** Where ours differs from perf's, '' where nothing does or the reason is known: then its number is added to `tally`. */
function judgePerf(trace, script, words, tally, version = '6.1') {
  const perf = printed(...perfScript(trace, words, version))
  const refused = perf.status ? /Cannot print '(\w+)' field/.exec(perf.stderr)?.[1] : ''
  if (refused && words.join().includes(refused)) {
    tally.known.add(1)
    return judgePerf(trace, script, withoutField(words, refused), tally, version)
  }
  if (perf.status && !perf.stdout) {
    tally.known.add(2)
    return ''
  }
  const ours = script(trace, words)
  const difference = firstDifference(ours, perf.stdout)
  tally.lines += perf.stdout.split('\n').length - 1
  return difference && `${words.join(' ')}: ${difference}`
}

/** `script`: prints what ours does for a trace and words. Returns the differences; `tally`: lines compared, numbers of reasons met. */
export function judge(ptgen, trace, script, asked, tally = { lines: 0, known: new Set() }, version = '6.1') {
  const found = [judgeTruth(ptgen, trace, trace.replace('.perf.data', '.truth'), tally)]
  for (const words of asked) found.push(judgePerf(trace, script, words, tally, version))
  return found.filter(Boolean)
}

export const cli = join(root, 'src/cli/ptarmigan.mjs')
const ourScript = (version) => (trace, words) => printed(process.execPath, cli, 'script', trace, '--perf-version', version, ...words).stdout

/** `tell` is given every trace's number, program, options, differences, lines compared and reasons. */
export function run({ seed, count, keep, version = '6.1', script = ourScript(version), tell }) {
  const ptgen = findPtgen()
  if (!ptgen.path || !perfVersion(version).startsWith(`${version}.`)) throw new Error(ptgen.why || `perf ${version} is not installed`)
  execFileSync('make', ['-s', '-C', join(root, 'wasm'), 'print_stream'])
  const logs = record(ptgen.path, join(root, 'build/matrix'))
  const scratch = mkdtempSync(join(tmpdir(), 'matrix-'))
  let different = 0
  for (let number = seed; number < seed + count; number++) {
    const { program, options } = encoding(random(number))
    const trace = join(scratch, `${program}-${number}.perf.data`)
    const made = printed(ptgen.path, 'encode', ...options, '-o', trace, join(logs, `${program}.xlog`))
    const tally = { lines: 0, known: new Set() }
    const found = made.status ? [`ptgen: ${made.stderr.trim()}`] : judge(ptgen.path, trace, script, questionsOf(number), tally, version)
    if (found.length) different++
    if (found.length && keep && existsSync(trace)) copyFileSync(trace, join(keep, basename(trace)))
    tell({ number, program, options, found, lines: tally.lines, known: [...tally.known] })
    rmSync(trace, { force: true })
  }
  rmSync(scratch, { recursive: true })
  return different
}

function printRow({ number, program, options, found, lines, known }) {
  const name = `${program}-${number} ${lines} lines`
  const text = [
    `${found.length ? 'FAIL' : 'ok  '} ${name} ${options.join(' ')}`,
    ...found,
    ...known.map((id) => `known: ${reasons[id - 1].why}`),
  ]
  console.log(text.join('\n     '))
}

/** docs/matrix.md */
function page(rows, command, version) {
  const equal = rows.filter(({ found }) => !found.length).length
  const lines = rows.reduce((sum, row) => sum + row.lines, 0)
  const verdict = ({ found, known }) => (found.length ? `**differs**: ${found[0].split(':')[0]}` : ['equal', ...known].join(', '))
  const row = (of) => `| ${of.number} | ${of.program} | \`${of.options.join(' ')}\` | ${of.lines} | ${verdict(of)} |`
  const list = (asked) => asked.map((words) => `- \`${words.join(' ')}\``).join('\n')
  const reason = ({ to, why }, at) => `${at + 1}. ${why}${to ? ` ([${to}](why-different.md#${to}))` : ''}`
  return `# Random matrix

Made by \`${command}\`; do not edit. Each trace is made by ptgen with options that its number chooses, and held against ptgen's truth, libipt and perf
${perfVersion(version)} with:

${list(questions)}

and ${MORE_ASKED} of these, by the trace's number:

${list(moreQuestions)}

**${equal} of ${rows.length} equal**, ${lines.toLocaleString('en')} lines of perf's compared. A number behind the verdict is a reason why something was not compared:

${reasons.map(reason).join('\n')}

| trace | program | options of ptgen | lines | verdict |
|--:|---|---|--:|---|
${rows.map(row).join('\n')}
`
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '20' },
      keep: { type: 'string' },
      'perf-version': { type: 'string', default: '6.1' },
      write: { type: 'boolean', default: false },
    },
  })
  if (values.keep) mkdirSync(values.keep, { recursive: true })
  const rows = []
  const tell = (row) => {
    rows.push(row)
    printRow(row)
  }
  const different = run({ seed: Number(values.seed), count: Number(values.count), keep: values.keep, version: values['perf-version'], tell })
  const command = `node wasm/tools/matrix.mjs --seed ${values.seed} --count ${values.count}${values['perf-version'] === '6.1' ? '' : ` --perf-version ${values['perf-version']}`} --write`
  if (values.write) writeFileSync(join(root, 'docs/matrix.md'), page(rows, command, values['perf-version']))
  console.log(`matrix: ${Number(values.count) - different} of ${values.count} equal`)
  process.exit(different ? 1 : 0)
}
