// SPDX-License-Identifier: Apache-2.0
// `npm run judge`: holds what `ptarmigan script` prints against the truth and
// against perf 6.1, trace by trace, and prints a table.
// Usage: judge.mjs [--project] [--only REGEX] [--judge truth,views,b,i0ns,code,junk] [--candidate perf] [--rebase]
//   --project    the project's own fixtures only (what npm test runs)
//   --candidate  judge perf instead of ourselves, to judge the judge
//   --rebase     write wasm/test/fixtures/expected from perf; its diff is the review
//   --minutes N  starts no new trace after N minutes
//   --jobs N     traces at a time (as many as there are processors, at most four)
//   --fidelity   more options of perf, libipt's cases, and docs/fidelity.md (npm run fidelity). Goes on where an
//                earlier run of the same build was stopped
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { compareDigests, compareLines, compareTruth, digestLines } from '../test/cases/compare.mjs'
import {
  capturedTraces,
  findPtgen,
  otherFixtures,
  perfScript,
  perfVersion,
  projectFixtures,
  quipperTraces,
  root,
  sharedFixtures,
  StreamHashes,
} from '../test/cases/fixtures.mjs'
import { judgeJunk } from '../test/cases/junk.mjs'
import { CommandLines } from '../test/cases/lines.mjs'
import { captureCombinations, combinations, newerCombinations, stackCombinations, writeFidelity } from './fidelity.mjs'
import { KeptRows, perfOutput } from './kept.mjs'

const FIELDS = 'comm,tid,pid,cpu,time,event,ip,sym,symoff,dso,addr,flags,insn,insnlen,ipc'
/** BTS has no times; LBR samples are printed as they are. */
const BTS_FIELDS = 'comm,tid,pid,event,ip,sym,symoff,dso,addr,flags,insn'
const LBR_FIELDS = 'comm,tid,pid,cpu,time,period,event,ip,sym,symoff,dso,brstack'
/** Samples with AUX data: perf refuses addr, which their own event has not. */
const PIECES_FIELDS = 'comm,tid,pid,cpu,time,event,ip,sym,symoff,dso,flags,ipc'
const LBR_CODE_FIELDS = 'comm,tid,ip,sym,symoff,brstackinsn'
const { values: options } = parseArgs({
  options: {
    project: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    judge: { type: 'string', default: '' },
    candidate: { type: 'string', default: 'ptarmigan' },
    rebase: { type: 'boolean', default: false },
    fidelity: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '' },
    jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
  },
})
const perf = perfVersion()
const newerPerf = perfVersion('6.12')
const ptgen = options.project ? { path: '', why: '' } : findPtgen()
const rows = []
/** Comparisons to make, by trace: see runJobs. */
const jobs = new Map()
const addJob = (fixture, run) => {
  const name = `${fixture.group}/${fixture.name}`
  const job = jobs.get(name) ?? { name, fixture, bytes: fixture.trace ? statSync(fixture.trace).size : 0, runs: [] }
  jobs.set(name, job)
  job.runs.push(run)
}
const wants = (judge) => !options.judge || options.judge.split(',').includes(judge)

const scriptOptions = (symfs, itrace, fields, ns) => ['--symfs', symfs, `--itrace=${itrace}`, '-F', fields].concat(ns ? ['--ns'] : [])
const perfCommand = ({ trace, symfs }, itrace, fields, ns) => perfScript(trace, scriptOptions(symfs, itrace, fields, ns))
const cli = join(root, 'src/cli/ptarmigan.mjs')
const ourCommand = ({ trace, symfs }, itrace, fields, ns) => [
  process.execPath,
  cli,
  'script',
  trace,
  ...scriptOptions(symfs, itrace, fields, ns),
]
/** What the views show, through the native decoder. */
const viewsCommand = ({ trace, symfs }) => [join(root, 'build/test/cases/print_stream'), trace, symfs]
/** Without times perf attributes nothing to a thread, and script does as perf does. */
const WITHOUT_TIME = 'perf, and so script, attributes nothing without times: see views'
const candidate = options.candidate === 'perf' ? perfCommand : ourCommand

/** `more`: what the reasons of fidelity.mjs look at. */
function report(fixture, judge, verdict, compared, different, first, more = {}) {
  show({ group: fixture.group, name: fixture.name, judge, verdict, compared, different, first, ...more })
}

