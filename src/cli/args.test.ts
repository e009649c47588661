// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseCommand } from './args'
import { parseItrace, PeriodUnit, Want } from './itrace'
import { fieldNames } from './sample-fields'
import { parseTimes } from './times'

const parse = (line: string) => parseCommand(line.split(' ').filter(Boolean))

function scriptOf(line: string) {
  const parsed = parse(line)
  if (!parsed.ok || parsed.value.name !== 'script') throw new Error(parsed.ok ? parsed.value.name : parsed.error)
  return parsed.value
}

/** The fields of counted events, in the decoder's order; "chosen" when they are no longer the default. */
const fieldsOf = (line: string) => {
  const { fields } = scriptOf(line).options
  const chosen = fields.chosen.has('hw') ? ['chosen'] : []
  return [...fieldNames.filter((name) => fields.byKind.hw.has(name)), ...(fields.flags ? ['flags'] : []), ...chosen].join(' ')
}

function errorOf(line: string): string {
  const parsed = parse(line)
  return parsed.ok ? `parsed as ${parsed.value.name}` : parsed.error
}

describe('script', () => {
  it('takes the file as perf does and as the last word', () => {
    expect(scriptOf('script -i perf.data --symfs /tmp/s --itrace=b')).toMatchObject({ file: 'perf.data', symfs: '/tmp/s' })
    expect(scriptOf('script --itrace=b perf.data')).toMatchObject({ file: 'perf.data', symfs: undefined })
  })

  it("starts from perf's fields", () => {
    expect(fieldsOf('script x')).toBe('comm tid cpu time period event ip sym symoff dso')
    expect(fieldsOf('script -F +flags x')).toBe('comm tid cpu time period event ip sym symoff dso flags')
    expect(fieldsOf('script -F +addr,+pid x')).toBe('comm pid tid cpu time period event ip sym symoff dso addr chosen')
    expect(fieldsOf('script -F -event,-period x')).toBe('comm tid cpu time ip sym symoff dso chosen')
    expect(fieldsOf('script -F ip,sym x')).toBe('ip sym chosen')
    expect(fieldsOf('script -Fip,flags x')).toBe('ip flags chosen')
    expect(fieldsOf('script --fields=+insn -F -ip x')).toBe('comm tid cpu time period event sym symoff dso insn chosen')
  })

  it('remembers which fields were asked for by name', () => {
    const asked = (line: string) => [...scriptOf(line).options.fields.asked].join(' ')
    expect(asked('script x')).toBe('')
    expect(asked('script -F ip,cpu x')).toBe('ip cpu')
    expect(asked('script -F ip -F +cpu -F -dso x')).toBe('ip cpu')
  })

  it('knows what stands for several options', () => {
    expect(scriptOf('script --insn-trace x').options).toMatchObject({ ns: true, pad_dso: false, itrace: { want: Want.INSTRUCTIONS | Want.ERRORS, period: 0 } })
    expect(fieldsOf('script --insn-trace x')).toBe('comm tid cpu time ip sym symoff dso insn chosen')
    expect(scriptOf('script --call-trace x').options).toMatchObject({ ns: true, pad_dso: true })
    expect(fieldsOf('script --call-ret-trace x')).toBe('comm tid cpu time sym symoff dso callindent flags chosen')
  })

  it('changes the fields of one kind of event', () => {
    const { fields } = scriptOf('script -F synth:+pid -F hw:ip,flags x').options
    expect([...fields.byKind.synth].join(' ')).toBe('comm tid cpu time event ip sym symoff dso synth pid')
    expect([...fields.byKind.hw].join(' ')).toBe('ip')
    expect([...fields.byKind.sw].join(' ')).toBe('comm tid cpu time event ip sym symoff dso period bpf-output')
    expect(fields).toMatchObject({ flags: true })
  })

  it('ignores fields that a trace has nothing for, where perf ignores them', () => {
    const { fields } = scriptOf('script -F +trace,+bpf-output x').options
    expect([...fields.chosen]).toEqual(['trace', 'sw'])
    expect(scriptOf('script -F +metric x').options.fields.chosen.size).toBe(8)
  })

  it('filters by lists of numbers and names', () => {
    expect(scriptOf('script -C 0,2-4 --pid 7 --tid=8,9 -c ls,cat x').options).toMatchObject({ cpus: [0, 2, 3, 4], pids: [7], tids: [8, 9], comms: ['ls', 'cat'] })
    expect(errorOf('script -C 4-2 x')).toBe('Invalid cpu_list')
    expect(errorOf('script -C 1,0-2 x')).toBe('Invalid cpu_list')
    expect(scriptOf('script -C 0x10,010,0-,x --pid 7,,9 --tid= x').options).toMatchObject({ cpus: [16, 8, 0], pids: [7, 0, 9], tids: [0] })
    expect(errorOf('script --tid 1-5 x')).toBe('problems parsing tid list')
  })

  it('refuses what it cannot print, by name', () => {
    expect(errorOf('script -F comm,+ipc x')).toBe('Cannot mix +-field with overridden fields')
    expect(errorOf('script -F -sym x')).toBe('Display of offsets requested but symbol is not selected.')
    expect(errorOf('script -F foo x')).toBe('Invalid field requested: "foo".')
    expect([...scriptOf('script -F hw: -F sw: -F sw:ip x').options.fields.emptied]).toEqual(['hw'])
    expect(errorOf('script -F foo:ip x')).toBe('Invalid event type in field string: "foo".')
    expect(errorOf('script -F +brcntr x')).toContain('-F brcntr: this field of newer perfs is not supported yet')
    expect(errorOf('script -F hw:+trace x')).toBe("'trace' not valid for hardware events.")
    expect(errorOf('script -F synth:+bpf-output x')).toBe("'bpf-output' not valid for unknown events.")
    expect(errorOf('script -F +dsoff x')).toBe('-F dsoff: perf 6.1 has no such field; --perf-version 6.12 has.')
    expect(errorOf('script --perf-version 7 x')).toBe('--perf-version 7: the text of 6.1, 6.12, 6.15 can be printed.')
  })
})

