// SPDX-License-Identifier: Apache-2.0
// Fields that a sweep over all of perf's, alone and together, found to differ. Where perf is installed it is asked.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { opened, projectFixtures } from './bundles-for-tests'
import { parseCommand } from './args'
import { hasPerf } from './perf-for-tests'
import { scriptText } from './script-for-tests'

const symfs = join(projectFixtures, 'symfs')
const fixture = (name: string): string => join(projectFixtures, `${name}.perf.data`)
const ofPerf = (name: string, words: readonly string[]): string =>
  execFileSync('perf', ['script', '-i', fixture(name), '--symfs', symfs, ...words], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] })

it('shows the instruction at the first PSB of a snapshot, before which nothing was walked', async () => {
  const text = scriptText(await opened(fixture('other/snapshot-calls'), symfs), ['--itrace=p', '-F', 'event,ip,insn'])
  expect(text.split('\n').slice(-5, -2)).toEqual([
    '        psb:            401f84 insn: 83 f8 3f',
    '        psb:            402478 insn: 72 14',
    '        psb:            401c50 insn: 48 8b 73 08',
  ])
})

it('prints nothing where flags, which are no field of their own, are all that is asked for', async () => {
  expect(scriptText(await opened(fixture('other/aux-sample-calls'), symfs), ['-F', 'flags'])).toBe('')
  expect(scriptText(await opened(fixture('other/lbr-calls'), symfs), ['-F', 'flags'])).toBe('')
})

it('refuses what perf refuses, in its words', async () => {
  const session = await opened(fixture('calls-notime'), symfs)
  expect(() => scriptText(session, ['-F', 'srcline'])).toThrow('Display of source line number requested but sample IP is not selected. Hence, no address to lookup the source line number.')
  expect(() => scriptText(session, ['-F', 'time'])).toThrow("Samples for 'intel_pt//u' event do not have TIME attribute set. Cannot print 'time' field.")
  expect(parseCommand(['script', '-F', '-dsoff', 'x'])).toEqual({ ok: false, error: '-F dsoff: perf 6.1 has no such field; --perf-version 6.12 has.' })
})

const commands: Record<string, string[][]> = {
  'other/aux-sample-calls': [['-F', '+insn,+flags'], ['--itrace=wpxIe', '-F', 'ip,sym,insnlen'], ['-F', 'flags', '--itrace=b']],
  'other/snapshot-calls': [['--itrace=bp', '-F', '+insn,+flags'], ['--itrace=i1usp', '-F', '+insnlen,+addr']],
}
for (const [name, lists] of Object.entries(commands))
  it.runIf(hasPerf())(`prints what perf does of ${name}`, async () => {
    const session = await opened(fixture(name), symfs)
    for (const words of lists) expect(scriptText(session, words), words.join(' ')).toBe(ofPerf(name, words))
  })