function show(row) {
  rows.push(row)
  const { verdict, judge, compared, different, first } = row
  const line = [
    verdict.padEnd(5),
    `${row.group}/${row.name}`.padEnd(34),
    judge.padEnd(6),
    String(compared).padStart(9),
    String(different).padStart(7),
  ]
  console.log(`${line.join(' ')}  ${first}`.trimEnd())
}

/** Runs the candidate, compares with `against`, reports. A failed command is a failed comparison. */
async function judgeStream(fixture, judge, command, against) {
  const lines = new CommandLines(command)
  const result = await against(lines)
  const { code, errorText } = await lines.finish()
  const failure = code ? `exit code ${code}: ${errorText.split('\n')[0]}` : ''
  const passed = !code && result.different === 0 && !result.failed
  report(fixture, judge, passed ? 'ok' : 'FAIL', result.compared, result.different, failure || result.first, { lines: result.lines })
}

async function judgeTruth(fixture) {
  if (fixture.name.includes('notime')) report(fixture, 'truth', 'skip', 0, 0, WITHOUT_TIME)
  else if (wants('truth')) await judgeByTruth(fixture, 'truth', candidate(fixture, fixture.lossy ? 'i0nse' : 'i0ns', 'tid,ip', false))
  if (wants('views')) await judgeByTruth(fixture, 'views', viewsCommand(fixture))
}

async function judgeByTruth(fixture, judge, command) {
  if (fixture.truthHashes) return judgeStream(fixture, judge, command, (lines) => compareHashes(lines, fixture.truthHashes))
  await judgeStream(fixture, judge, command, async (lines) => {
    const result = await compareTruth(lines, fixture.truthLines())
    const missing = fixture.lossy ? result.skipped > mostSkipped(fixture) : result.skipped > 0
    return {
      ...result,
      failed: missing,
      first: result.skipped ? `${result.skipped} not decoded, ${result.gaps} gaps. ${result.first}` : result.first,
    }
  })
}

/** Instructions perf did not decode either, from the expected file. */
function mostSkipped(fixture) {
  return Number(/^not decoded (\d+)$/m.exec(existsSync(fixture.expected) ? readFileSync(fixture.expected, 'utf8') : '')?.[1] ?? 0)
}

async function compareHashes(lines, wanted) {
  const hashes = new StreamHashes()
  let compared = 0
  await lines.each((line) => {
    const match = /^\s*(\d+)\s+([0-9a-f]+)\s*$/.exec(line)
    if (!match) return
    compared++
    hashes.add(match[1], match[2])
  })
  const got = hashes.toString()
  return {
    compared,
    different: 0,
    failed: got !== wanted,
    first: got === wanted ? '' : `threads, counts, hashes: ${JSON.stringify(got)}, truth ${JSON.stringify(wanted)}`,
  }
}

/** Truth in the generator's own format: written out for it to compare. */
async function judgeSharedTruth(fixture) {
  if (fixture.name.includes('notime')) report(fixture, 'truth', 'skip', 0, 0, WITHOUT_TIME)
  else if (wants('truth')) await judgeByGenerator(fixture, 'truth', candidate(fixture, 'i0nse', 'tid,ip', false))
  if (wants('views')) await judgeByGenerator(fixture, 'views', viewsCommand(fixture))
}

async function judgeByGenerator(fixture, judge, command) {
  const lines = new CommandLines(command)
  const stream = join(root, `build/judge/${fixture.name}-${judge}.txt`)
  const parts = []
  await lines.each((line) => parts.push(line))
  writeFileSync(stream, joinInSlices(parts))
  const { code, errorText } = await lines.finish()
  let text = ''
  try {
    text = execFileSync(ptgen.path, ['compare', '-q', fixture.truthFile(), stream], { encoding: 'utf8', maxBuffer: 1 << 26 })
  } catch (error) {
    text = String(error.stdout ?? error)
  }
  rmSync(stream)
  const summary = text.trim().split('\n').at(-1) ?? ''
  const count = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? NaN)
  const wrong = count('wrong')
  const missing = count('not decoded')
  const passed = !code && wrong === 0 && missing <= fixture.undecodable
  const first = code
    ? `exit code ${code}: ${errorText.split('\n')[0]}`
    : missing
      ? `${missing} not decoded (perf or libipt: ${fixture.undecodable}), ${count('gaps')} gaps`
      : ''
  report(fixture, judge, passed ? 'ok' : 'FAIL', count('matched'), wrong, first)
}