describe('--itrace', () => {
  const { INSTRUCTIONS, TICKS, NS } = PeriodUnit

  it('takes periods in every unit', () => {
    const period = (text: string) => {
      const parsed = parseItrace(text)
      return parsed.ok ? [parsed.value.period_unit, parsed.value.period] : parsed.error
    }
    expect(period('i')).toEqual([NS, 100_000])
    expect(period('i0ns')).toEqual([NS, 0])
    expect(period('i100us')).toEqual([NS, 100_000])
    expect(period('i2ms')).toEqual([NS, 2_000_000])
    expect(period('i 10 i,b')).toEqual([INSTRUCTIONS, 10])
    expect(period('i10t')).toEqual([TICKS, 10])
    expect(period('i77')).toEqual([NS, 77])
    for (const text of ['i10b', 'i10x', 'i1.5', 'i-5', 'i10m']) expect(period(text)).toBe(`Bad Instruction Tracing options '${text}'`)
  })

  it('takes letters with what follows them', () => {
    const wanted = (text: string) => parseItrace(text)
    expect(wanted('b, i0nse')).toMatchObject({ value: { want: Want.BRANCHES | Want.INSTRUCTIONS | Want.ERRORS, branch_filter: 0 } })
    expect(wanted('cr')).toMatchObject({ value: { want: Want.BRANCHES, branch_filter: 0b1100100110 } })
    expect(wanted('e-o-l')).toMatchObject({ value: { error_filter: (1 << 7) | (1 << 8) } })
    expect(wanted('e-ol')).toMatchObject({ value: { error_filter: 1 << 7, branch_stack_size: 64 } })
    expect(wanted('e-o+o')).toMatchObject({ value: { error_filter: 1 << 7 } })
    expect(wanted('e+o-l')).toMatchObject({ value: { error_filter: 1 << 8 } })
    expect(wanted('g4l8s10AZ')).toMatchObject({ value: { chain_size: 4, branch_stack_size: 8, skip: 10, approximate_ipc: true, timeless: true } })
    expect(wanted('gl')).toMatchObject({ value: { chain_size: 16, branch_stack_size: 64 } })
    expect(wanted('fmtaMod+e')).toMatchObject({ value: { want: Want.OTHERS } })
  })

  it("refuses what perf refuses, in perf's words", () => {
    for (const text of ['k', 'y', 'T', 's', 'b0', 'g2000', 'l0', 'e+ol-o', 'e-', 'd+'])
      expect(parseItrace(text)).toEqual({ ok: false, error: `Bad Instruction Tracing options '${text}'` })
    expect(parseItrace('y', '6.12')).toMatchObject({ ok: true, value: { want: Want.CYCLES } })
    expect(parseItrace('bT', '6.12')).toMatchObject({ ok: true, value: { want: Want.BRANCHES } })
    expect(parseItrace('qq')).toMatchObject({ ok: true, value: { quick: 2 } })
  })
})

