// SPDX-License-Identifier: Apache-2.0
// Walks code at random and says what a CPU would have traced: Intel PT packets
// (full TIPs, no RET compression, a PSB+ with TSC at every change of code) and
// the exact list of instructions. Code may change while it runs, and run as the
// guest of a virtual machine.
import { createRequire } from 'node:module'
import { Bytes } from './perf-data.mjs'

const { Decoder, DecoderOptions, FlowControl, Mnemonic, OpKind } = createRequire(import.meta.url)('iced-x86')

/** The same walk every time. */
function random(seed) {
  let state = BigInt(seed) | 1n
  return (below) => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return Number((state >> 33n) % BigInt(below))
  }
}

class Packets {
  bytes = new Bytes()
  bits = []
  psb(tsc) {
    this.flush()
    this.bytes.raw(Buffer.from('0282'.repeat(8), 'hex'))
    this.bytes.u8(0x99, 0x01) // MODE.Exec, 64-bit
    this.tsc(tsc)
  }
  tsc(tsc) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(tsc))
    this.bytes.u8(0x19).raw(bytes.subarray(0, 7))
  }
  psbEnd = () => this.bytes.u8(0x02, 0x23)
  /** CR3 is the guest's, or the host's. */
  pip(isGuest) {
    this.flush()
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(((isGuest ? 0x7000n : 0x5000n) >> 4n) | (isGuest ? 1n : 0n))
    this.bytes.u8(0x02, 0x43).raw(bytes.subarray(0, 6))
  }
  vmcs() {
    this.bytes.u8(0x02, 0xc8, 0xc6, 0x3f, 0x10, 0, 0)
  }
  /** kind: 0x0d TIP, 0x11 PGE, 0x01 PGD, 0x1d FUP; all with 48 bits, sign-extended. */
  ip(kind, ip) {
    if (kind !== 0x1d) this.flush()
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, ip))
    this.bytes.u8(kind | (3 << 5)).raw(bytes.subarray(0, 6))
  }
  /** Any packets, as hex; `FUP` stands for one of `ip`. */
  hex(text, ip) {
    this.flush()
    for (const word of text.split(' ')) {
      if (word === 'FUP') this.ip(0x1d, ip)
      else this.bytes.raw(Buffer.from(word, 'hex'))
    }
  }
  /** A PEBS record: blocks of { type, small: items of 4 bytes, values: [[id, value]] }; `ip`: of its FUP, undefined: none. */
  pebs({ blocks, ip }) {
    this.flush()
    for (const { type, small = false, values } of blocks) {
      this.bytes.u8(0x02, 0x63, type | (small ? 0x80 : 0))
      for (const [id, value] of values) {
        const bytes = Buffer.alloc(8)
        bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
        this.bytes.u8((id << 3) | 4).raw(bytes.subarray(0, small ? 4 : 8))
      }
    }
    this.bytes.u8(0x02, ip === undefined ? 0x33 : 0xb3)
    if (ip !== undefined) this.ip(0x1d, ip)
  }
  taken(bit) {
    this.bits.push(bit)
    if (this.bits.length === 6) this.flush()
  }
  flush() {
    if (!this.bits.length) return
    let value = 1
    for (const bit of this.bits) value = (value << 1) | bit
    this.bytes.u8(value << 1)
    this.bits = []
  }
}

/** A virtual machine that goes on where it was left; `outside`: the host's stack and place meanwhile. */
class Machine {
  inside = false
  stack = []
  constructor({ entry, exit, exits = [], indirect }) {
    Object.assign(this, { entry, ip: entry, exit, exits, indirect })
  }
  enter(out) {
    out.pip(true)
    out.vmcs()
    out.ip(0x0d, this.ip)
    this.inside = true
    return this.ip
  }
  /** Leaves at `ip`, to go on at `next`. */
  leave(out, ip, next) {
    out.flush()
    out.ip(0x1d, ip)
    out.pip(false)
    out.ip(0x0d, this.exit)
    this.inside = false
    this.ip = next
    return this.exit
  }
}

/**
 * code: [{ start: bigint, bytes, from: step }], later entries hide earlier ones from step `from` on.
 * machine: a guest, { entry, exit: where the host goes on, exits: steps at which it is interrupted, indirect }; its code
 * is at addresses of its own. psbs: steps of more PSBs (0: the first says that it is the host that runs). records: PEBS records by step, [{ blocks, withIp }].
 * packets: more packets by step, in hex, `FUP` for one of the instruction at hand.
 * outside: where the outermost function returns to.
 * Returns { packets, truth: ['ip in hex'], tscOf(step) }.
 */
