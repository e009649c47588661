// SPDX-License-Identifier: Apache-2.0
// Writes a perf.data of one CPU with Intel PT: what `perf record` would have
// written beside a trace that walk.mjs makes. Time is the TSC, in ns.

/** Bytes being put together. */
export class Bytes {
  parts = []
  length = 0
  raw(bytes) {
    this.parts.push(Buffer.from(bytes))
    this.length += bytes.length
    return this
  }
  u8 = (...values) => this.raw(values)
  u16(value) {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16LE(value)
    return this.raw(bytes)
  }
  u32(...values) {
    const bytes = Buffer.alloc(4 * values.length)
    values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, index * 4))
    return this.raw(bytes)
  }
  u64(...values) {
    const bytes = Buffer.alloc(8 * values.length)
    values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), index * 8))
    return this.raw(bytes)
  }
  /** Text with its NUL, padded to a multiple of 8. */
  text(text) {
    const length = Buffer.byteLength(text) + 1
    return this.raw(Buffer.concat([Buffer.from(text), Buffer.alloc(1 + (-length & 7))]))
  }
  string(text) {
    return this.u32((Buffer.byteLength(text) + 8) & ~7).text(text)
  }
  get buffer() {
    return Buffer.concat(this.parts)
  }
}

const ATTR_SIZE = 128
const BUILD_ID = 2
const AUXTRACE_FEATURE = 18
const SAMPLE_TYPE = 0x10087 // IP, TID, TIME, CPU, IDENTIFIER

/** `more`: bits of sample_type beside the usual ones; `registers`: mask of those at the interrupt; `branches`: branch_sample_type. */
export function attr(type, config, flags, { period = 1, more = 0, branches = 0, registers = 0 } = {}) {
  const bytes = new Bytes().u32(type, ATTR_SIZE).u64(config, period, SAMPLE_TYPE | more, 4, flags).u64(0, 0, 0, branches, 0, 0, registers)
  return bytes.raw(Buffer.alloc(ATTR_SIZE - bytes.length)).buffer
}

const PT_CONFIG = 0x2c01 // pt, tsc, noretcomp, branch
const TRACES_EVENTS = 2 ** 31
const FLAGS = 1 << 18 // sample_id_all
const DUMMY_FLAGS = FLAGS | (1 << 8) | (1 << 9) | (1 << 23) | (1 << 13) // mmap, comm, mmap2, task

const attrs = [
  { name: 'dummy:u', bytes: attr(1, 9, DUMMY_FLAGS | (1 << 26)) },
]

/** Sideband of a recording; the order of calls is the order in the file. */
export class PerfData {
  records = new Bytes()
  features = new Map()

