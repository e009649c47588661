// SPDX-License-Identifier: Apache-2.0
// --itrace=G and L: call chains and last branches of the trace, added to the samples that were recorded beside it.
// Where perf is installed it is asked.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { opened, projectFixtures } from './bundles-for-tests'
import { hasPerf } from './perf-for-tests'
import { scriptText } from './script-for-tests'

const symfs = join(projectFixtures, 'symfs')
const fixture = (name: string): string => join(projectFixtures, `other/${name}.perf.data`)
const ofPerf = (trace: string, words: readonly string[]): string =>
  execFileSync('perf', ['script', '-i', trace, '--symfs', symfs, ...words], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] })

it('adds the call chain where the trace has got to', async () => {
  const text = scriptText(await opened(fixture('mixed-cyc'), symfs), ['--itrace=G3'])
  expect(text.split('\n\n').slice(1, 3).join('\n')).toBe(`calls 28513 [000] 86409.526768:         97    cycles:u: 
	            179e __libc_start_main+0x1e (/opt/ptarmigan/calls)
	            11d5 _start+0x16 (/opt/ptarmigan/calls)
calls 28513 [000] 86409.526768:         97    cycles:u: 
	            12eb fibonacci+0x1b (/opt/ptarmigan/calls)
	            12eb fibonacci+0x1b (/opt/ptarmigan/calls)
	            12eb fibonacci+0x1b (/opt/ptarmigan/calls)`)
})

it('adds the last branches', async () => {
  const text = scriptText(await opened(fixture('mixed-cyc'), symfs), ['--itrace=L2', '-F', 'comm,ip,brstack'])
  expect(text.split('\n').slice(2, 4).join('\n')).toBe(
    `           calls            4012f0 0x4012e6/0x4012d0/-/-/-/0/  0x4012f0/0x4012e0/-/-/-/0/ 
           calls            4012e6 0x4012e6/0x4012d0/-/-/-/0/  0x4012e6/0x4012d0/-/-/-/0/ `,
  )
})

/** The number of the last of a letter and its capital counts for both; BTS has neither. */
const commands = [['--itrace=bG9'], ['--itrace=L5', '-F', '+brstacksym'], ['--itrace=i3000ig20G4l70L3', '-F', '+brstack'], ['--itrace=G', '-G'], ['--itrace=q,i,G,L', '-F', '+brstack'], []]
for (const name of ['mixed-cyc', 'mixed-mtc', 'mixed-bts', 'aux-sample-calls'])
  it.runIf(hasPerf())(`prints what perf does of ${name}`, async () => {
    const session = await opened(fixture(name), symfs)
    for (const words of commands) expect(scriptText(session, words), words.join(' ')).toBe(ofPerf(fixture(name), words))
  })
