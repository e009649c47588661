// SPDX-License-Identifier: Apache-2.0
// perf script's options beside fields and letters: what they print is what perf prints. Where perf is installed it is asked.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { parseCommand } from './args'
import { opened, projectFixtures } from './bundles-for-tests'
import { missingKind } from './fields'
import { Writer } from '../share/little-endian'
import { shellPrinter } from './output'
import { hasPerf } from './perf-for-tests'
import { perfData, record, sample, Sample } from './perf-data-for-tests'
import { optionsText, script } from './script'
import { scriptText } from './script-for-tests'

// perf and decoders are started many times: a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 })

const symfs = join(projectFixtures, 'symfs')
const fixture = (name: string): string => join(projectFixtures, `${name}.perf.data`)
const perfOfFile = (file: string, words: readonly string[]): string =>
  execFileSync('perf', ['script', '-i', file, '--symfs', symfs, ...words], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] })
const ofPerf = (name: string, words: readonly string[]): string => perfOfFile(fixture(name), words)
const linesOf = async (words: readonly string[]) => scriptText(await opened(fixture('calls-cyc'), symfs), words).split('\n').slice(0, 3).join('\n')

it('prints what is in functions, at addresses, and in binaries', async () => {
  expect(await linesOf(['--itrace=b', '-S', 'main', '-F', 'ip,sym,symoff'])).toBe(`           40104a main+0x1a
           40105e main+0x2e
           40106a main+0x3a`)
  expect(await linesOf(['--itrace=b', '-S', '0x401040', '--addr-range', '31', '-F', 'ip,sym'])).toBe(`           40104a main
           40105e main
`)
  expect(await linesOf(['--itrace=b', '--dsos', 'other', '-F', 'ip'])).toBe('')
})

it('prints what a function calls', async () => {
  expect(await linesOf(['--call-trace', '--graph-function', 'descend', '-F', '-comm,-tid,-cpu,-dso,-sym,-symoff'])).toBe(`86409.526768928:             descend             
86409.526768928:                 descend         
86409.526768928:                     descend     `)
})

it('ends call chains where it is told', async () => {
  expect(await linesOf(['--itrace=i10ig', '--stop-bt', '_start_c', '-F', 'comm,ip,sym'])).toBe(`calls 
	            11f0 _start_c
`)
})

it('takes what lies outside of the times asked for as if it was not', async () => {
  expect(await linesOf(['--itrace=bp', '--time', '86409.526769,', '-F', 'event,ip,addr,insn'])).toBe(`        cbr:           401368           401357 insn: 75 0f
 branches:u:            401357 =>           401368 insn: 75 0f
 branches:u:            40136b =>           401350 insn: e8 e0 ff ff ff`)
  expect(await linesOf(['--itrace=i1us', '--time', '86409.526769,86409.5267695', '-F', 'period,ip'])).toBe('      5912            401370\n')
  expect(scriptText(await opened(fixture('calls-ovf'), symfs), ['--itrace=e', '-C', '1'])).toBe('')
  const perThread = await opened(fixture('calls-per-thread'), symfs)
  expect(() => scriptText(perThread, ['-C', '0'])).toThrow('File does not contain CPU events. Remove -C option to proceed.')
})

it('looks for one range of times after the other, and never back, as perf does with percentages', async () => {
  const command = parseCommand(['script', 'x', '--itrace=p', '-F', 'event'])
  if (!command.ok || command.value.name !== 'script') throw new Error('not a script command')
  const second = 1_000_000_000n
  const times = [{ start: 86_409_526_769_000n, end: 86_410n * second }, { start: 0n, end: 86_409_526_720_000n }]
  const answer = (await opened(fixture('calls-cyc'), symfs)).query('script', { first: 0, text: optionsText(command.value.options, times, 0) })
  expect(answer.ok && new TextDecoder().decode(answer.value.text.pool)).toBe('        cbr: \n')
})

/** Each with what it is told beside what it filters. */
const commands = [
  ['--itrace=bp', '-S', 'main,descend', '--show-mmap-events'], ['--itrace=i10us', '-S', '401040', '--addr-range', '30000'], ['--dsos', '[unknown]'], ['--itrace=i1us', '--dsos', 'calls,/opt/ptarmigan/threads'],
  ['--call-ret-trace', '--graph-function', 'descend,main'], ['--itrace=i100ib', '--graph-function', 'cycle', '--show-task-events'],
  ['--itrace=i1usg', '--stop-bt', 'main'], ['--itrace=G8', '--max-stack', '2'], ['--itrace=i1usg4', '--max-stack', '2'],
  ['-L', '-F', '+pid,+misc', '--itrace=i10us'], ['--itrace=i10us', '--full-source-path', '-F', '-sym,-symoff,+srcline'],
  ['--no-itrace'], ['--tid='], ['--itrace=i10i', '--itrace=e'], ['--itrace=e', '--itrace'], ['--itrace='], ['-F', 'ip,sym', '--call-trace'],
  ['--call-ret-trace', '-F', 'ip'], ['-F', '+flags', '-F', 'ip', '--itrace=b'], ['--show-m', '--no-ns', '-f', '-v', '-a'], ['--comms=', '--itrace=b'],
  ['--itrace=bepi1us', '--time', '86409.52681,86409.52682', '-F', '+insn,+ipc'], ['--show-task-events', '--pid', '1', '--time', '1,2', '--call-trace', '-F', '+ip'],
]
for (const name of ['other/aux-sample-calls', 'other/bts-calls'])
  it.runIf(hasPerf())(`prints what perf does of ${name}`, async () => {
    const session = await opened(fixture(name), symfs)
    for (const words of commands) expect(scriptText(session, words), words.join(' ')).toBe(ofPerf(name, words))
  })

