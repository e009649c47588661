// SPDX-License-Identifier: Apache-2.0
// The expected lines are perf 6.1's own, for ptgen's hello-static, algo, tsx
// and truncated traces.
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../lib/byte-writer'
import { textColumn } from '../lib/text-column'
import { emptyTable } from '../engine/columns'
import type { Tables } from '../model/tables.gen'
import { defaultFields, parseFields, type Fields } from './fields'
import { flagsText } from './perf-flags'
import { PerfLines, SampleKind } from './perf-lines'

type Place = { at: bigint; symbol?: string; offset?: bigint; dso?: string }
type Sample = {
  kind: number
  time?: bigint
  comm?: string
  pid?: number
  cpu?: number
  flags?: string
  ip?: Place
  addr?: Place
  code?: string
  length?: number
  ipc?: [number, number]
  error?: number
}

const nowhere: Place = { at: 0n }
const hello = '/opt/ptgen/bin/hello-static'
const letters = 'bcrosyiABExghDt'
const bits = (flags = '') => Array.from(flags).reduce((sum, letter) => sum | (1 << letters.indexOf(letter)), 0)

function samples(rows: readonly Sample[]): Tables['samples'] {
  const table = emptyTable('samples', rows.length)
  const texts = (text: (row: Sample) => string | undefined) => textColumn(rows.map((row) => text(row) ?? ''))
  table.comm = texts((row) => row.comm ?? 'hello-static')
  table.ip_symbol = texts((row) => row.ip?.symbol)
  table.ip_dso = texts((row) => row.ip?.dso)
  table.addr_symbol = texts((row) => row.addr?.symbol)
  table.addr_dso = texts((row) => row.addr?.dso)
  rows.forEach((row, index) => {
    const { ip = nowhere, addr = nowhere, code = '' } = row
    table.kind[index] = row.kind
    table.time[index] = row.time ?? 86409526766940n
    table.pid[index] = table.tid[index] = row.pid ?? 20038
    table.cpu[index] = row.cpu ?? 0
    table.flags[index] = bits(row.flags)
    table.ip[index] = ip.at
    table.ip_offset[index] = ip.offset ?? 0n
    table.addr[index] = addr.at
    table.addr_offset[index] = addr.offset ?? 0n
    const bytes = code
      .split(' ')
      .filter(Boolean)
      .map((byte) => BigInt(`0x${byte}`))
    table.length[index] = bytes.length
    table.code_low[index] = bytes.slice(0, 8).reduceRight((sum, byte) => (sum << 8n) | byte, 0n)
    table.code_high[index] = bytes.slice(8).reduceRight((sum, byte) => (sum << 8n) | byte, 0n)
    table.ipc_instructions[index] = row.ipc?.[0] ?? 0
    table.ipc_cycles[index] = row.ipc?.[1] ?? 0
    table.error[index] = row.error ?? 0
  })
  return table
}

type Options = { width?: number; ns?: boolean }

function lines(fields: Fields, rows: readonly Sample[], { width = 14, ns = false }: Options = {}): string[] {
  const out = new ByteWriter(64)
  new PerfLines({ fields, branches_name: 'branches:u', instructions_name: 'instructions:u', event_width: width, ns }, out).write(
    samples(rows),
  )
  return new TextDecoder().decode(out.take()).split('\n').slice(0, -1)
}

function chosen(text: string): Fields {
  const fields = parseFields(text)
  if (!fields.ok) throw new Error(fields.error)
  return fields.value
}

const start: Sample = { kind: SampleKind.BRANCH, flags: 'bB', addr: { at: 0x401520n, symbol: '_start', offset: 0n, dso: hello } }
const call: Sample = {
  kind: SampleKind.BRANCH,
  flags: 'bc',
  ip: { at: 0x40153bn, symbol: '_start', offset: 0x1bn, dso: hello },
  addr: { at: 0x4027d0n, symbol: '__libc_start_main_impl', offset: 0n, dso: hello },
  code: '67 e8 8f 12 00 00',
}
const jump: Sample = {
  kind: SampleKind.INSTRUCTION,
  flags: 'b',
  time: 86409526767581n,
  ip: { at: 0x43b540n, symbol: '__tunables_init', offset: 0xf0n, dso: hello },
  addr: { at: 0x43b55an },
  code: 'eb 18',
}
const syscall: Omit<Sample, 'kind'> = {
  flags: 'bcsE',
  time: 86409526771674n,
  ip: { at: 0x43bbe9n, symbol: '_dl_early_allocate', offset: 0x39n, dso: hello },
  code: '0f 05',
}

