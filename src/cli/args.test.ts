// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseCommand } from './args'
import { parseItrace } from './itrace'

const parse = (line: string) => parseCommand(line.split(' ').filter(Boolean))

function scriptOf(line: string) {
  const parsed = parse(line)
  if (!parsed.ok || parsed.value.name !== 'script') throw new Error(parsed.ok ? parsed.value.name : parsed.error)
  return parsed.value
}

const fieldsOf = (line: string) =>
  Object.entries(scriptOf(line).options.fields)
    .filter(([, on]) => on === true)
    .map(([name]) => name)
    .join(' ')

function errorOf(line: string): string {
  const parsed = parse(line)
  return parsed.ok ? `parsed as ${parsed.value.name}` : parsed.error
}

describe('script', () => {
  it('takes the file as perf does and as the last word', () => {
    expect(scriptOf('script -i perf.data --symfs /tmp/s --itrace=b')).toMatchObject({ file: 'perf.data', symfs: '/tmp/s', note: '' })
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

  it('knows --insn-trace', () => {
    expect(scriptOf('script --insn-trace x').options).toMatchObject({
      ns: true,
      itrace: { branches: false, instructions: true, errors: true },
    })
    expect(fieldsOf('script --insn-trace x')).toBe('comm tid cpu time ip sym symoff dso insn chosen')
  })

  it('says what it prints when it was not told', () => {
    expect(scriptOf('script x')).toMatchObject({
      note: 'no --itrace given: printing branches and errors (--itrace=be).',
      options: { itrace: { branches: true, errors: true } },
    })
  })

  it('refuses what it cannot print, by name', () => {
    expect(errorOf('script -F comm,+ipc x')).toBe('Cannot mix +-field with overridden fields')
    expect(errorOf('script -F -sym x')).toBe('Display of offsets requested but symbol is not selected.')
    expect(errorOf('script -F foo x')).toBe('Invalid field requested: "foo".')
    expect(errorOf('script -F +srcline x')).toContain('-F srcline: this field is not supported yet')
    expect(errorOf('script -F sw:+pid x')).toContain('leave out "sw:"')
    expect(errorOf('script --itrace=cr x')).toContain('the letter "c" is not supported yet')
  })
})

describe('--itrace', () => {
  it('takes every spelling of every instruction', () => {
    for (const text of ['i0ns', 'i0', 'i0us', 'i0i', 'i1i'])
      expect(parseItrace(text)).toEqual({ ok: true, value: { branches: false, instructions: true, errors: false } })
    expect(parseItrace('b, i0nse')).toEqual({ ok: true, value: { branches: true, instructions: true, errors: true } })
  })

  it('refuses periods, other letters and nonsense', () => {
    expect(parseItrace('i100us')).toMatchObject({ ok: false, error: expect.stringContaining('only every instruction') })
    expect(parseItrace('i')).toMatchObject({ ok: false })
    expect(parseItrace('be+o')).toMatchObject({ ok: false, error: expect.stringContaining('choosing among errors') })
    expect(parseItrace('k')).toEqual({ ok: false, error: "Bad Instruction Tracing options 'k'" })
  })
})

describe('other commands', () => {
  it('parses numbers in both notations', () => {
    expect(parse('packets --queue 1 --from 0x100 --count 5 x')).toEqual({
      ok: true,
      value: { name: 'packets', file: 'x', symfs: undefined, given: [], options: { queue: 1, from: 256, count: 5, json: false } },
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
    expect(errorOf('frobnicate a')).toBe('there is no command "frobnicate"; the commands are info, script, report, packets.')
    expect(errorOf('toString a')).toContain('there is no command')
    expect(errorOf('info --bogus a')).toContain('--bogus')
    expect(parse('')).toMatchObject({ ok: true, value: { name: 'help' } })
    expect(parse('script --help')).toMatchObject({ ok: true, value: { name: 'help' } })
  })
})
