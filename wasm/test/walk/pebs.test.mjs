// SPDX-License-Identifier: Apache-2.0
// Samples that are in the trace itself (PEBS via PT): what `ptarmigan script --itrace=o` prints of a walk with them.
// Where perf is installed it is asked.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { attr, PerfData } from './perf-data.mjs'
import { walk } from './walk.mjs'

const symfs = resolve(import.meta.dirname, '../fixtures/symfs')
const program = '/opt/ptarmigan/calls'
const cli = resolve(import.meta.dirname, '../../../src/cli/ptarmigan.mjs')
const hasPerf = (spawnSync('perf', ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith('perf version 6.1.')
const STEPS = 400
const FIBONACCI = 0x4012d0n
/** Addresses of instructions of it. */
const PLACES = [0x4012d0n, 0x4012d3n, 0x4012e6n, 0x4012ebn, 0x401300n]
const [REGISTERS, BASIC, MEMORY, BRANCHES] = [1, 4, 5, 8]
const PID = 77

let scratch = ''
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), 'pebs-'))))
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => rmSync(scratch, { recursive: true }))

/** Records with one kind of block more each time, and without, with a FUP and without. */
function records(tscOf) {
  const made = new Map()
  for (let step = 20, turn = 0; step < STEPS; step += 13, turn++) {
    const basic = [
      [0, PLACES[turn % PLACES.length]],
      [1, BigInt([1, 2, 3, 8][turn % 4])],
      [2, BigInt(tscOf(step) - 7)],
    ]
    const memory = [
      [0, 0x7fff0000n + BigInt(step)],
      [2, turn % 2 ? 300n : (400n << 32n) | 20n],
      [3, 77n],
    ]
    const blocks = [{ type: BASIC, values: turn % 5 ? basic : basic.slice(0, 1) }]
    if (turn % 3 === 0) blocks.push({ type: REGISTERS, small: turn % 2 === 1, values: Array.from({ length: 18 }, (_, id) => [id, 0x1000 * (id + 1)]) })
    if (turn % 3 === 1) blocks.push({ type: MEMORY, values: turn % 2 ? memory : memory.slice(2) })
    if (turn % 4 === 2) blocks.push({ type: BRANCHES, values: [0, 1, 2, 3, 4].map((id) => [id, id === 2 ? (5n << 61n) | 9n : 0x401300n]) })
    made.set(step, [{ blocks: turn % 7 ? blocks : [{ type: BASIC, values: [] }], withIp: turn % 2 === 0 }])
  }
  return made
}

const AUX_OUTPUT = 2 ** 31
const FLAGS = (1 << 18) | (1 << 5) | (1 << 6) // sample_id_all, user code
const Sample = { ADDR: 1 << 3, CALLCHAIN: 1 << 5, PERIOD: 1 << 8, BRANCH_STACK: 1 << 11, WEIGHT: 1 << 14, DATA_SRC: 1 << 15, REGS_INTR: 1 << 18 }
const GENERAL = 0xff03ff // perf's numbers of the registers that a block has
const cycles = { name: 'cycles:ppp', bytes: attr(0, 0, FLAGS + AUX_OUTPUT, { period: 1000, more: Sample.PERIOD | Sample.REGS_INTR | Sample.BRANCH_STACK | Sample.CALLCHAIN, branches: 9, registers: GENERAL }) }
const loads = { name: 'mem-loads', bytes: attr(4, 0x1cd, FLAGS + AUX_OUTPUT, { period: 500, more: Sample.PERIOD | Sample.ADDR | Sample.WEIGHT | Sample.DATA_SRC }) }

function trace(events) {
  const text = readFileSync(join(symfs, program))
  // The program's code lies at its addresses less 0x400000 in the file.
  const code = [{ start: 0x401000n, bytes: text.subarray(0x1000, 0x3000) }]
  const tscOf = (step) => 100000 + step * 10
  const walked = walk({ code, entry: FIBONACCI, steps: STEPS, kernelEntry: {}, indirect: [], firstTsc: tscOf(0), psbs: [200], outside: FIBONACCI, records: records(tscOf) })
  const data = new PerfData(events)
  data.feature(3, (body) => body.string('example'))
  data.feature(4, (body) => body.string('6.18.0-walk'))
  data.feature(6, (body) => body.string('x86_64'))
  data.comm({ time: 1000, pid: PID }, 'walker')
  data.map({ time: 1001, pid: PID }, program, 0x401000n, 0x2000n, 0x1000n)
  data.itraceStart({ time: 1002, pid: PID })
  for (const row of events.keys()) data.outputId({ time: 1003, pid: PID, id: 3 + row }, row)
  data.switchTo({ time: 1003, pid: PID }, 0)
  data.last = walked.tscOf(STEPS)
  data.auxtrace(walked.packets)
  const file = join(scratch, `${events.length}.data`)
  writeFileSync(file, data.write())
  return file
}

const options = { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] }
const ours = (file, words) => execFileSync(process.execPath, [cli, 'script', file, '--symfs', symfs, ...words], options)
const perfs = (file, words) => execFileSync('perf', ['script', '-i', file, '--symfs', symfs, ...words], options)

it('prints samples of the events that the counters are of', () => {
  const text = ours(trace([cycles, loads]), ['--itrace=o', '--ns', '-F', 'tid,time,period,event,ip,sym,symoff,addr,weight'])
  expect(text.split('\n').slice(0, 6).join('\n')).toBe(`   77     0.000100200:       1000 cycles:ppp:                0               0           4012f7 fibonacci+0x27
   77     0.000100323:        500  mem-loads:         7fff0021             300           4012d3 fibonacci+0x3
   77     0.000100453:       1000 cycles:ppp:                0               0           4012e6 fibonacci+0x16
   77     0.000100453:        500  mem-loads:                0               0           4012e6 fibonacci+0x16
   77     0.000100583:       1000 cycles:ppp:                0               0           4012eb fibonacci+0x1b
   77     0.000100713:       1000 cycles:ppp:                0               0           401300 fibonacci+0x30`)
})

const commands = [
  ['--itrace=oe', '--ns'],
  ['--itrace=obei50i'],
  ['--itrace=og2l3i7i', '-F', '+brstack,+insn,+flags'],
  ['--itrace=og1', '-F', '+iregs'],
  ['--itrace=o', '-F', '+weight,+data_src,+brstackinsn,+addr,+phys_addr'],
  ['--itrace=qos3', '-F', '+insnlen,+misc'],
  ['--itrace=ops3'],
]
it.runIf(hasPerf)('prints what perf does', () => {
  for (const [events, some] of [[[cycles, loads], commands], [[cycles], commands.slice(2, 4)]]) {
    const file = trace(events)
    for (const words of some) expect(ours(file, words), words.join(' ')).toBe(perfs(file, words))
  }
})