/** One buffer from many lines: a single string would be too long for the largest streams. */
function joinInSlices(parts) {
  const buffers = []
  for (let i = 0; i < parts.length; i += 100_000) buffers.push(Buffer.from(parts.slice(i, i + 100_000).join('\n') + '\n', 'latin1'))
  return Buffer.concat(buffers)
}

const fieldsOf = (fixture) => (fixture.name.includes('notime') ? FIELDS.replace('time,', '') : FIELDS)

async function judgePerf(fixture, itrace, fields = fieldsOf(fixture), ns = true, judge = itrace) {
  if (!perf.startsWith('6.1.')) return report(fixture, judge, 'skip', 0, 0, perf ? `perf is ${perf}, not 6.1` : 'perf is not installed')
  const theirs = new CommandLines(perfCommand(fixture, itrace, fields, ns))
  if (!(await theirs.fill(1)))
    return report(fixture, judge, 'skip', 0, 0, `perf prints nothing: ${(await theirs.finish()).errorText.split('\n')[0]}`)
  await judgeStream(fixture, judge, candidate(fixture, itrace, fields, ns), (ours) => compareLines(ours, theirs))
  await theirs.finish()
}

/** The expected files: made by --rebase, held against every run. */
function readExpected(fixture, heading) {
  if (!existsSync(fixture.expected)) return null
  const part = readFileSync(fixture.expected, 'latin1')
    .split(/^== /m)
    .find((text) => text.startsWith(`${heading} `))
  if (!part) return null
  const all = part.split('\n')
  return {
    lines: Number(/^lines (\d+)$/m.exec(part)[1]),
    hashes: all.filter((line) => line.startsWith('hash ')).map((line) => line.slice(5)),
    first: all.filter((line) => line.startsWith('| ')).map((line) => line.slice(2)),
  }
}

/** Against the hashes alone in npm test; otherwise against perf itself, when it is there: hashes say only where. */
async function judgeExpected(fixture, itrace) {
  const wanted = readExpected(fixture, `--itrace=${itrace}`)
  if (!wanted) return
  if (!options.project && perf.startsWith('6.1.')) return judgePerf(fixture, itrace)
  await judgeStream(fixture, itrace, candidate(fixture, itrace, FIELDS, true), async (lines) =>
    compareDigests(await digestLines(lines), wanted),
  )
}

async function rebase(fixture) {
  const parts = [`perf ${perf} script --ns -F ${FIELDS}\n`]
  for (const itrace of ['b', 'i0ns']) {
    const lines = new CommandLines(perfCommand(fixture, itrace, FIELDS, true))
    const digest = await digestLines(lines)
    await lines.finish()
    if (!digest.lines) continue
    const text = [`lines ${digest.lines}`, ...digest.hashes.map((hash) => `hash ${hash}`), ...digest.first.map((line) => `| ${line}`)]
    parts.push(`== --itrace=${itrace} --ns\n${text.join('\n')}\n`)
  }
  if (fixture.lossy) {
    const { skipped, gaps } = await compareTruth(new CommandLines(perfCommand(fixture, 'i0nse', 'tid,ip', false)), fixture.truthLines())
    parts.push(`== truth\nnot decoded ${skipped}\ngaps ${gaps}\n`)
  }
  mkdirSync(dirname(fixture.expected), { recursive: true })
  if (parts.length > 1) writeFileSync(fixture.expected, parts.join(''), 'latin1')
  console.log(`${fixture.name}: ${parts.length > 1 ? 'written' : 'perf prints nothing'}`)
}

/** What perf prints of a source or a mode: judge, fields, ns, --itrace where it is not b. */
const otherStreams = {
  bts: [['b', BTS_FIELDS, false]],
  lbr: [
    ['b', LBR_FIELDS, true],
    ['code', LBR_CODE_FIELDS, false],
  ],
  pieces: [
    ['b', PIECES_FIELDS, true],
    ['i0ns', PIECES_FIELDS, true, 'i0nse'],
    ['events', PIECES_FIELDS, true, 'wpxIei1us'],
  ],
}