describe('lines', () => {
  it('prints the default fields', () => {
    expect(lines(defaultFields(), [start, call], { width: 11 })).toEqual([
      '    hello-static 20038 [000] 86409.526766:          1  branches:u:                 0 [unknown] ([unknown]) =>           401520 _start+0x0 (/opt/ptgen/bin/hello-static)',
      '    hello-static 20038 [000] 86409.526766:          1  branches:u:            40153b _start+0x1b (/opt/ptgen/bin/hello-static) =>           4027d0 __libc_start_main_impl+0x0 (/opt/ptgen/bin/hello-static)',
    ])
    expect(lines(defaultFields(), [{ ...jump, time: 86409526766940n }])).toEqual([
      '    hello-static 20038 [000] 86409.526766:          1 instructions:u:            43b540 __tunables_init+0xf0 (/opt/ptgen/bin/hello-static)',
    ])
  })

  it('prints every field in ns', () => {
    const fields = chosen('+flags,+addr,+insn,+insnlen,+ipc,+pid')
    const rows = [
      start,
      jump,
      { ...syscall, kind: SampleKind.INSTRUCTION, ipc: [30, 42] } as Sample,
      { ...syscall, kind: SampleKind.BRANCH, ipc: [64, 84] } as Sample,
    ]
    expect(lines(fields, rows, { ns: true })).toEqual([
      '    hello-static 20038/20038 [000] 86409.526766940:          1     branches:u:   tr strt                               0 [unknown] ([unknown]) =>           401520 _start+0x0 (/opt/ptgen/bin/hello-static) ilen: 0',
      '    hello-static 20038/20038 [000] 86409.526767581:          1 instructions:u:   jmp                             43b55a           43b540 __tunables_init+0xf0 (/opt/ptgen/bin/hello-static) ilen: 2 insn: eb 18',
      '    hello-static 20038/20038 [000] 86409.526771674:          1 instructions:u:   tr end  syscall                      0           43bbe9 _dl_early_allocate+0x39 (/opt/ptgen/bin/hello-static) ilen: 2 insn: 0f 05 \t IPC: 0.71 (30/42) ',
      '    hello-static 20038/20038 [000] 86409.526771674:          1     branches:u:   tr end  syscall                  43bbe9 _dl_early_allocate+0x39 (/opt/ptgen/bin/hello-static) =>                0 [unknown] ([unknown]) \t IPC: 0.76 (64/84)  ilen: 2 insn: 0f 05',
    ])
  })

  it('prints single fields as perf does', () => {
    const only = (text: string, rows = [call]) => lines(chosen(text), rows, { width: 11 })
    expect(only('ip')).toEqual(['           40153b'])
    expect(only('sym')).toEqual([''])
    expect(only('addr')).toEqual([' =>           4027d0'])
    expect(only('ip,sym,addr', [start])).toEqual(['                0 [unknown] =>           401520 _start'])
    expect(only('pid,tid')).toEqual(['20038/20038 '])
    expect(only('tid')).toEqual(['20038 '])
    expect(only('event')).toEqual([' branches:u: '])
    expect(only('insn')).toEqual([' insn: 67 e8 8f 12 00 00'])
    expect(only('insnlen', [start])).toEqual([' ilen: 0'])
    expect(only('flags,ip', [start])).toEqual(['  tr strt                               0'])
    expect(only('ip,addr', [jump])).toEqual(['          43b55a           43b540'])
    expect(only('+ipc')).toEqual([
      '    hello-static 20038 [000] 86409.526766:          1  branches:u:            40153b _start+0x1b (/opt/ptgen/bin/hello-static)',
    ])
    expect(only('+flags', [start])[0]).toBe(
      '    hello-static 20038 [000] 86409.526766:          1  branches:u:   tr strt                               0 [unknown] ([unknown]) =>           401520 _start+0x0 (/opt/ptgen/bin/hello-static)',
    )
  })

  it('leaves out the CPU of a per-thread trace unless it is asked for', () => {
    const row: Sample = { ...start, comm: 'algo', pid: 20043, cpu: -1, time: 86409526831000n }
    expect(lines(defaultFields(), [row], { width: 11 })[0]).toMatch(/^ {12}algo 20043 86409\.526831: {10}1 {2}branches:u: /)
    expect(lines(chosen('+pid'), [row], { width: 11 })[0]).toMatch(/^ {12}algo 20043\/20043 86409\.526831: /)
    expect(lines(chosen('cpu,ip'), [row])).toEqual(['[-01]                 0'])
  })

  it('prints trace errors', () => {
    const errors: Sample[] = [
      { kind: SampleKind.ERROR, time: 86409526881866n, pid: 20043, error: 8 },
      { kind: SampleKind.ERROR, time: 86409526949853n, pid: 20043, ip: { at: 0x7fff00007180n }, error: 5 },
      { kind: SampleKind.ERROR, time: 0n, pid: 0, ip: { at: 0x7ffff7fe4b70n }, error: 5 },
    ]
    expect(lines(defaultFields(), errors)).toEqual([
      ' instruction trace error type 1 time 86409.526881866 cpu 0 pid 20043 tid 20043 ip 0 code 8: Lost trace data',
      ' instruction trace error type 1 time 86409.526949853 cpu 0 pid 20043 tid 20043 ip 0x7fff00007180 code 5: Failed to get instruction',
      ' instruction trace error type 1 time 0 cpu 0 pid 0 tid 0 ip 0x7ffff7fe4b70 code 5: Failed to get instruction',
    ])
  })

  it('keeps times beyond 2^53 exact and long instructions whole', () => {
    const code = '66 2e 0f 1f 84 00 00 00 00 00 11 22 33 44 55'
    expect(lines(chosen('time,insn'), [{ ...call, time: 12345678901234567891n, code }], { ns: true })).toEqual([
      `12345678901.234567891:  insn: ${code}`,
    ])
  })

  it('writes long names without losing a byte', () => {
    const symbol = 'std::__detail::_Map_base<'.repeat(200)
    expect(lines(chosen('ip,sym,symoff,dso'), [{ ...call, ip: { at: 1n, symbol, offset: 0x1234n, dso: '/x' } }])).toEqual([
      `                1 ${symbol}+0x1234 (/x)`,
    ])
  })
})

describe('flags', () => {
  it('names what perf names and spells out the rest', () => {
    const text = (flags: string) => flagsText(bits(flags))
    expect(text('bc')).toBe('  call                  ')
    expect(text('bcx')).toBe('  call              (x) ')
    expect(text('bBDt')).toBe('  tr strt          (Dt) ')
    expect(text('bcsE')).toBe('  tr end  syscall       ')
    expect(text('byE')).toBe('  tr end  async         ')
    expect(text('bA')).toBe('  tx abrt               ')
    expect(text('bcyi')).toBe('  hw int                ')
    expect(text('x')).toBe('  x                     ')
    expect(text('')).toBe('                        ')
  })
})