  /** `events`: more events, { name, bytes: attr(…) }, with the ids 3, 4, …. `config`: more bits of that of Intel PT; it traces events if those say so. */
  constructor(events = [], config = 0) {
    this.attrs = [{ name: 'intel_pt//', bytes: attr(8, PT_CONFIG + config, FLAGS) }, ...attrs, ...events]
    this.feature(AUXTRACE_FEATURE, (body) => body.u64(0)) // an empty index: perf asks whether the feature is there
    this.feature(12, (body) => {
      body.u32(this.attrs.length, ATTR_SIZE)
      for (const [index, { name, bytes }] of this.attrs.entries())
        body
          .raw(bytes)
          .u32(1)
          .string(name)
          .u64(index + 1)
    })
    this.record(79, 0, (body) => body.u64(0, 1, 0, 0, -1).u8(1, 0, 0, 0, 0, 0, 0, 0)) // TIME_CONV: ns are ticks
    this.record(70, 0, (body) => {
      // priv: PMU type, time shift, mult, zero, cap, tsc, noretcomp, have_sched_switch, snapshot, per-cpu, mtc, mtc bits, n, d, cyc, ratio, filter, event trace
      body.u32(1, 0).u64(8, 0, 1, 0, 1, 0x400, 0x800, 3, 0, 1, 0x200, 0x3c000, 166, 2, 0x2, 32, 0, config & TRACES_EVENTS ? 1 : 0)
    })
  }
  record(type, misc, write) {
    const body = new Bytes()
    write(body)
    this.records
      .u32(type)
      .u16(misc)
      .u16(8 + body.length)
      .raw(body.buffer)
  }
  /** As record, with the trailer. */
  event(type, misc, { time = 0, pid = 0, tid = pid, cpu = 0, id = 1 }, write) {
    this.record(type, misc, (body) => {
      write(body)
      body.u32(pid, tid).u64(time).u32(cpu, 0).u64(id)
    })
  }
  kernelMap(name, start, length, reference = 0) {
    this.record(1, 1, (body) => body.u32(-1, 0).u64(start, length, reference).text(name).u32(0, 0).u64(0).u32(0, 0).u64(1))
  }
  /** The kernel of virtual machines, as perf kvm --guest tells of it. */
  guestKernelMap(start, length) {
    this.record(1, 4, (body) => body.u32(0, 0).u64(start, length, start).text('[guest.kernel.kallsyms]_text').u32(0, 0).u64(0).u32(0, 0).u64(1))
  }
  map(at, name, start, length, offset = 0) {
    this.event(10, 2, at, (body) =>
      body
        .u32(at.pid, at.tid ?? at.pid)
        .u64(start, length, offset)
        .u32(0, 0)
        .u64(0, 0)
        .u32(5, 2)
        .text(name),
    )
  }
  comm(at, name) {
    const exec = (at.tid ?? at.pid) === at.pid ? 1 << 13 : 0
    this.event(3, 2 | exec, at, (body) => body.u32(at.pid, at.tid ?? at.pid).text(name))
  }
  itraceStart(at) {
    this.event(12, 0, at, (body) => body.u32(at.pid, at.tid ?? at.pid))
  }
  /** A thread, or a process, begins. */
  fork(at, { pid, tid = pid }) {
    this.event(7, 0, at, (body) => body.u32(pid, at.pid, tid, at.tid ?? at.pid).u64(at.time))
  }
  /** `pid` comes onto the CPU. */
  switchTo(at, from) {
    this.event(15, 0, at, (body) => body.u32(from, from))
  }
  ksymbol(at, { address, length, type = 1, name, unregister = false }) {
    this.event(17, 0, at, (body) =>
      body
        .u64(address)
        .u32(length)
        .u16(type)
        .u16(unregister ? 1 : 0)
        .text(name),
    )
  }
  bpfEvent(at, { type = 1, id, tag }) {
    this.event(18, 0, at, (body) => body.u16(type).u16(0).u32(id).raw(tag))
  }
  textPoke(at, address, before, after) {
    this.event(20, 1, at, (body) => {
      body.u64(address).u16(before.length).u16(after.length).raw(before).raw(after)
      body.raw(Buffer.alloc(-(4 + before.length + after.length) & 7))
    })
  }
  auxtrace(bytes) {
    const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)])
    this.event(11, 0, { time: this.last ?? 0 }, (body) => body.u64(0, bytes.length, 0))
    this.record(71, 0, (body) => body.u64(padded.length, 0, 1).u32(0, -1, 0, 0))
    this.records.raw(padded)
    this.record(68, 0, () => undefined)
  }
  /** Which counter an event of PEBS via PT uses. */
  outputId(at, counter) {
    this.event(21, 0, at, (body) => body.u64(counter))
  }
  feature(bit, write) {
    const body = new Bytes()
    write(body)
    this.features.set(bit, body.buffer)
  }
  /** The HEADER_BUILD_ID feature; ids in hex. */
  buildIds(list) {
    this.feature(BUILD_ID, (body) => {
      for (const { path, id, kernel = false } of list) {
        const name = new Bytes().text(path).buffer
        body
          .u32(67)
          .u16((kernel ? 1 : 2) | (1 << 15))
          .u16(8 + 4 + 24 + name.length)
        const bytes = Buffer.from(id, 'hex')
        body
          .u32(-1)
          .raw(bytes)
          .raw(Buffer.alloc(20 - bytes.length))
          .u8(bytes.length, 0, 0, 0)
          .raw(name)
      }
    })
  }
  write() {
    const ids = new Bytes().u64(...this.attrs.map((_, index) => index + 1))
    const header = 104
    const attrsAt = header + ids.length
    const dataAt = attrsAt + this.attrs.length * (ATTR_SIZE + 16)
    const file = new Bytes().raw(Buffer.from('PERFILE2')).u64(header, ATTR_SIZE + 16)
    file.u64(attrsAt, this.attrs.length * (ATTR_SIZE + 16), dataAt, this.records.length, 0, 0)
    const bits = [...this.features.keys()].sort((a, b) => a - b)
    file.u64(
      bits.reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n),
      0,
      0,
      0,
    )
    file.raw(ids.buffer)
    this.attrs.forEach(({ bytes }, index) => file.raw(bytes).u64(header + 8 * index, 8))
    file.raw(this.records.buffer)
    let at = file.length + bits.length * 16
    for (const bit of bits) {
      file.u64(at, this.features.get(bit).length)
      at += this.features.get(bit).length
    }
    for (const bit of bits) file.raw(this.features.get(bit))
    return file.buffer
  }
}

/** Records of one type: perf writes build-ids in a feature without it. */
function withType(records, type) {
  const made = Buffer.from(records)
  for (let at = 0; at < made.length; at += made.readUInt16LE(at + 6)) made.writeUInt32LE(type, at)
  return made
}

/** The same recording as perf record -o - has it: events, features and build-ids in records before the others. */
export function piped(file) {
  const section = (at) => ({ offset: Number(file.readBigUInt64LE(at)), size: Number(file.readBigUInt64LE(at + 8)) })
  const made = new PerfData()
  made.records = new Bytes().raw(file.subarray(0, 8)).u64(16)
  const entry = Number(file.readBigUInt64LE(16))
  const attrs = section(24)
  for (let at = attrs.offset; at < attrs.offset + attrs.size; at += entry) {
    const ids = section(at + entry - 16)
    made.record(64, 0, (body) => body.raw(file.subarray(at, at + entry - 16)).raw(file.subarray(ids.offset, ids.offset + ids.size)))
  }
  const data = section(40)
  let table = data.offset + data.size
  for (let bit = 0; bit < 256; bit++) {
    if (!(file[72 + (bit >> 3)] & (1 << (bit & 7)))) continue
    const feature = section(table)
    const bytes = file.subarray(feature.offset, feature.offset + feature.size)
    table += 16
    if (bit === BUILD_ID) made.records.raw(withType(bytes, 67))
    else if (bit !== AUXTRACE_FEATURE) made.record(80, 0, (body) => body.u64(bit).raw(bytes).raw(Buffer.alloc(-bytes.length & 7)))
  }
  return made.records.raw(file.subarray(data.offset, data.offset + data.size)).buffer
}
