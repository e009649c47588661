// SPDX-License-Identifier: Apache-2.0
// What `npm run fidelity` makes of judge.mjs's rows: docs/fidelity.md, a table of
// judges and traces with the reason for every difference. A difference without a
// reason is a failure.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Options of perf script that are held against perf besides `b` and `i0ns` with all fields. */
export const combinations = [
  { name: 'default', words: [] },
  { name: 'calls', words: ['--itrace=c', '--ns'] },
  { name: 'returns', words: ['--itrace=r', '-F', '+flags'] },
  { name: 'events', words: ['--itrace=wpxIe', '--ns', '-F', '+flags,+pid'] },
  { name: 'i1000i', words: ['--itrace=i1000ie', '-F', '+ipc,+insn,+insnlen'] },
  { name: 'i10us', words: ['--itrace=i10us', '-F', '+misc,+addr'] },
  { name: 'i1us', words: ['--itrace=bi1us', '--deltatime'] },
  { name: 'chains', words: ['--itrace=i500ig8'] },
  { name: 'lbr', words: ['--itrace=i333il16', '-F', '+brstack'] },
  { name: 'lbrsym', words: ['--itrace=i3333il4', '-F', 'tid,ip,sym,brstacksym'] },
  { name: 'quick', words: ['--itrace=qbei0nspwxI', '--ns', '-F', '+flags'] },
  { name: 'leaps', words: ['--itrace=qqbei0nspwxI', '--ns', '-F', '+flags,+addr'] },
  { name: 'insn', words: ['--insn-trace'] },
  { name: 'call', words: ['--call-trace'] },
  { name: 'callret', words: ['--call-ret-trace'] },
  { name: 'skip', words: ['--itrace=bs100', '--reltime', '-F', '-dso'] },
  {
    name: 'sideband',
    words: ['--show-mmap-events', '--show-task-events', '--show-switch-events', '--show-lost-events', '--itrace=e', '-F', '+misc'],
  },
  { name: 'srcline', words: ['--itrace=b', '-F', '+srcline'] },
  { name: 'dump', words: ['-D'] },
  { name: 'bykind', words: ['--itrace=bpi5000i', '-F', 'hw:tid,ip,flags', '-F', 'synth:+pid,-comm'] },
]

/** Of samples with branch stacks. */
export const stackCombinations = [
  { name: 'default', words: [] },
  { name: 'brstack', words: ['-F', '+brstack,+misc', '--ns'] },
  { name: 'brstacksym', words: ['-F', 'comm,tid,ip,sym,brstacksym', '--deltatime'] },
  { name: 'brstackoff', words: ['-F', 'tid,time,brstackoff,dso'] },
  { name: 'brstackinsn', words: ['-F', 'comm,tid,ip,sym,symoff,brstackinsn'] },
  { name: 'sideband', words: ['--show-mmap-events', '--show-task-events', '--show-lost-events', '-F', '+misc'] },
]

/** Of captures of other makers, whose binaries are not there. */
export const captureCombinations = [
  { name: 'default', words: [] },
  { name: 'fields', words: ['-F', 'comm,pid,tid,cpu,time,period,event,ip,sym,symoff,dso', '--ns'] },
  { name: 'sideband', words: ['--show-mmap-events', '--show-task-events', '--show-lost-events', '-F', '+misc'] },
]

/** Of these perf 6.12 is asked too, where it is: what it words otherwise is in them. */
const asked = ['default', 'returns', 'chains', 'lbr', 'lbrsym', 'quick', 'insn', 'callret', 'sideband', 'srcline', 'dump', 'b', 'code']
const ofStacks = [...stackCombinations, ...captureCombinations]

/** The sets that perf 6.12 is asked, with it behind their names. */
export const newerCombinations = (sets) =>
  sets.filter((set) => asked.includes(set.name) || ofStacks.includes(set)).map(({ name, words }) => ({ name: `${name} 6.12`, words, version: '6.12' }))

/**
 * Known reasons: trace and judge they hold for, how many lines differ (exactly, where that is the same for each), and
 * what every one of these lines looks like, or what is said of the first; `but`: in what alone ours differ from theirs;
 * `to`: heading in docs/why-different.md.
 */