it('switches on and off with samples of an event', async () => {
  const session = await opened(fixture('other/lbr-calls'), symfs)
  const count = (...words: string[]) => scriptText(session, [...words, '-F', 'ip']).split('\n').length - 1
  expect(count('--switch-on', 'cycles:u')).toBe(81)
  expect(count('--switch-on', 'cycles:u', '--show-on-off-events')).toBe(82)
  expect(count('--switch-off', 'cycles:u')).toBe(81)
  expect(count('--switch-on', 'cycles:u', '--switch-off', 'cycles:u')).toBe(0)
  expect(count('--switch-on', 'dummy:u')).toBe(0)
  expect(() => count('--switch-off', 'cycles')).toThrow('switch-off event not found (cycles)')
})

it('prints so many blocks of code of a branch stack', async () => {
  const session = await opened(fixture('other/lbr-calls'), symfs)
  const text = (most: string) => scriptText(session, ['--max-blocks', most, '-F', 'ip,brstackinsn'])
  expect(text('2').split('\n').filter((line) => /^\t[0-9a-f]+/.test(line) && line.includes('#')).length).toBeLessThan(text('0').split('\n').filter((line) => line.includes('#')).length)
  if (hasPerf()) for (const most of ['1', '2', '5', '99']) expect(text(most), most).toBe(ofPerf('other/lbr-calls', ['--max-blocks', most, '-F', 'ip,brstackinsn']))
})

