// SPDX-License-Identifier: Apache-2.0
// perf script's -F: which fields are printed. Knows perf's quirks: "flags" is
// not one of its real fields, and any other +/- drops a branch's target unless
// addr is asked for.
import { fail, ok, type Result } from '../lib/result'
import { sampleOnly } from './sample-fields'

const names = [
  'comm',
  'pid',
  'tid',
  'cpu',
  'time',
  'period',
  'event',
  'ip',
  'sym',
  'symoff',
  'dso',
  'addr',
  'insn',
  'insnlen',
  'ipc',
  ...sampleOnly,
] as const
type Name = (typeof names)[number]
const isName = (text: string): text is Name => (names as readonly string[]).includes(text)

export type Fields = Record<Name, boolean> & {
  flags: boolean
  /** Fields were chosen: targets of branches are printed only with addr. */
  chosen: boolean
  /** Fields that were chosen by name: printed even where samples have no data for them. */
  asked: ReadonlySet<string>
}

const unsupported = [
  'trace',
  'bpf-output',
  'callindent',
  'synth',
  'metric',
  'srccode',
  'srcline',
  'ins_lat',
  'retire_lat',
  'machine_pid',
  'vcpu',
  'cgroup',
  'disasm',
  'brcntr',
  'dsoff',
]

/** What perf prints for branches and instructions without -F. */
export function defaultFields(): Fields {
  return {
    ...nothing(),
    comm: true,
    tid: true,
    cpu: true,
    time: true,
    period: true,
    event: true,
    ip: true,
    sym: true,
    symoff: true,
    dso: true,
  }
}

function nothing(): Fields {
  const none = Object.fromEntries(names.map((name) => [name, false])) as Record<Name, boolean>
  return { ...none, flags: false, chosen: false, asked: new Set() }
}

/** Applies one -F argument to what was chosen so far. */
export function parseFields(text: string, before: Fields = defaultFields()): Result<Fields, string> {
  const tokens = text.split(',').filter((token) => token !== '')
  if (tokens.length === 0) return fail("Cannot set fields to 'none' for all event types.")
  const signed = tokens.filter((token) => /^[+-]/.test(token)).length
  if (signed !== 0 && signed !== tokens.length) return fail('Cannot mix +-field with overridden fields')
  const fields = signed ? { ...before } : { ...nothing(), chosen: true }
  const asked = new Set(signed ? before.asked : [])
  for (const token of tokens) {
    const wanted = !token.startsWith('-')
    const name = signed ? token.slice(1) : token
    if (name === 'flags') fields.flags = wanted
    else if (isName(name)) {
      fields[name] = wanted
      fields.chosen = true
      if (wanted) asked.add(name)
    } else return fail(refusal(name))
  }
  if (fields.symoff && !fields.sym) return fail('Display of offsets requested but symbol is not selected.')
  return ok({ ...fields, asked })
}

function refusal(name: string): string {
  if (name.includes(':'))
    return `-F ${name}: fields by event type are not supported yet; leave out "${name.slice(0, name.indexOf(':') + 1)}".`
  if (unsupported.includes(name)) return `-F ${name}: this field is not supported yet; supported are ${names.join(',')},flags.`
  return `Invalid field requested: "${name}".`
}

/** perf prints nothing at all when no real field is left. */
export const printsNothing = (fields: Fields): boolean => names.every((name) => !fields[name])
