// SPDX-License-Identifier: Apache-2.0
// Packets that tell of events, in orders that no fixture has: what `ptarmigan script` prints of a walk with them.
// The lines are perf's; where perf is installed it is asked.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { PerfData } from './perf-data.mjs'
import { walk } from './walk.mjs'

const symfs = resolve(import.meta.dirname, '../fixtures/symfs')
const program = '/opt/ptarmigan/calls'
const cli = resolve(import.meta.dirname, '../../../src/cli/ptarmigan.mjs')
const hasPerf = (spawnSync('perf', ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith('perf version 6.1.')
const STEPS = 60
const PID = 77
const CONFIG = 2 ** 31 + (1 << 4) + (1 << 12) // event, pwr_evt, ptw

let scratch = ''
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), 'events-'))))
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => rmSync(scratch, { recursive: true }))

/** `packets`: more of them by step; `stream`: all of them, in hex, instead of a walk; `config`: bits of that of Intel PT;
 * `arch`: of the header, '' for none; `forks`: [process, the process that forked]; `binary`: what is mapped; `vdso`: that is, too. */
function trace({ packets, stream, config = CONFIG, arch = 'x86_64', forks = [], binary = program, vdso = false }) {
  const text = readFileSync(join(symfs, program))
  // The program's code lies at its addresses less 0x400000 in the file.
  const code = [{ start: 0x401000n, bytes: text.subarray(0x1000, 0x3000) }]
  const walked = walk({ code, entry: 0x4012d0n, steps: STEPS, kernelEntry: {}, indirect: [], firstTsc: 100000, outside: 0x4012d0n, packets })
  const data = new PerfData([], config)
  data.feature(4, (body) => body.string('6.18.0-walk'))
  if (arch) data.feature(6, (body) => body.string(arch))
  data.comm({ time: 1000, pid: PID }, 'walker')
  data.map({ time: 1001, pid: PID }, binary, 0x401000n, 0x2000n, 0x1000n)
  if (vdso) data.map({ time: 1001, pid: PID }, '[vdso]', 0x7ffd00000000n, 0x2000n)
  data.itraceStart({ time: 1002, pid: PID })
  data.switchTo({ time: 1003, pid: PID }, 0)
  for (const [pid, parent] of forks) data.fork({ time: 2000 + pid, pid: parent }, { pid })
  data.last = walked.tscOf(STEPS)
  data.auxtrace(stream ? Buffer.from(stream.replaceAll(' ', ''), 'hex') : walked.packets)
  const file = join(scratch, 'events.data')
  writeFileSync(file, data.write())
  return file
}

const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
const ours = (file, words) => execFileSync(process.execPath, [cli, 'script', file, '--symfs', symfs, ...words], options)
const perfs = (file, words) => execFileSync('perf', ['script', '-i', file, '--symfs', symfs, ...words], options)

