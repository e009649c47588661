// SPDX-License-Identifier: Apache-2.0
// Fixtures with a few bytes of their AUX data damaged: what `ptarmigan script` prints of each is what perf 6.1 does.
// Each was found by wasm/tools/damage.mjs and cut down to the bytes that matter. Where perf is installed it is asked.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fingerprint } from '../cases/fixtures.mjs'

const fixtures = resolve(import.meta.dirname, '../fixtures')
const symfs = join(fixtures, 'symfs')
const cli = resolve(import.meta.dirname, '../../../src/cli/ptarmigan.mjs')
const hasPerf = (spawnSync('perf', ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith('perf version 6.1.')

let scratch = ''
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), 'damage-'))))
vi.setConfig({ testTimeout: 120_000 })
afterAll(() => rmSync(scratch, { recursive: true }))

const PSB = '0282'.repeat(8)
/** `bytes`: in hex, by place in the file; `hash`: of all that is printed with these words. */
const cases = {
  'instructions before missing code do not count where none is sampled': {
    fixture: 'calls-power',
    bytes: { 0xc8b: 'de2d' },
    words: ['--itrace=e', '--ns'],
    hash: '9deab20a9540fcde',
  },
  'nothing damaged: cycles that an MTC follows, where IPC is approximate': {
    fixture: 'calls-cyc-thresh',
    bytes: {},
    words: ['--itrace=beA', '-F', '+ipc'],
    hash: '8fbe832e27a840f5',
  },
  'nothing damaged: an instruction of quick decoding lies where a program was mapped meanwhile': {
    fixture: 'ptwrite-nofup',
    bytes: {},
    words: ['--itrace=qi0nsbpe', '--ns', '-F', '+insn'],
    hash: '6bee7afc94ee63c8',
  },
  'a snapshot that ran ahead of the next': {
    fixture: 'other/snapshot-calls',
    bytes: { 0x5c2b: '2d' },
    words: ['--itrace=be', '--ns'],
    hash: '9245ab530c90f4df',
  },
  'who runs is who ran when the last record was let in': {
    fixture: 'threads-2cpu',
    bytes: { 0x38e3: '00', 0x38ee: '0000' },
    words: ['--itrace=be', '--ns'],
    hash: '8f68f02fd23f5f60',
  },
  'a sample behind an error comes behind the records that the time of the error has reached': {
    fixture: 'calls-truncated',
    bytes: { 0x103b: '199082a6df7bfa00a1b2a1a1000000' },
    words: ['--itrace=i0nse', '--ns', '-F', 'time,event,ip'],
    hash: '48b9e4a2dcbf3514',
  },
  'a deferred TIP before the first bit of a TNT': {
    fixture: 'odd-cyc',
    bytes: { 0x18ee: '18' },
    words: ['--itrace=be', '--ns', '-F', '+ipc'],
    hash: '9608559a91616ff4',
  },
  'MODE.TSX without its FUP': {
    fixture: 'tsx',
    bytes: { 0x7c3: '59', 0x805: 'eb' },
    words: ['--itrace=be', '--ns', '-F', '+flags'],
    hash: '2ada72e52588f818',
  },
  'two PTWRITEs before one FUP': { fixture: 'ptwrite', bytes: { 0xd36: '8967' }, words: ['--itrace=we', '--ns'], hash: '9fb9dea095c7f31b' },
  'tracing was off before an overflow': {
    fixture: 'calls-ovf',
    bytes: { 0xd74: '2d' },
    words: ['--itrace=i1us', '--ns'],
    hash: '04c85e259c59fafb',
  },
  'a TIP without an IP: its branch is still to come': {
    fixture: 'calls-ovf',
    bytes: { 0xc44: '0d' },
    words: ['--itrace=i0nse', '--ns', '-F', 'time,event,ip'],
    hash: '0df40313be728d98',
  },
  'no code leads up to a PSB': {
    fixture: 'odd-noretcomp',
    bytes: { 0x278f: 'cd' },
    words: ['--itrace=be', '--ns', '-F', '+ipc'],
    hash: 'd9a33ebfa189dc4a',
  },
  'a PSB+ that code led up to is cut short': {
    fixture: 'calls-psb0',
    bytes: { 0xfd0: '06' },
    words: ['--itrace=be', '--ns', '-F', '+ipc'],
    hash: 'e4ff79406ebda78c',
  },
  'a TSC behind a packet that is none follows no CYC': {
    fixture: 'threads-2cpu',
    bytes: { 0x30fc: 'f9cf', 0x30ff: '59' },
    words: ['--itrace=e', '--ns'],
    hash: '42fd4389cc935a6a',
  },
  'tracing was off before an IP was found, but not since': {
    fixture: 'calls-truncated',
    bytes: { 0xc5e: '70' },
    words: ['--itrace=bi1us', '--ns'],
    hash: '466aef4fdfdcb613',
  },
  'the trace ends before a deferred TIP': {
    fixture: 'calls-mtc9',
    bytes: { 0x194f: '90', 0x1951: '2d7814682d', 0x1957: '14' },
    words: ['--itrace=i0nse', '--ns', '-F', 'time,event,ip'],
    hash: '5a22695260843005',
  },
  'a TNT in the first PSB+, then a compressed FUP': {
    fixture: 'signals-event',
    bytes: { 0x7c3: '063dee1900000000' },
    words: ['--itrace=be', '--ns', '-F', '+flags'],
    hash: 'a6d4210ab3baa86d',
  },
  'tracing off before a TIP.PGD that the code contradicts': {
    fixture: 'threads-cpu-wide',
    bytes: { 0x2bb2: '7b2d00', 0x2bb6: 'b306', 0x2bba: '6f1c', 0x2bc2: 'c73e', 0x2bc6: '8f3e31', 0x2bca: '1f', 0x2bcc: '2d', 0x2bcf: '3b' },
    words: ['--itrace=b', '--ns', '-F', '+ipc'],
    hash: '5df30568410b3e1d',
  },
  'after an error a PSB without an IP is at the place of the error': {
    fixture: 'calls-default',
    bytes: { 0x9a9: `2d0000${PSB}1970d8a5df7bfa000223${PSB}1970d8a5df7bfa000223fe` },
    words: ['--itrace=bpe', '--ns', '-F', '+addr,+flags'],
    hash: 'aad19f527a53e967',
  },
  'the instruction at the first PSB of a stream lies where a program was mapped meanwhile': {
    fixture: 'threads-per-thread',
    bytes: { 0x11f0: '5de01140000000' },
    words: ['--itrace=pe', '--ns', '-F', '+flags,+insn'],
    hash: 'b425d3daff04ebdd',
  },
  'where tracing begins no instruction is told that lies before a PSB': {
    fixture: 'calls-mtc9',
    bytes: { 0xfd0: `${PSB}0223d1bf11400000000000` },
    words: ['--itrace=be', '--ns', '-F', '+flags,+insn'],
    hash: '938ccbb83cf0e4e5',
  },
  'a PSB with an address that the code does not lead to': {
    fixture: 'calls-psb0',
    bytes: { 0xfc8: '7d64110000' },
    words: ['--itrace=be', '--ns', '-F', '+flags,+insn'],
    hash: 'c690637d8040194e',
  },
  'a CBR of 0': { fixture: 'calls-psb0', bytes: { 0xfc2: '00' }, words: ['--itrace=be', '--ns', '-F', '+ipc'], hash: '9c7eccd1575ee430' },
  'nothing damaged: without times each sample is decoded when it comes': {
    fixture: 'other/aux-sample-calls',
    bytes: {},
    words: ['--itrace=Zpwxe'],
    hash: 'd6d67fbb8d9e1b9f',
  },
  'and of a sample that brings nothing new, nothing': {
    fixture: 'other/aux-sample-calls',
    bytes: { 0x2925: '00'.repeat(16) },
    words: ['--itrace=Zbpwxe'],
    hash: 'fea8339e73cd7674',
  },
}

