// SPDX-License-Identifier: Apache-2.0
// Assembles code for walks (tools/make-*walks.mjs), and writes what /proc says of a
// kernel that was made so. Needs gcc and binutils.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Bytes } from '../test/walk/perf-data.mjs'

/** How far the kernel was moved from where it was linked, and where its module lies. */
export const SLIDE = 0x1e000000n
export const MODULE = 0xffffffffc0200000n
const hex = (value) => value.toString(16).padStart(16, '0')

export const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** The tools, run in a folder. */
export function toolsIn(scratch) {
  const run = (...words) => execFileSync(words[0], words.slice(1), { cwd: scratch, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })
  const section = (file, name) => {
    run('objcopy', '-O', 'binary', `--only-section=${name}`, file, 'section.bin')
    const address = new RegExp(`\\s${name.replace('.', '\\.')}\\s+PROGBITS\\s+([0-9a-f]+)`).exec(run('readelf', '-SW', file).toString())?.[1]
    return { start: BigInt(`0x${address}`), bytes: readFileSync(join(scratch, 'section.bin')) }
  }
  const symbolsOf = (file) => {
    const lines = run('nm', file).toString().trim().split('\n')
    return new Map(lines.map((line) => line.split(/\s+/)).map(([address, type, name]) => [name, { address: BigInt(`0x${address}`), type }]))
  }
  const buildId = (file) => /Build ID: ([0-9a-f]+)/.exec(run('readelf', '-n', file).toString())?.[1]
  return { run, section, symbolsOf, buildId }
}

/** A kernel and its module, assembled as `vmlinux` and `module.elf` (names may be others) out of the sources of `folder`. */
export function buildKernel({ run, section, symbolsOf }, folder, { vmlinux = 'vmlinux', module = 'module.elf', linkedBy = folder } = {}) {
  run('gcc', '-c', join(folder, 'kernel.S'), '-o', 'kernel.o')
  run('ld', '-T', join(linkedBy, 'kernel.ld'), '--build-id=sha1', '-o', vmlinux, 'kernel.o')
  run('gcc', '-c', join(folder, 'module.S'), '-o', 'module.o')
  run('ld', `-Ttext=0x${hex(MODULE)}`, '-e', 'demo_call', '-o', module, 'module.o')
  const moved = ({ start, bytes }) => ({ start: start + SLIDE, bytes })
  const symbols = symbolsOf(vmlinux)
  return {
    symbols,
    text: moved(section(vmlinux, '.text')),
    init: moved(section(vmlinux, '.init.text')),
    module: { symbols: symbolsOf(module), text: section(module, '.text') },
    at: (name) => symbols.get(name).address + SLIDE,
  }
}

/** A core file as /proc/kcore is one. */
function writeCore(file, pieces) {
  const page = (size) => (size + 4095) & ~4095
  const core = new Bytes().raw(Buffer.from('7f454c46020101000000000000000000', 'hex')).u16(4).u16(62).u32(1).u64(0, 64, 0)
  core.u32(0).u16(64).u16(56).u16(pieces.length).u16(0).u16(0).u16(0)
  let offset = 4096
  for (const { start, bytes } of pieces) {
    core.u32(1, 7).u64(offset, start, 0, page(bytes.length), page(bytes.length), 4096)
    offset += page(bytes.length)
  }
  core.raw(Buffer.alloc(4096 - core.length))
  for (const { bytes } of pieces) core.raw(bytes).raw(Buffer.alloc(page(bytes.length) - bytes.length))
  writeFileSync(file, core.buffer)
}

/** kcore, kallsyms and modules of a kernel, in a folder. */
export function writeProc(folder, { symbols, text, init, module }) {
  mkdirSync(folder, { recursive: true })
  const gap = Number(init.start - text.start) - text.bytes.length
  const whole = Buffer.concat([text.bytes, Buffer.alloc(gap), init.bytes])
  writeCore(join(folder, 'kcore'), [{ start: text.start, bytes: whole }, module.text])
  const lines = [...symbols].map(([name, { address, type }]) => ({ address: address + SLIDE, text: `${type} ${name}` }))
  lines.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
  lines.push({ address: init.start + 0x1000n, text: 'T _end' })
  for (const [name, { address, type }] of module.symbols) if (name.startsWith('demo')) lines.push({ address, text: `${type.toLowerCase()} ${name}\t[demo]` })
  writeFileSync(join(folder, 'kallsyms'), lines.map(({ address, text }) => `${hex(address)} ${text}\n`).join(''))
  writeFileSync(join(folder, 'modules'), `demo 8192 0 - Live 0x${hex(MODULE)}\n`)
}

/** A perf.data in which what perf record makes up ends with zeros, as it has it. */
export function madeUp(bytes) {
  const AUXTRACE = 71
  const start = Number(bytes.readBigUInt64LE(40))
  const end = start + Number(bytes.readBigUInt64LE(48))
  for (let at = start; at < end; ) {
    const type = bytes.readUInt32LE(at)
    const next = at + bytes.readUInt16LE(at + 6)
    if (type < 64 && bytes.readBigUInt64LE(next - 24) === 0n) bytes.fill(0, next - 32, next)
    at = next + (type === AUXTRACE ? Number(bytes.readBigUInt64LE(at + 8)) : 0)
  }
  return bytes
}