const PSB = '0282'.repeat(8)
const MWAIT = '02c22000000001000000'
/** While tracing is off: an MWAIT with its PWRE, of C-state `state`, and no FUP. */
const idle = (state) => `${MWAIT} 022200${state}`
/** TIP, TIP.PGE and TIP.PGD of where the walk begins; the last without an address. */
const [TIP, PGE, PGD] = ['6dd01240000000', '71d01240000000', '01']
/** MODE.TSX: a transaction begins, is aborted. */
const [XBEGIN, XABORT] = ['9921', '9922']
/** MODE.Exec, interrupts off and on. */
const [OFF, ON] = ['9901', '9905']
/** A packet with an address, by its kind: 0d TIP, 11 TIP.PGE, 01 TIP.PGD, 1d FUP. */
const at = (kind, address) => {
  const bytes = Buffer.alloc(7, kind | (3 << 5))
  bytes.writeUIntLE(address, 1, 6)
  return bytes.toString('hex')
}
const [tip, pge, pgd, fup] = [0x0d, 0x11, 0x01, 0x1d].map((kind) => (address) => at(kind, address))
/** What follows where tracing began at a function that calls itself: its branch not taken, it returns to its start; the branch taken. */
const [START, ELSEWHERE] = [0x401350, 0x401310]
const [INSIDE, BEHIND] = [0x401355, 0x401368] // before the branch of its start, where that leads
const descend = (packets) => ({
  stream: `${PSB} ${OFF} 19a0860100000000 0223 ${pge(START)} ${packets} 04 ${tip(START)} 06 ${fup(BEHIND)} 01`,
})
/** Of interrupt 33; with a FUP of its own. */
const [CFE, CFE_IP] = ['02130121', '02138121']
const LATER = '19b0870100000000'
const cases = {
  'PWRX: the deepest C-state is the lower one': { packets: { 5: '02a26704000000' }, lines: ['pwrx: deepest cstate: 7 last cstate: 6 wake reason: 0x4'] },
  'PWRE: what the last one said that an MWAIT had with it': {
    packets: { 5: `${MWAIT} 02220055 FUP`, 9: '02220033', 13: '02228044' },
    lines: ['mwait: hints: 0x20 extensions: 0x1', ...Array(3).fill('pwre: hw: 0 cstate: 5 sub-cstate: 5')],
  },
  'MWAIT, EXSTOP and PWRX at one place': {
    packets: { 8: `${MWAIT} 02220010 FUP 02e2 FUP 02a21101000000` },
    lines: ['mwait: hints: 0x20 extensions: 0x1', 'pwre: hw: 0 cstate: 1 sub-cstate: 0', 'exstop: IP: 1', 'pwrx: deepest cstate: 1 last cstate: 1 wake reason: 0x1'],
  },
  'CFE of types that no branch follows': {
    packets: Object.fromEntries([1, 3, 5, 9, 12, 13].map((type, row) => [4 + row * 3, `0213${(0x80 | type).toString(16)}21 FUP`])),
    lines: ['INTR', 'SMI', 'SIPI', 'VMEXIT_INTR', '12', '13'].map((type) => `evt: cfe: ${type} IP: 1 vector: 33`),
  },
  'the interrupt flag without a branch, a PSB meanwhile': {
    packets: { 4: `${ON} FUP`, 7: `${OFF} FUP`, 9: `${OFF} FUP`, 12: `${PSB} ${OFF} 19b0870100000000 02031800 FUP 0223`, 15: `${ON} FUP` },
    lines: ['iflag: IFLAG: 0->1 non branch', 'iflag: IFLAG: 1->0 non branch', 'iflag: IFLAG: 1->0 non branch', 'psb: psb offs: 0x3f', 'cbr: cbr: 24 freq: 750 MHz ( 75%)', 'iflag: IFLAG: 0->1 non branch'],
  },
  'MWAIT without a FUP: the next FUP is taken for its, with the last that was said': {
    packets: { 5: `FUP ${PGD} ${idle(33)} ${idle(55)} ${PGE}`, 20: `FUP ${TIP}` },
    lines: ['mwait: hints: 0x20 extensions: 0x1', 'pwre: hw: 0 cstate: 5 sub-cstate: 5', /error .* code 6: Trace doesn't match instruction/],
  },
  'so is that of a PSB which code leads up to': {
    packets: { 4: MWAIT, 6: `${PSB} ${OFF} 02031800 FUP 0223` },
    lines: ['mwait: hints: 0x20 extensions: 0x1', 'cbr: cbr: 24 freq: 750 MHz ( 75%)', /error .* code 6/],
  },
  'the interrupt flag at a FUP: the instruction there is told with it': {
    packets: { 5: `${ON} FUP`, 9: `${OFF} FUP`, 10: `${ON} FUP`, 13: `FUP ${OFF} ${TIP}` },
    lines: ['iflag: IFLAG: 0->1 non branch', 'iflag: IFLAG: 1->0 non branch', 'iflag: IFLAG: 0->1 non branch', 'iflag: IFLAG: 1->0 via branch', /error/],
  },
  'the interrupt flag behind an overflow': {
    packets: { 5: `02f3 ${ON} FUP` },
    lines: [/code 7: Overflow packet/, 'iflag: IFLAG: 0->1 non branch', /error .* code 6/],
  },
  'a PSB in a block': {
    packets: { 4: `${ON} FUP`, 5: `${PSB} ${ON} 02031800 FUP 0223`, 16: `${PSB} ${ON} FUP 0223` },
    lines: ['iflag: IFLAG: 0->1 non branch', 'psb: psb offs: 0x2d', 'cbr: cbr: 24 freq: 750 MHz ( 75%)', /psb: psb offs/],
  },
  'a transaction aborted out of the traced code': {
    packets: { 5: `${XBEGIN} FUP`, 20: `${XABORT} FUP ${PGD} ${PGE}` },
    lines: [/error/],
  },
  'events in a transaction': {
    packets: { 4: `${XBEGIN} FUP`, 5: '0203260002a26704000000', 7: `${MWAIT} FUP`, 9: '02e2 FUP', 10: '0262', 11: '021201000000', 13: '029202000000 FUP' },
    lines: [
      'cbr: cbr: 38 freq: 1188 MHz (119%)',
      'pwrx: deepest cstate: 7 last cstate: 6 wake reason: 0x4',
      'mwait: hints: 0x20 extensions: 0x1',
      'exstop: IP: 1',
      'exstop: IP: 0',
      'ptwrite: IP: 0 payload: 0x1',
      'ptwrite: IP: 1 payload: 0x2',
    ],
  },
  'TRIG: no packet to perf 6.1': {
    packets: { 5: 'd900050700', 9: 'd980050700 FUP', 14: 'd9' },
    lines: [...Array(4).fill(/ip 0x4012d5 code 3: Bad packet/), /code 6: Trace doesn't match/, /code 3: Bad packet/],
  },
  'a control flow event that aborts a transaction': { ...descend(`${XBEGIN} ${fup(START)} ${CFE} ${XABORT} ${fup(INSIDE)} ${tip(START)}`), lines: ['evt: cfe: INTR IP: 0 vector: 33'] },
  'a control flow event right behind MODE.TSX': { ...descend(`${XABORT} ${CFE} ${fup(INSIDE)} ${tip(START)}`), lines: ['evt: cfe: INTR IP: 1 vector: 33'] },
  'events whose FUP is not the very next packet': {
    ...descend(`${CFE_IP} 13 ${fup(INSIDE)} ${tip(START)} 029201000000 13 ${fup(INSIDE)} ${tip(START)} 02e2 13 ${fup(INSIDE)} ${tip(START)}`),
    lines: [],
  },
  'an interrupt out of the traced code': { ...descend(`${CFE} ${fup(INSIDE)} ${pgd(ELSEWHERE)} ${pge(START)}`), lines: ['evt: cfe: INTR IP: 1 vector: 33'] },
  'an IRET whose event has no IP': { ...descend(`02130221 ${fup(INSIDE)} ${tip(START)}`), lines: ['evt: cfe: IRET IP: 1 vector: 33'] },
  'an interrupt where the interrupt flag was set': { ...descend(`${ON} ${fup(INSIDE)} ${fup(INSIDE)} ${tip(START)}`), lines: ['iflag: IFLAG: 0->1 non branch'] },
  'the interrupt flag between an overflow and the start of tracing': { ...descend(`04 ${tip(START)} 02f3 ${ON} ${pge(START)}`), lines: [/ip 0x401350 code 7:/, 'iflag: IFLAG: 0->1 via branch'] },
  'an MWAIT without its FUP goes with an error': { ...descend(`${MWAIT} ${tip(ELSEWHERE)} ${tip(START)}`), lines: [/ip 0x401357 code 6:/] },
  'so does a control flow event': { ...descend(`${CFE} ${tip(ELSEWHERE)} ${tip(START)}`), lines: [/ip 0x401357 code 6:/] },
  'the interrupt flag at a FUP that cannot be': { ...descend(`${ON} ${fup(ELSEWHERE)} ${tip(START)}`), lines: [/ip 0x401357 code 6:/] },
  'the interrupt flag at a TIP that cannot be': { ...descend(`${ON} ${tip(ELSEWHERE)} ${tip(START)}`), lines: [/ip 0x401357 code 6:/] },
  'an overflow in a PSB+': { ...descend(`${PSB} ${LATER} ${fup(START)} 02f3 ${fup(START)}`), lines: [/ip 0 code 6:/, /ip 0x401357 code 6:/] },
  'a PTWRITE, then a PSB': { ...descend(`029201000000 ${PSB} ${LATER} ${fup(INSIDE)} 0223`), lines: ['psb: psb offs: 0x29'] },
  'a PSB whose FUP means nothing, for tracing begins': {
    ...descend(`${PSB} ${LATER} ${fup(BEHIND)} 0223 1313131313 ${pge(START)} ${PSB} ${LATER} ${fup(INSIDE)} 0223 ${pge(START)}`),
    lines: ['psb: psb offs: 0x23', 'psb: psb offs: 0x50'],
  },
  'a PSB with two FUPs, one with a short FUP': {
    ...descend(`${PSB} ${LATER} ${fup(INSIDE)} ${fup(BEHIND)} 0223 ${fup(INSIDE)} ${tip(START)} ${PSB} ${LATER} 3d5513 0223`),
    lines: ['psb: psb offs: 0x23', 'psb: psb offs: 0x59'],
  },
  'a branch to itself, never-ending': {
    binary: '/opt/ptarmigan/forks',
    stream: `${PSB} ${OFF} 19a0860100000000 0223 ${pge(0x402071)} ${fup(0x402075)} ${tip(0x402071)} 06 01`,
    lines: [/ip 0x402071 code 10:/, /ip 0x402071 code 10:/],
  },
  'a branch to itself that no filter lets leave': {
    binary: '/opt/ptarmigan/forks',
    stream: `${PSB} ${OFF} 19a0860100000000 0223 ${pge(0x402071)} ${pgd(0x402071)}`,
    lines: [/ip 0x402071 code 10:/],
  },
  'the interrupt flag at a TIP.PGD': {
    stream: `${PSB} ${ON} 19a0860100000000 0223 71d01240000000 06 ${OFF} 01`,
    lines: ['iflag: IFLAG: 1->0 via branch'],
  },
}
const words = ['--itrace=pIwe', '-F', 'event,synth']
const settle = (text) => text.trim().split('\n').map((line) => line.trim().replace(/ +/g, ' '))

describe.each(Object.entries(cases))('%s', (_, { lines, ...packets }) => {
  it('prints these lines', () => expect(settle(ours(trace(packets), words)).slice(2)).toEqual(lines.map((line) => (line instanceof RegExp ? expect.stringMatching(line) : line))))
  it.runIf(hasPerf)('prints what perf does', () => {
    const file = trace(packets)
    for (const [itrace, fields] of [['ibpIwxe', '+flags,+insn'], ['i0nspIwxe', '+misc,+flags,+insn'], ['qi0nsbpIwe', '+flags,+insn'], ['qi0nsbpIwxe', '+flags,+insn']]) {
      const words = [`--itrace=${itrace}`, '--ns', '-F', fields]
      expect(ours(file, words)).toBe(perfs(file, words))
    }
  })
})

/** The core:bus ratio 24, an EXSTOP with its FUP, 3000 cycles. */
const [CBR, EXSTOP, CYC] = ['02031800', '02e2 FUP', 'c7ba']
const sampled = {
  'a FUP right behind the start of tracing is a look for the next sample': {
    packets: { 0: `${CBR} ${EXSTOP} ${CYC}` },
    lines: ['0.000100: 1 4012d0'],
  },
  'so is that of an interrupt there, with the time before it': {
    packets: { 0: `${CBR} FUP ${CYC} ${TIP}` },
    lines: ['0.000104: 1 4012d0'],
  },
  'what an interrupt ends has the time before it': {
    packets: { 0: CBR, 4: `${EXSTOP} ${CYC}`, 16: `FUP ${CYC} ${TIP}` },
    lines: ['0.000100: 5 4012da', '0.000108: 12 4012d0'],
  },
}

describe.each(Object.entries(sampled))('samples by time: %s', (_, { packets, lines }) => {
  const withCycles = { packets, config: CONFIG + 2 }
  it('prints these lines', () => expect(settle(ours(trace(withCycles), ['--itrace=i1us', '-F', 'time,period,ip']))).toEqual(lines))
  it.runIf(hasPerf)('prints what perf does', () => {
    const file = trace(withCycles)
    for (const words of [['--itrace=bi1us'], ['--itrace=i100ns', '--ns'], ['--itrace=i0nse', '-F', '+insn,+ipc']]) expect(ours(file, words)).toBe(perfs(file, words))
  })
})

describe.each([['', 0], ['aarch64', 0], ['i386', 1]])('a header with arch "%s"', (arch, told) => {
  const made = { packets: { 5: EXSTOP }, arch }
  it(`tells ${told} instructions that only printing looks at`, () => expect(settle(ours(trace(made), ['--itrace=p', '-F', 'event,insn'])).join().split('insn:').length - 1).toBe(told))
  it.runIf(hasPerf)('prints what perf does', () => {
    const file = trace(made)
    for (const words of [['--itrace=i0nsbpe', '-F', '+insn,+insnlen'], ['--itrace=qb', '-F', '+insn']]) expect(ours(file, words)).toBe(perfs(file, words))
  })
})

describe('a fork', () => {
  const made = { packets: {}, forks: [[99, PID], [501, 500], [502, 501], [88, 0]] }
  const words = ['--itrace=p', '--show-task-events', '-F', 'comm,tid']
  it('is told as the child: by its number where the parent has no name', () =>
    expect(settle(ours(trace(made), words)).filter((line) => /FORK/.test(line)).map((line) => line.split(' ')[0])).toEqual(['swapper', 'walker', ':501', ':502']))
  it.runIf(hasPerf)('prints what perf does', () => expect(ours(trace(made), words)).toBe(perfs(trace(made), words)))
})

/** Tracing begins where code is missing, and a TNT packet asks for it; or is interrupted at once. */
const [NEEDS, NOTHING] = [`${PGE} 06`, `${PGE} 7dd01240000000 ${PGD}`]
describe.each([
  ['is told twice', { stream: [NEEDS, NEEDS, NEEDS] }, 2],
  ['is told once where a vDSO was mapped: perf has looked into the binary then', { stream: [NEEDS, NEEDS, NEEDS], vdso: true }, 1],
  ['is not met where nothing was to run', { stream: [NOTHING, NEEDS, NEEDS, NEEDS] }, 2],
])('a binary that cannot be read', (name, { stream, vdso }, errors) => {
  const made = { stream: `${PSB} ${OFF} 19a0860100000000 0223 ${stream.join(' ')} ${PGE} ${PGD}`, vdso, binary: '/opt/ptarmigan/absent' }
  it(name, () => expect(ours(trace(made), ['--itrace=e']).split('code 5').length - 1).toBe(errors))
  it.runIf(hasPerf)(`${name} by perf`, () => {
    const file = trace(made)
    for (const words of [['--itrace=e'], ['--itrace=be'], ['--itrace=Ze']]) expect(ours(file, words)).toBe(perfs(file, words))
  })
})