/** In a PSB+: the packet, and hashes of what is printed where it stands in sync, and after an error. */
const strays = {
  'a TIP': ['2d5510', 'b07ca5db638b7360', 'fe995374002ebf10'],
  'a TNT': ['06', '612fa82b159868e5', '826a73d9eb9f0a28'],
  'a TIP.PGD': ['01', 'b07ca5db638b7360', '2321baf9f4cc3f94'],
  'an EXSTOP': ['02e2', '4412372edee3a67f', '924c01972eec30f8'],
  'no packet': ['a1', 'a4ec23be5c2eb3e7', '82067a7e6312a9cb'],
  'no packets': ['a1a1', '955ac8edee91e934', 'a1fe1a1971abc258'],
}
for (const [name, [packet, inSync, afterError]] of Object.entries(strays)) {
  const words = ['--itrace=be', '--ns', '-F', '+flags']
  cases[`${name} in a PSB+`] = { fixture: 'calls-psb0', bytes: { 0x27ac: `${PSB}${packet}0223` }, words, hash: inSync }
  cases[`${name} in a PSB+ after an error`] = {
    fixture: 'calls-psb0',
    bytes: { 0x27ac: `6d0000adde0000${PSB}${packet}0223` },
    words,
    hash: afterError,
  }
}

function damaged(fixture, bytes) {
  const data = readFileSync(join(fixtures, `${fixture}.perf.data`))
  for (const [at, hex] of Object.entries(bytes)) Buffer.from(hex, 'hex').copy(data, Number(at))
  const file = join(scratch, 'damaged.data')
  writeFileSync(file, data)
  return file
}

const options = { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 }

describe.each(Object.entries(cases))('%s', (_, { fixture, bytes, words, hash }) => {
  const asked = ['--symfs', symfs, ...words]
  const ours = () => execFileSync(process.execPath, [cli, 'script', damaged(fixture, bytes), ...asked], options)
  it('prints these lines', () => expect(fingerprint(ours())).toBe(hash))
  it.runIf(hasPerf)('prints what perf does', () => {
    const text = ours()
    expect(text).toBe(execFileSync('perf', ['script', '-i', join(scratch, 'damaged.data'), ...asked], options))
  })
})