async function judgeOther(fixture) {
  if (fixture.truthLines && wants('views')) await judgeByTruth(fixture, 'views', viewsCommand(fixture))
  for (const [judge, fields, ns, itrace = 'b'] of otherStreams[fixture.source]) {
    if (!wants(judge)) continue
    const wanted = readExpected(fixture, judge)
    await judgeStream(fixture, judge, candidate(fixture, itrace, fields, ns), async (lines) =>
      compareDigests(await digestLines(lines), wanted),
    )
  }
}

async function rebaseOther(fixture) {
  const parts = [`perf ${perf} script${fixture.source === 'pieces' ? '' : ' --itrace=b'}\n`]
  for (const [judge, fields, ns, itrace = 'b'] of otherStreams[fixture.source]) {
    const lines = new CommandLines(perfCommand(fixture, itrace, fields, ns))
    const digest = await digestLines(lines)
    await lines.finish()
    const text = [`lines ${digest.lines}`, ...digest.hashes.map((hash) => `hash ${hash}`), ...digest.first.map((line) => `| ${line}`)]
    parts.push(`== ${judge}${itrace === 'b' ? '' : ` --itrace=${itrace}`} -F ${fields}${ns ? ' --ns' : ''}\n${text.join('\n')}\n`)
  }
  writeFileSync(fixture.expected, parts.join(''), 'latin1')
  console.log(`${fixture.name}: written`)
}

/** perf's output that came with a capture, made with the fields it has. */
async function judgeKept(fixture, { itrace, fields, file }) {
  const theirs = new CommandLines(['cat', file])
  await judgeStream(fixture, itrace, candidate(fixture, itrace, fields, true), (ours) => compareLines(ours, theirs))
  await theirs.finish()
}

/** What we print with each set of words: one process for all. */
async function ourDigests(fixture, lists) {
  const program = [process.execPath, join(root, 'wasm/test/cases/many.mjs'), join(root, 'dist/cli/main.mjs')]
  const answers = new CommandLines(program, JSON.stringify(lists.map((one) => scriptWords(fixture, one))))
  const results = []
  await answers.each((line) => results.push(JSON.parse(line)))
  const { errorText } = await answers.finish()
  return lists.map(
    (_, i) => results[i] ?? { code: 1, errorText: errorText || 'the process ended', digest: { lines: 0, hashes: [], first: [] } },
  )
}

const scriptWords = (fixture, { words, version }) => ['script', fixture.trace, '--symfs', fixture.symfs, ...(version ? ['--perf-version', version] : []), ...words]

/** A trace with every combination of options: by hashes; only where these differ, line by line. */
async function judgeCombinations(fixture, all) {
  if (!perf.startsWith('6.1.')) return report(fixture, 'options', 'skip', 0, 0, 'perf 6.1 is not installed')
  const wanted = []
  for (const one of all) wanted.push(await perfOutput(fixture, one).digest())
  const ours = await ourDigests(fixture, all)
  for (const [i, combination] of all.entries()) {
    if (wanted[i].lines) await judgeCombination(fixture, combination, wanted[i], ours[i])
    else judgeNothing(fixture, combination, wanted[i].message, ours[i].digest.lines)
  }
}

/** Where perf prints nothing, whether it says why or not, we must not print anything either. */
function judgeNothing(fixture, { name }, message, ours) {
  const first = message ? `perf prints nothing: ${message}` : 'perf prints nothing'
  report(fixture, name, ours ? 'FAIL' : 'skip', 0, ours, ours ? first : `${first}, nor do we`)
}

async function judgeCombination(fixture, combination, wanted, { code, errorText, digest }) {
  const { name } = combination
  const result = compareDigests(digest, wanted)
  if (code) return report(fixture, name, 'FAIL', 0, wanted.lines, `exit code ${code}: ${errorText.split('\n')[0]}`)
  if (!result.different) return report(fixture, name, 'ok', result.compared, 0, '')
  const theirs = await perfOutput(fixture, combination).lines()
  await judgeStream(fixture, name, [process.execPath, cli, ...scriptWords(fixture, combination)], (lines) => compareLines(lines, theirs))
  await theirs.finish()
}

