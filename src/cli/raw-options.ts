// SPDX-License-Identifier: Apache-2.0
// A raw stream of packets on the command line: the options that ptxed has for
// where code was loaded and what CPU it ran on, and the trace made of them.
import type { ParseArgsConfig } from 'node:util'
import { fail, ok, type Result } from '../lib/result'
import {
  elfCode,
  findPsb,
  FLAT_HEADER_BYTES,
  flatHeader,
  hasTime,
  rawTrace,
  unknownCpu,
  type RawCode,
  type RawCpu,
} from '../model/raw-trace'
import { headOf, openPart, type FilePart, type FileSources, type Opened } from './file-sources'

export type RawOptions = {
  stream: string
  flat: { file: string; address: bigint }[]
  elf: { file: string; base: bigint | null }[]
  cpu: RawCpu
}
export type RawInputs = { trace: Opened; images: (Opened & { as: string })[] }

export const rawFlags = {
  pt: { type: 'string' },
  raw: { type: 'string', multiple: true },
  elf: { type: 'string', multiple: true },
  cpu: { type: 'string' },
  'cr3-filter': { type: 'boolean' },
  'mtc-freq': { type: 'string' },
  'nom-freq': { type: 'string' },
  'cpuid-0x15.eax': { type: 'string' },
  'cpuid-0x15.ebx': { type: 'string' },
} as const satisfies ParseArgsConfig['options']

export const rawUsage = `A raw stream of packets, as gdb, lldb, simple-pt and DynamoRIO keep it, instead of FILE
  --pt FILE          the packets
  --raw FILE:ADDR    flat code that was loaded at ADDR (hex with 0x); may be given again
  --elf FILE[:BASE]  a program or library, at its own addresses or from BASE on; may be given again
  --cpu F/M[/S]      family, model and stepping of the CPU, like 6/85/4
                     (it decides which of its errata are allowed for)
  --cr3-filter       only code under one CR3 was traced: a MOV CR3 may end it
  --mtc-freq N       its MTC period
  --nom-freq N       its nominal frequency in 100 MHz; without it times are TSC ticks
  --cpuid-0x15.eax N, --cpuid-0x15.ebx N
                     its ratio of TSC to crystal clock
`

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

const numberOf = (text: string): number => (/^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN)
const listOf = (value: Values[string]): string[] => (Array.isArray(value) ? value.map(String) : [])

/** What the options say; undefined: there is no --pt. */
export function rawOptions(values: Values, command: string): Result<RawOptions | undefined, string> {
  const stream = values['pt']
  if (typeof stream !== 'string') {
    // `script -C` is perf's --cpu, which has another meaning.
    const lonely = Object.keys(rawFlags).find((name) => values[name] !== undefined && !(name === 'cpu' && command === 'script'))
    return lonely === undefined ? ok(undefined) : fail(`--${lonely} belongs to a raw stream: name it with --pt FILE.`)
  }
  const cpu = cpuOf(values)
  if (!cpu.ok) return cpu
  const flat: RawOptions['flat'] = []
  for (const text of listOf(values['raw'])) {
    const { file, address } = placed(text)
    if (address === null) return fail(`--raw ${text}: give the address it was loaded at, as FILE:0x400000.`)
    flat.push({ file, address })
  }
  const elf = listOf(values['elf']).map((text) => {
    const { file, address } = placed(text)
    return { file, base: address }
  })
  return ok({ stream, flat, elf, cpu: cpu.value })
}

/** FILE:ADDRESS; a colon before anything else is part of the name. */
function placed(text: string): { file: string; address: bigint | null } {
  const match = /^(.+):(0x[0-9a-f]{1,16}|\d{1,20})$/i.exec(text)
  return match?.[1] !== undefined && match[2] !== undefined
    ? { file: match[1], address: BigInt.asUintN(64, BigInt(match[2])) }
    : { file: text, address: null }
}

function cpuOf(values: Values): Result<RawCpu, string> {
  const cpu = { ...unknownCpu, cr3Filter: values['cr3-filter'] === true ? 1 : 0 }
  const names = [
    ['mtc-freq', 'mtcFreq'],
    ['nom-freq', 'nomFreq'],
    ['cpuid-0x15.eax', 'cpuid15Eax'],
    ['cpuid-0x15.ebx', 'cpuid15Ebx'],
  ] as const
  for (const [option, key] of names) {
    const text = values[option]
    if (typeof text !== 'string') continue
    const value = numberOf(text)
    if (!Number.isSafeInteger(value) || value > 0xffffffff) return fail(`--${option} ${text}: not a whole number.`)
    cpu[key] = value
  }
  if (cpu.mtcFreq > 15) return fail(`--mtc-freq ${cpu.mtcFreq}: the period is a number from 0 to 15.`)
  const text = values['cpu']
  if (typeof text !== 'string') return ok(cpu)
  const match = /^(\d+)\/(\d+)(?:\/(\d+))?$/.exec(text)
  if (!match) return fail(`--cpu ${text}: give family/model or family/model/stepping, like 6/85/4.`)
  return ok({ ...cpu, family: Number(match[1]), model: Number(match[2]), stepping: Number(match[3] ?? 0) })
}

const ELF_HEAD_BYTES = 64 << 10
const PSB_SEARCH_BYTES = 1 << 20

/** Opens the stream and its code, and puts a perf.data around it. */
export function openRaw({ stream, flat, elf, cpu }: RawOptions, sources: FileSources): Result<RawInputs, string> {
  const packets = openPart(stream)
  if (!packets.ok) return packets
  const images: RawInputs['images'] = []
  const code: RawCode[] = []
  for (const [row, { file, address }] of flat.entries()) {
    const part = openPart(file)
    if (!part.ok) return part
    const as = `/raw/${row}/${baseName(file)}`
    code.push({ name: as, address, size: BigInt(part.value.size), offset: BigInt(FLAT_HEADER_BYTES) })
    images.push({ ...sources.add(file, [flatHeader(address, BigInt(part.value.size)), part.value]), as })
  }
  for (const [row, { file, base }] of elf.entries()) {
    const part = openPart(file)
    if (!part.ok) return part
    const as = `/elf/${row}/${baseName(file)}`
    const segments = elfCode(headOf(part.value, ELF_HEAD_BYTES), base)
    if (!segments || segments.length === 0) return fail(`--elf ${file}: not a 64-bit ELF file with code.`)
    code.push(...segments.map((segment) => ({ ...segment, name: as })))
    images.push({ ...sources.add(file, [part.value]), as })
  }
  return framed(stream, packets.value, cpu, code, images, sources)
}

function framed(
  stream: string,
  packets: FilePart,
  cpu: RawCpu,
  code: RawCode[],
  images: RawInputs['images'],
  sources: FileSources,
): Result<RawInputs, string> {
  const head = headOf(packets, PSB_SEARCH_BYTES)
  const psb = findPsb(head)
  if (psb < 0)
    return fail(`${stream} holds no PSB packet in its first ${head.length} bytes: it is no stream of Intel PT packets, or too short a one.`)
  const { before, after } = rawTrace(cpu, code, packets.size, hasTime(head, psb))
  return ok({ trace: sources.add(stream, [before, packets, after]), images })
}

const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1)