const reasons = [
  /* The number of the line agrees, its file does not. */
  { trace: /./, judge: /^srcline( 6.12)?$/, each: /^\s*[\w.-]+\.[chS]:\d+$/, but: /[\w.-]+(?=:)/, to: 'srcline' },
  { trace: /^pipe$/, judge: /^(i0ns|i10us|leaps|b 6.12)$/, first: /^perf prints nothing: .*Cannot print 'addr' field\.$/, to: 'pipe-addr' },
  /* Frames of the program before an exec: the old maps that perf still names them by are gone. */
  {
    trace: /^forkexec$/,
    judge: /^(chains|lbr)( 6.12)?$/,
    each: /^\s+[0-9a-f]+ (\[unknown\]|\w+\+0x[0-9a-f]+) \((\[unknown\]|\/usr\/lib\/x86_64-linux-gnu\/libc\.so\.6|\/opt\/ptgen\/bin\/forkexec)\)$|0x7ffff7ea[0-9a-f]+ ?\(/,
    to: 'maps-before-exec',
  },
]

function reasonFor(row) {
  /* Its program finds a named reason for every case. */
  if (row.judge === 'libipt') return row.named ? { to: 'libipt-cases' } : undefined
  return reasons.find(
    ({ trace, judge, count, each, but, first }) =>
      trace.test(row.name) &&
      judge.test(row.judge) &&
      (!count || count.includes(row.different)) &&
      (!first || first.test(row.first)) &&
      (!each || unpaired(row.lines ?? []).every((text) => each.test(text))) &&
      (!but || !unpaired(unpaired(row.lines ?? []).map((text) => text.replace(but, ''))).length),
  )
}

/** Lines that are not there twice, or four times: once of ours for each of theirs. */
function unpaired(lines) {
  const odd = new Set()
  for (const line of lines) if (!odd.delete(line)) odd.add(line)
  return [...odd]
}

const link = (to) => `[${to}](why-different.md#${to})`

/** One line of the table: a judge's verdict on one trace. */
function line(row) {
  const { group, name, judge, compared, different, verdict, first } = row
  const why =
    different || verdict === 'skip' ? (reasonFor(row) ? link(reasonFor(row).to) : verdict === 'skip' ? first : '**unexplained**') : ''
  return `| ${group} | ${name} | ${judge} | ${verdict === 'skip' ? 'not compared' : compared} | ${different} | ${why.replaceAll('|', '\\|')} |`
}

const listed = (sets) =>
  sets.map(({ name, words }) => `- \`${name}\`: ${words.length ? `\`${words.join(' ')}\`` : 'no options'}`).join('\n')

/** Writes the page; `left`: traces that there was no time for. Returns the rows that nothing explains. */
export function writeFidelity(root, rows, judges, left) {
  const unexplained = rows.filter((row) => row.verdict === 'FAIL' && !reasonFor(row))
  const total = rows.reduce((sum, row) => sum + (row.compared || 0), 0)
  const different = rows.reduce((sum, row) => sum + (row.different || 0), 0)
  const words = process.argv.slice(3).filter((word, at, all) => word !== '--jobs' && all[at - 1] !== '--jobs')
  const part = words.length ? ` -- ${words.join(' ')}\` (a part of the traces: without words it takes all)` : '`'
  const text = `# Fidelity

Made by \`npm run fidelity${part}; do not edit. Judges: ${judges.join('; ')}.
\`truth\` is the exact list of executed instructions, for \`views\` by what the views show and for all others by \`ptarmigan script\`; \`libipt\` are
libipt's own cases; all other judges are perf 6.1 with these options:

${listed(combinations)}
- \`b\`, \`i0ns\`: \`--itrace=b\`, \`--itrace=i0ns\`, \`--ns\`, every field

\`6.12\` behind a name: perf 6.12 with these options, held against \`--perf-version 6.12\`.

Of traces of branch stacks (\`lbr-\`) and of captures without their binaries (\`quipper\`):

${listed([...stackCombinations, ...captureCombinations.slice(1, 2)])}

${total.toLocaleString('en')} lines compared, ${different.toLocaleString('en')} different, ${unexplained.length} traces with an unexplained difference.
${left.length ? `\nNot compared, for want of time (\`--minutes\`): ${left.join(', ')}.\n` : ''}
| traces | trace | judge | lines compared | different | why |
|---|---|---|--:|--:|---|
${rows.map(line).join('\n')}
`
  writeFileSync(join(root, 'docs/fidelity.md'), text)
  return unexplained
}