/** Of the traces beside the project: all that the source has. With --fidelity perf's part is in combinationsFor. */
function listShared(fixture) {
  if (fixture.source === 'pt' && (wants('truth') || wants('views'))) {
    if (ptgen.path) addJob(fixture, () => judgeSharedTruth(fixture))
    else report(fixture, 'truth', 'skip', 0, 0, ptgen.why)
  }
  if (options.fidelity) return
  if (fixture.source === 'pt') for (const itrace of ['b', 'i0ns']) if (wants(itrace)) addJob(fixture, () => judgePerf(fixture, itrace))
  const [fields, ns] = fixture.source === 'bts' ? [BTS_FIELDS, false] : [LBR_FIELDS, true]
  if (fixture.source !== 'pt' && wants('b')) addJob(fixture, () => judgePerf(fixture, 'b', fields, ns))
  if (wants('code') && fixture.source === 'lbr') addJob(fixture, () => judgePerf(fixture, 'b', LBR_CODE_FIELDS, false, 'code'))
}

const libiptCases = { group: 'libipt', name: 'its own cases' }

/** libipt's own cases, by its own program of the oracle tests. */
function judgeLibipt() {
  const program = join(root, 'build/test/oracle/libipt_cases')
  const fixture = libiptCases
  try {
    execFileSync('make', ['-s', '-C', join(root, 'wasm'), 'libipt_cases'], { stdio: 'inherit' })
    const text = execFileSync(program, { encoding: 'utf8', cwd: join(root, 'wasm') })
    const [, agree, cases, unexplained] = /(\d+) of (\d+) agree.* (\d+) unexplained/.exec(text) ?? []
    if (!cases) return report(fixture, 'libipt', 'skip', 0, 0, 'the cases are not beside the project')
    const different = Number(cases) - Number(agree)
    report(fixture, 'libipt', different ? 'FAIL' : 'ok', Number(cases), different, text.split('\n')[0], { named: unexplained === '0' })
  } catch (error) {
    report(fixture, 'libipt', 'skip', 0, 0, String(error).split('\n')[0])
  }
}

/** The sets of options that fit a trace. */
function combinationsFor(fixture) {
  const sets = olderCombinationsFor(fixture)
  return newerPerf ? [...sets, ...newerCombinations(sets)] : sets
}

function olderCombinationsFor(fixture) {
  if (fixture.group === 'quipper') return captureCombinations
  const sets = fixture.source === 'lbr' ? stackCombinations : combinations
  return fixture.group === 'shared' || (!fixture.source && fixture.group === 'project') ? [...everyField(fixture), ...sets] : sets
}

/** The comparisons with every field, which are made without --fidelity too. */
function everyField(fixture) {
  const set = (name, itrace, fields, ns) => ({ name, words: scriptOptions(fixture.symfs, itrace, fields, ns).slice(2) })
  if (fixture.source === 'bts') return [set('b', 'b', BTS_FIELDS, false)]
  if (fixture.source === 'lbr') return [set('b', 'b', LBR_FIELDS, true), set('code', 'b', LBR_CODE_FIELDS, false)]
  return ['b', 'i0ns'].map((itrace) => set(itrace, itrace, fieldsOf(fixture), true))
}

function judgeFidelity() {
  for (const fixture of allFixtures().filter(matches))
    addJob(fixture, () =>
      judgeCombinations(
        fixture,
        combinationsFor(fixture).filter(({ name }) => wants(name)),
      ),
    )
  if (wants('libipt')) addJob(libiptCases, judgeLibipt)
}

/** Runs the jobs, small traces first; returns those there was no time for. */
async function runJobs() {
  const latest = options.minutes ? Date.now() + Number(options.minutes) * 60_000 : Infinity
  const waiting = [...jobs.values()].sort((a, b) => a.bytes - b.bytes).values()
  const left = []
  const worker = async () => {
    for (const job of waiting) {
      const kept = keptRows(job)
      const before = kept?.read()
      if (before) before.forEach(show)
      else if (Date.now() > latest) left.push(job.name)
      else await runJob(job, kept)
    }
  }
  await Promise.all(Array.from({ length: Number(options.jobs) }, worker))
  return left
}