export function walk({ code, entry, steps, kernelEntry, indirect, interrupts = [], seed = 1, firstTsc = 1000, machine: given, psbs = [], records = new Map(), packets = {}, outside }) {
  const pick = random(seed)
  const out = new Packets()
  const truth = []
  const machine = given && new Machine(given)
  const hostStack = []
  let ip = entry
  const changes = [...new Set(code.map(({ from = 0 }) => from))].filter((from) => from > 0)
  const tscOf = (step) => firstTsc + step * 10
  const read = (step, at) => {
    for (let index = code.length - 1; index >= 0; index--) {
      const { start, bytes, from = 0, until = Infinity } = code[index]
      if (from <= step && step < until && at >= start && at < start + BigInt(bytes.length)) return bytes[Number(at - start)]
    }
    return undefined
  }
  const decode = (step, at) => {
    const bytes = []
    for (let i = 0n; i < 15n; i++) {
      const byte = read(step, at + i)
      if (byte === undefined) break
      bytes.push(byte)
    }
    const decoder = new Decoder(64, Uint8Array.from(bytes), DecoderOptions.None)
    decoder.ip = at
    const instruction = decoder.decode()
    if (instruction.mnemonic === Mnemonic.INVALID) throw new Error(`no code at ${at.toString(16)} in step ${step}`)
    return instruction
  }
  out.psb(tscOf(0))
  if (machine && psbs.includes(0)) out.pip(false)
  out.psbEnd()
  out.ip(0x11, ip)
  for (let step = 0; step < steps; step++) {
    if (changes.includes(step) || (step > 0 && psbs.includes(step))) {
      out.psb(tscOf(step))
      if (machine) out.pip(machine.inside)
      if (machine?.inside) out.vmcs()
      out.ip(0x1d, ip)
      out.psbEnd()
    }
    for (const { blocks, withIp } of records.get(step) ?? []) {
      out.tsc(tscOf(step))
      out.pebs({ blocks, ip: withIp ? ip : undefined })
    }
    if (packets[step]) out.hex(packets[step], ip)
    if (machine?.inside && machine.exits.includes(step)) ip = machine.leave(out, ip, ip)
    const stack = machine?.inside ? machine.stack : hostStack
    const places = machine?.inside ? machine.indirect : indirect
    if (interrupts.includes(step)) {
      out.flush()
      out.ip(0x1d, ip)
      out.ip(0x0d, kernelEntry.interrupt)
      stack.push(ip)
      ip = kernelEntry.interrupt
    }
    truth.push(ip.toString(16))
    const instruction = decode(step, ip)
    const next = instruction.nextIP
    const jump = (to) => {
      out.ip(0x0d, to)
      ip = to
    }
    if (machine && (instruction.mnemonic === Mnemonic.Vmlaunch || instruction.mnemonic === Mnemonic.Vmresume)) {
      ip = machine.enter(out)
      continue
    }
    if (machine?.inside && instruction.mnemonic === Mnemonic.Vmcall) {
      truth.pop() // it did not retire
      ip = machine.leave(out, ip, next)
      continue
    }
    switch (instruction.flowControl) {
      case FlowControl.Next:
        ip = next
        break
      case FlowControl.UnconditionalBranch:
        ip = instruction.nearBranchTarget
        break
      case FlowControl.ConditionalBranch: {
        const taken = pick(2)
        out.taken(taken)
        ip = taken ? instruction.nearBranchTarget : next
        break
      }
      case FlowControl.IndirectBranch:
        jump(places[pick(places.length)])
        break
      case FlowControl.IndirectCall:
        stack.push(next)
        jump(places[pick(places.length)])
        break
      case FlowControl.Call:
        stack.push(next)
        if (instruction.op0Kind === OpKind.NearBranch64) ip = instruction.nearBranchTarget
        else jump(kernelEntry.syscall) // SYSCALL
        break
      case FlowControl.Return: {
        const to = stack.pop() ?? outside
        if (to === undefined && machine?.inside) {
          // Nowhere to go: the machine stops there, and begins again.
          truth.pop()
          ip = machine.leave(out, ip, machine.entry)
          break
        }
        if (to === undefined) throw new Error(`return from the outermost function at ${ip.toString(16)}`)
        jump(to)
        break
      }
      default:
        throw new Error(`cannot walk ${instruction.toString()} at ${ip.toString(16)}`)
    }
  }
  out.flush()
  out.ip(0x1d, ip)
  out.bytes.u8(0x01) // TIP.PGD without an IP
  return { packets: out.bytes.buffer, truth, tscOf }
}
