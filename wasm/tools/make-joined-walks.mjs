// SPDX-License-Identifier: Apache-2.0
// Makes the walks of fixtures/walk that hold a guest's own records: a guest's sideband
// (by the host's clock, and by one of its own), and what `perf inject --guest-data` makes of it
// and a host's walk (run make-walks.mjs first). Prints the hashes of what perf 6.1 says of them,
// for walk.test.mjs.
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Bytes, PerfData } from '../test/walk/perf-data.mjs'
import { hashOf, madeUp, toolsIn } from './made-kernel.mjs'

const out = resolve(import.meta.dirname, '../test/fixtures/walk')
const scratch = mkdtempSync(join(tmpdir(), 'joined-walks-'))
const { run } = toolsIn(scratch)
const COMM = 3
const FORK = 7
const MMAP2 = 10
const AUXTRACE_INFO = 70
const AUXTRACE = 71
const idIndex = (body) => body.u64(2).u64(1, 0, 0, -1).u64(2, 0, 0, -1)
const nothing = () => undefined

/** A host's walk as perf record has it: what ran before is told at time 0, then comes FINISHED_INIT, at which perf looks into the guest's file. */
function hostOf(bytes) {
  const records = new PerfData()
  records.records = new Bytes()
  records.record(69, 0, idIndex)
  const index = records.records.buffer
  records.records = new Bytes()
  records.record(82, 0, nothing)
  const done = records.records.buffer
  const start = Number(bytes.readBigUInt64LE(40))
  const size = Number(bytes.readBigUInt64LE(48))
  let info = start
  let last = start
  for (let at = start; at < start + size; ) {
    const type = bytes.readUInt32LE(at)
    const length = bytes.readUInt16LE(at + 6)
    const next = at + length + (type === AUXTRACE ? Number(bytes.readBigUInt64LE(at + 8)) : 0)
    if (type === AUXTRACE_INFO) info = next
    if ([COMM, FORK, MMAP2].includes(type)) {
      bytes.writeBigUInt64LE(0n, at + length - 24)
      last = next
    }
    at = next
  }
  const joined = Buffer.concat([bytes.subarray(0, info), index, bytes.subarray(info, last), done, bytes.subarray(last)])
  const more = index.length + done.length
  joined.writeBigUInt64LE(BigInt(size + more), 48)
  const bits = bytes.subarray(72, 104).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  for (let at = start + size + more; at < start + size + more + 16 * bits; at += 16) joined.writeBigUInt64LE(joined.readBigUInt64LE(at) + BigInt(more), at)
  return madeUp(joined)
}

/** A clock of the guest's own: its TSC is 1.25 times the host's, whose ns are its ticks, plus an offset. */
const CLOCK = { offset: -40_000n, scale: 1.25, shift: 5n, mult: 11n, zero: 13n }
function ownTime(hostTime) {
  const ticks = BigInt(Math.round(hostTime * CLOCK.scale)) + CLOCK.offset
  return Number(BigInt.asUintN(64, CLOCK.zero + ((ticks * CLOCK.mult) >> CLOCK.shift)))
}

/** What a guest records of itself: two threads of two processes, that take turns. `time`: its own, of a host's. */
function guestFile(time, conversion) {
  const data = new PerfData()
  data.records = new Bytes()
  if (conversion) data.record(79, 0, (body) => body.u64(conversion.shift, conversion.mult, conversion.zero, 0, -1).u8(1, 0, 0, 0, 0, 0, 0, 0))
  data.features.delete(18)
  data.feature(3, (body) => body.string('insider'))
  data.feature(4, (body) => body.string('6.18.0-walk'))
  data.feature(6, (body) => body.string('x86_64'))
  const worker = { pid: 501, tid: 502 }
  data.record(69, 0, idIndex)
  data.kernelMap('[kernel.kallsyms]_text', 0xffffffff9f000000n, 0x1000000n, 0xffffffff9f000000n)
  data.comm({ pid: 501 }, 'inside')
  data.map({ pid: 501 }, '/opt/ptarmigan/inside', 0x401000n, 0x1000n, 0x1000n)
  data.fork({ time: 0, pid: 501 }, worker)
  data.comm(worker, 'worker')
  data.record(82, 0, nothing)
  data.switchTo({ time: time(40_006), ...worker }, 0)
  data.fork({ time: time(90_000), pid: 501 }, { pid: 600 })
  data.comm({ time: time(102_000), pid: 600 }, 'other')
  data.map({ time: time(102_000), pid: 600 }, '/opt/ptarmigan/inside', 0x401000n, 0x1000n, 0x1000n)
  data.switchTo({ time: time(102_001), pid: 600 }, 502)
  data.switchTo({ time: time(109_001), ...worker }, 600)
  data.record(68, 0, nothing)
  return madeUp(data.write())
}

const FIELDS = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,sym,symoff,dso,insn', '--ns']
const BRANCHES = ['--itrace=bcre', '-F', '+flags,+addr']
const CHAINS = ['--itrace=i100ig16', '-F', '+machine_pid,+vcpu', '--show-mmap-events', '--show-task-events', '--show-switch-events', '--ns']

copyFileSync(join(out, 'symfs/opt/ptarmigan/guest'), join(out, 'symfs/opt/ptarmigan/inside'))
cpSync(join(out, 'symfs'), join(scratch, 'symfs'), { recursive: true })
mkdirSync(join(scratch, 'mount/77/proc'), { recursive: true })
for (const file of ['kallsyms', 'kcore', 'modules']) copyFileSync(join(out, file), join(scratch, 'mount/77/proc', file))
writeFileSync(join(out, 'inside.perf.data'), guestFile((hostTime) => hostTime))
writeFileSync(join(out, 'inside-clock.perf.data'), guestFile(ownTime, CLOCK))
const judged = [
  ['guest', 'inside', '77', 'joined'],
  ['guest-kernel', 'inside', '77', 'joined'],
  ['guest', 'inside-clock', `77,${CLOCK.offset},${CLOCK.scale}`, ''],
  ['guest-kernel', 'inside-clock', `77,${BigInt.asUintN(64, CLOCK.offset)},${CLOCK.scale}`, ''],
]
for (const [host, guest, option, kept] of judged) {
  writeFileSync(join(scratch, 'host.data'), hostOf(readFileSync(join(out, `${host}.perf.data`))))
  run('perf', 'inject', '-i', 'host.data', '--guestmount', 'mount', `--guest-data=${join(out, `${guest}.perf.data`)},${option}`, '-o', 'joined.data')
  if (kept) {
    copyFileSync(join(scratch, 'host.data'), join(out, `${host}-host.perf.data`))
    copyFileSync(join(scratch, 'joined.data'), join(out, `${host}-joined.perf.data`))
    chmodSync(join(out, `${host}-joined.perf.data`), 0o644)
  }
  const perf = (...words) => run('perf', 'script', '-i', 'joined.data', '--symfs', 'symfs', '--guestmount', 'mount', ...words).toString()
  const instructions = perf(...FIELDS)
  console.log(`['${host}', '${guest}', '${option}', ${instructions.trim().split('\n').length}, '${hashOf(instructions)}', '${hashOf(perf(...BRANCHES))}', '${hashOf(perf(...CHAINS))}'],`)
}
rmSync(scratch, { recursive: true })