/** With --fidelity what this build has already been held against is not done again. */
const keptRows = ({ fixture }) => (options.fidelity && fixture.trace ? new KeptRows(fixture, [options.judge, combinationsFor(fixture)]) : null)

async function runJob({ fixture, runs }, kept) {
  const start = Date.now()
  for (const run of runs) await run()
  const own = ({ group, name }) => group === fixture.group && name === fixture.name
  kept?.write(rows.filter(own), (Date.now() - start) / 1000)
}

/** Rows in the order of the traces, not of what was done first. */
function sortRows() {
  const place = (list, item) => (list.includes(item) ? list.indexOf(item) : list.length)
  const older = ['truth', 'views', 'b', 'i0ns', 'code', ...combinations, ...stackCombinations].map((judge) => judge.name ?? judge)
  const judges = [...older, ...older.map((name) => `${name} 6.12`)]
  const traces = [...new Set([...allFixtures(), ...rows].map(({ group, name }) => `${group}/${name}`))]
  const rank = (row) => traces.indexOf(`${row.group}/${row.name}`) * 1000 + place(judges, row.judge)
  rows.sort((a, b) => rank(a) - rank(b))
}

const allFixtures = () => [...projectFixtures(), ...otherFixtures(), ...capturedTraces(), ...sharedFixtures(), ...quipperTraces()]

const matches = (fixture) => new RegExp(options.only).test(fixture.name)

if (options.rebase) {
  if (!perf.startsWith('6.1.')) {
    console.error(`judge: --rebase needs perf 6.1; ${perf ? `this is ${perf}` : 'perf is not installed'}`)
    process.exit(1)
  }
  for (const fixture of projectFixtures().filter(matches)) await rebase(fixture)
  for (const fixture of otherFixtures().filter(matches)) await rebaseOther(fixture)
  process.exit(0)
}

execFileSync('make', ['-s', '-C', join(root, 'wasm'), 'print_stream'], { stdio: 'inherit' })
console.log('      trace                              judge      lines  differ  first difference')
if (options.fidelity) {
  // Builds the bundle where that is needed.
  execFileSync(process.execPath, [cli, '--help'])
  judgeFidelity()
}
for (const fixture of projectFixtures().filter(matches)) {
  if (wants('truth') || wants('views')) addJob(fixture, () => judgeTruth(fixture))
  // With --fidelity perf's part is in combinationsFor.
  for (const itrace of ['b', 'i0ns']) if (wants(itrace) && !options.fidelity) addJob(fixture, () => judgeExpected(fixture, itrace))
}
for (const fixture of otherFixtures().filter(matches)) addJob(fixture, () => judgeOther(fixture))
if (wants('junk') && options.candidate !== 'perf' && !options.only)
  addJob({ group: 'project', name: 'junk' }, async () => {
    for (const row of await judgeJunk()) report(...row)
  })
if (!options.project) {
  for (const fixture of capturedTraces().filter(matches))
    for (const kept of fixture.kept) if (wants(kept.itrace)) addJob(fixture, () => judgeKept(fixture, kept))
  for (const fixture of sharedFixtures().filter(matches)) listShared(fixture)
}
const left = await runJobs()
if (options.fidelity) {
  sortRows()
  const judges = [
    ptgen.path ? 'the truth of the generator' : 'the truth kept with the fixtures',
    perf ? `perf ${perf}` : 'no perf here',
    ...(newerPerf ? [`perf ${newerPerf}`] : []),
    'libipt',
  ]
  const unexplained = writeFidelity(root, rows, judges, left)
  for (const row of unexplained) console.log(`unexplained: ${row.group}/${row.name} ${row.judge}: ${row.different} lines. ${row.first}`)
  console.log(`fidelity: docs/fidelity.md written, ${unexplained.length} unexplained`)
  process.exit(unexplained.length ? 1 : 0)
}
const failed = rows.filter((row) => row.verdict === 'FAIL').length
const skipped = rows.filter((row) => row.verdict === 'skip').length
if (left.length) console.log(`no time for ${left.join(', ')}`)
if (skipped) console.log(`${skipped} skipped`)
console.log(`judge: ${rows.length - failed - skipped} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
