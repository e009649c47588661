// SPDX-License-Identifier: Apache-2.0
// Makes the walks of fixtures/walk that hold a guest's own records: what
// `perf inject --guest-data` makes of a host's walk (run make-walks.mjs first) and
// a guest's sideband. Prints the hashes of what perf 6.1 says of them, for walk.test.mjs.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Bytes, PerfData } from '../test/walk/perf-data.mjs'

const out = resolve(import.meta.dirname, '../test/fixtures/walk')
const scratch = mkdtempSync(join(tmpdir(), 'joined-walks-'))
const run = (...words) => execFileSync(words[0], words.slice(1), { cwd: scratch, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })
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
  return joined
}

/** What a guest records of itself: two threads of two processes, that take turns. */
function guestFile() {
  const data = new PerfData()
  data.records = new Bytes()
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
  data.switchTo({ time: 1006, ...worker }, 0)
  data.fork({ time: 9000, pid: 501 }, { pid: 600 })
  data.comm({ time: 102000, pid: 600 }, 'other')
  data.map({ time: 102000, pid: 600 }, '/opt/ptarmigan/inside', 0x401000n, 0x1000n, 0x1000n)
  data.switchTo({ time: 102001, pid: 600 }, 502)
  data.switchTo({ time: 109001, ...worker }, 600)
  data.record(68, 0, nothing)
  return data.write()
}

const FIELDS = ['--itrace=i0ns', '-F', 'comm,tid,cpu,time,event,ip,sym,symoff,dso,insn', '--ns']
const BRANCHES = ['--itrace=bcre', '-F', '+flags,+addr']
const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 32)

copyFileSync(join(out, 'symfs/opt/ptarmigan/guest'), join(out, 'symfs/opt/ptarmigan/inside'))
cpSync(join(out, 'symfs'), join(scratch, 'symfs'), { recursive: true })
mkdirSync(join(scratch, 'mount/77/proc'), { recursive: true })
for (const file of ['kallsyms', 'kcore', 'modules']) copyFileSync(join(out, file), join(scratch, 'mount/77/proc', file))
writeFileSync(join(scratch, 'inside.data'), guestFile())
for (const name of ['guest', 'guest-kernel']) {
  writeFileSync(join(scratch, 'host.data'), hostOf(readFileSync(join(out, `${name}.perf.data`))))
  run('perf', 'inject', '-i', 'host.data', '--guestmount', 'mount', '--guest-data=inside.data,77', '-o', `${name}.data`)
  copyFileSync(join(scratch, `${name}.data`), join(out, `${name}-joined.perf.data`))
  chmodSync(join(out, `${name}-joined.perf.data`), 0o644)
  const perf = (...words) => run('perf', 'script', '-i', `${name}.data`, '--symfs', 'symfs', '--guestmount', 'mount', ...words).toString()
  const instructions = perf(...FIELDS)
  console.log(`${name}-joined ${instructions.trim().split('\n').length} ${hashOf(instructions)} ${hashOf(perf(...BRANCHES))}`)
}
rmSync(scratch, { recursive: true })