it('tells addresses of a branch stack as they are where decoding read the files, as perf does', async () => {
  const words = ['--itrace=i10usl2', '-F', 'ip,brstackoff']
  const text = scriptText(await opened(fixture('calls-pie-cyc'), symfs), words)
  expect(text).toMatch(/^ +7ffff7ffb006 0x7ffff7ffa4e4\//)
  if (hasPerf()) expect(text).toBe(ofPerf('calls-pie-cyc', words))
})

it('knows which kinds of events there are', () => {
  const command = parseCommand(['script', 'x', '-F', 'sw:', '-F', 'hw:'])
  if (!command.ok || command.value.name !== 'script') throw new Error('not a script command')
  expect(missingKind(command.value.options.fields, [0])).toBe('software events do not exist. Remove corresponding -F option to proceed.')
  expect(missingKind(command.value.options.fields, [0, 1])).toBe('')
})

it('decodes without times what was not told who ran: whoever was last', async () => {
  expect(await linesOf(['--itrace=Zb', '-F', 'comm,ip,addr'])).toBe('         swapper                 0 =>           4011bf\n')
})

it.runIf(hasPerf())('decodes a thread without times when it ends, as perf does', async () => {
  for (const [name, words] of [['threads-per-thread', ['--itrace=Zbep']], ['threads-2cpu', ['--itrace=Zbcepwxi1us']]] as const)
    expect(scriptText(await opened(fixture(name), symfs), words), name).toBe(ofPerf(name, words))
})

it('measures approximate IPC wherever time moves, between branches too', async () => {
  expect(await linesOf(['--itrace=Ai100i', '-F', 'ip,ipc'])).toBe(`           401508 \t IPC: 1.40 (100/71) 
           401540 \t IPC: 1.38 (100/72) 
           401556 \t IPC: 0.49 (100/202) `)
})

it.runIf(hasPerf())('measures it where perf does', async () => {
  const session = await opened(fixture('tsx'), symfs)
  for (const letters of ['bA', 'Ai7ibx', 'i1usAb', 'Aqb']) expect(scriptText(session, [`--itrace=${letters}`, '-F', 'ip,ipc']), letters).toBe(ofPerf('tsx', [`--itrace=${letters}`, '-F', 'ip,ipc']))
})

const errorOf = (...words: string[]) => {
  const parsed = parseCommand(['script', 'x', ...words])
  return parsed.ok ? 'taken' : parsed.error
}

it('says of what is not there why', () => {
  expect(errorOf('--reltime', '--deltatime')).toBe("reltime and deltatime - the two don't get along well. Please limit to --reltime or --deltatime.")
  expect(errorOf('--insn-trace=words')).toBe('Only accept raw|disasm')
  expect(errorOf('--debug-mode')).toContain('only counts samples')
  expect(errorOf('--max-stack', 'many')).toBe('--max-stack many: not a whole number.')
})

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

it.each([
  ['does not name its events', 72, 0],
  ['names them in a damaged header', 0x20a0 + 0x89, 128],
])('knows no more of the trace than a number where the file %s, and makes room for that', async (_, at, byte) => {
  const bytes = readFileSync(fixture('calls-default'))
  if (byte === 0) bytes.fill(0, at, at + 32)
  else bytes[at] = byte
  const file = join(folder, 'damaged.perf.data')
  writeFileSync(file, bytes)
  const words = ['--itrace=b', '-F', 'event,ip']
  const text = scriptText(await opened(file, symfs), words)
  expect(text.split('\n', 1)).toEqual(['          branches:u:                 0'])
  if (hasPerf()) expect(text).toBe(perfOfFile(file, words))
})

/** The fixtures' binaries, one function of `calls` with a name of C++. */
function mangledSymfs(): string {
  const at = join(folder, 'mangled')
  cpSync(symfs, at, { recursive: true })
  const binary = join(at, 'opt/ptarmigan/calls')
  writeFileSync(binary, readFileSync(binary, 'latin1').replaceAll('wrapper_cmp\0', '_Z7wrapcmpv\0'), 'latin1')
  return at
}

it('prints names as they are linked, or demangled', async () => {
  const at = mangledSymfs()
  const lastOf = async (words: string[]) => scriptText(await opened(fixture('calls-cyc'), at), ['--itrace=b', '-F', 'ip,sym', ...words]).match(/\S*wrapcmp\S*/)?.[0]
  expect(await lastOf([])).toBe('wrapcmp')
  expect(await lastOf(['--no-demangle'])).toBe('_Z7wrapcmpv')
  const words = ['--itrace=i100i', '--no-demangle', '-F', 'ip,sym,symoff,dso']
  const perf = () => execFileSync('perf', ['script', '-i', fixture('calls-cyc'), '--symfs', at, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  if (hasPerf()) expect(scriptText(await opened(fixture('calls-cyc'), at), words)).toBe(perf())
})

it('dumps records in the order of the file', async () => {
  const file = fixture('threads-2cpu')
  const kindsOf = (text: string) => text.match(/PERF_RECORD_\w+/g) ?? []
  const sorted = kindsOf(scriptText(await opened(file, symfs), ['-D'], file))
  const text = scriptText(await opened(file, symfs), ['--dump-unsorted-raw-trace'], file)
  expect(kindsOf(text)).not.toEqual(sorted)
  expect(kindsOf(text).sort()).toEqual(sorted.sort())
  expect(text).toContain('PERF_RECORD_FINISHED_ROUND: unhandled!')
  if (hasPerf()) expect(text).toBe(perfOfFile(file, ['--dump-unsorted-raw-trace']))
})

it('prints samples in the order of the file, and where rounds end, but none of a trace', async () => {
  const file = join(folder, 'rounds.perf.data')
  const [SAMPLE, FINISHED_ROUND] = [Sample.IP | Sample.TID | Sample.TIME, 68]
  const at = (time: number) => sample(new Writer().u64(0x401000).i32(1).i32(1).u64(time))
  writeFileSync(file, perfData([{ type: 1, config: 0, sampleType: SAMPLE, id: 5 }], [at(3000), record(FINISHED_ROUND, 0, new Writer()), at(2000), at(4000)]))
  const words = ['--show-round-events', '--ns', '-F', 'time']
  const text = scriptText(await opened(file, symfs), words)
  expect(text.split('\n').map((line) => line.trim())).toEqual(['0.000003000:', 'PERF_RECORD_FINISHED_ROUND', '0.000002000:', '0.000004000:', ''])
  const dump = ['-D', '--show-round-events']
  if (hasPerf()) expect([text, scriptText(await opened(file, symfs), dump, file)]).toEqual([perfOfFile(file, words), perfOfFile(file, dump)])
  const traced = await opened(fixture('calls-default'), symfs)
  expect(() => scriptText(traced, words)).toThrow('Intel Processor Trace requires ordered events')
})

it('refuses percentages of a time that the header does not tell, as perf does', async () => {
  const file = join(folder, 'untold.perf.data')
  writeFileSync(file, perfData([{ type: 1, config: 0, sampleType: Sample.IP | Sample.TID | Sample.TIME, id: 5 }], [sample(new Writer().u64(0x401000).i32(1).i32(1).u64(1000))]))
  const parsed = parseCommand(['script', file, '--time', '0%-10%'])
  if (!parsed.ok || parsed.value.name !== 'script') throw new Error('script is a command')
  const answer = await script(await opened(file, symfs), file, parsed.value.options)
  expect(answer).toEqual({ ok: false, error: expect.stringContaining('no first/last sample time found in perf data.') })
})

it('prints through a program, and knows when it is not there', async () => {
  const into = join(folder, 'lines')
  const counted = shellPrinter(`wc -l >${into}`)
  await counted.print('one\ntwo\n')
  expect(await counted.end()).toBe(true)
  expect(execFileSync('cat', [into], { encoding: 'utf8' }).trim()).toBe('2')
  writeFileSync(into, '')
  const missing = shellPrinter('no-such-program-here 2>/dev/null')
  await missing.print('one\n')
  expect(await missing.end()).toBe(false)
})
