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
  { name: 'insn', words: ['--insn-trace'] },
  { name: 'call', words: ['--call-trace'] },
  { name: 'callret', words: ['--call-ret-trace'] },
  { name: 'skip', words: ['--itrace=bs100', '--reltime', '-F', '-dso'] },
  { name: 'sideband', words: ['--show-mmap-events', '--show-task-events', '--show-switch-events', '--show-lost-events', '--itrace=e', '-F', '+misc'] },
  { name: 'srcline', words: ['--itrace=b', '-F', '+srcline'] },
  { name: 'dump', words: ['-D'] },
  { name: 'bykind', words: ['--itrace=bpi5000i', '-F', 'hw:tid,ip,flags', '-F', 'synth:+pid,-comm'] },
]

/** Known reasons: trace and judge they hold for, and how many lines at most; `to`: heading in docs/why-different.md. */
const reasons = [
  { trace: /notime/, judge: /./, most: Infinity, to: 'notime' },
  { trace: /truncated/, judge: /^i1us$/, most: 20, to: 'lost-inside' },
  { trace: /snapshot/, judge: /./, most: Infinity, to: 'snapshot' },
  { trace: /./, judge: /^srcline$/, most: 4, to: 'srcline' },
  { trace: /pipe/, judge: /^dump$/, most: Infinity, to: 'pipe-dump' },
  { trace: /zstd/, judge: /^dump$/, most: Infinity, to: 'options-that-are-not-there' },
  { trace: /./, judge: /^libipt$/, most: 40, to: 'libipt-cases' },
]

const reasonFor = (row) => reasons.find(({ trace, judge, most }) => trace.test(row.name) && judge.test(row.judge) && row.different <= most)

const link = (to) => `[${to}](why-different.md#${to})`

/** One line of the table: a judge's verdict on one trace. */
function line(row) {
  const { group, name, judge, compared, different, verdict, first } = row
  const why = different || verdict === 'skip' ? (reasonFor(row) ? link(reasonFor(row).to) : verdict === 'skip' ? first : '**unexplained**') : ''
  return `| ${group} | ${name} | ${judge} | ${verdict === 'skip' ? 'not compared' : compared} | ${different} | ${why.replaceAll('|', '\\|')} |`
}

/** Writes the page; returns the rows that nothing explains. */
export function writeFidelity(root, rows, judges) {
  const unexplained = rows.filter((row) => row.verdict === 'FAIL' && !reasonFor(row))
  const total = rows.reduce((sum, row) => sum + (row.compared || 0), 0)
  const different = rows.reduce((sum, row) => sum + (row.different || 0), 0)
  const text = `# Fidelity

Made by \`npm run fidelity${process.argv.length > 3 ? ` -- ${process.argv.slice(3).join(' ')}` : ''}\`${process.argv.length > 3 ? ' (a part of the traces: without words it takes all)' : ''}; do not edit. Judges: ${judges.join('; ')}.
\`truth\` is the exact list of executed instructions, for \`views\` by what the views show and for all others by \`ptarmigan script\`; \`libipt\` are
libipt's own cases; all other judges are perf 6.1 with these options:

${combinations.map(({ name, words }) => `- \`${name}\`: ${words.length ? `\`${words.join(' ')}\`` : 'no options'}`).join('\n')}
- \`b\`, \`i0ns\`: \`--itrace=b\`, \`--itrace=i0ns\`, \`--ns\`, every field

${total.toLocaleString('en')} lines compared, ${different.toLocaleString('en')} different, ${unexplained.length} traces with an unexplained difference.

| traces | trace | judge | lines compared | different | why |
|---|---|---|--:|--:|---|
${rows.map(line).join('\n')}
`
  writeFileSync(join(root, 'docs/fidelity.md'), text)
  return unexplained
}