describe('--time', () => {
  const times = (text: string) => {
    const parsed = parseTimes(text, 1000n, 2000n)
    return parsed.ok ? parsed.value.map(({ start, end }) => `${start}-${end}`).join(' ') : parsed.error
  }

  it('takes seconds, open ends and several ranges', () => {
    expect(times('1.5,2')).toBe('1500000000-2000000000')
    expect(times('1.000000001,')).toBe('1000000001-18446744073709551615')
    expect(times(',3')).toBe('0-3000000000')
    expect(times('1,2 3,4.25')).toBe('1000000000-2000000000 3000000000-4250000000')
  })

  it('takes percents of the trace', () => {
    expect(times('33.36%/2')).toBe('1334-1666')
    expect(times('10%/2')).toBe('1100-1199')
    expect(times('0%-10%,30%-40%')).toBe('1000-1099 1300-1399')
    expect(times('90%-100%')).toBe('1900-2000')
    expect(times('20%-10%')).toBe('1200-1099')
  })

  it('refuses what is no range', () => {
    for (const text of ['', '5,1', 'a,b', '1,2,3', '1,3 2,4', '10%/0', '10%/11', '101%', '5', ' 1,2']) expect(times(text)).toBe('Invalid time string')
  })
})

describe('other commands', () => {
  it('parses numbers in both notations', () => {
    expect(parse('packets --queue 1 --from 0x100 --count 5 x')).toEqual({
      ok: true,
      value: { name: 'packets', file: 'x', symfs: undefined, given: [], guest: { code: false, files: [], data: [], mount: undefined }, options: { queue: 1, from: 256, count: 5, json: false } },
    })
    expect(errorOf('packets --from -3 x')).toContain('--from')
    expect(errorOf('packets --count ten x')).toBe('--count ten: not a whole number.')
  })

  it('checks --sort', () => {
    expect(parse('report --sort cycles --limit 3 --json x')).toMatchObject({
      ok: true,
      value: { options: { sort: 'cycles', limit: 3, json: true } },
    })
    expect(errorOf('report --sort size x')).toBe('--sort size: sort by time, cycles, instructions.')
  })

  it('says what is missing or too much', () => {
    expect(errorOf('info')).toBe('info needs a trace: ptarmigan info FILE')
    expect(errorOf('info a b')).toBe('info reads one trace; 2 were given: a, b')
    expect(errorOf('frobnicate a')).toBe('there is no command "frobnicate"; the commands are info, script, report, packets, samples, bundle, serve, share, unshare, open.')
    expect(errorOf('toString a')).toContain('there is no command')
    expect(errorOf('info --bogus a')).toContain('--bogus')
    expect(parse('')).toMatchObject({ ok: true, value: { name: 'help' } })
    expect(parse('script --help')).toMatchObject({ ok: true, value: { name: 'help' } })
    expect(parse('--version')).toEqual({ ok: true, value: { name: 'help', text: expect.stringMatching(/^ptarmigan \d+\.\d+\.\d+\n$/) as string } })
  })
})
