// SPDX-License-Identifier: Apache-2.0
// perf script's -F: which fields are printed, by kind of event. Knows perf's
// quirks: "flags" is not one of its real fields and counts for all kinds, and any
// other +/- drops a branch's target unless addr is asked for.
import { fail, ok, type Result } from '../lib/result'
import { fieldBits, fieldNames, isFieldName, type FieldName } from './sample-fields'

/** Kinds of events in the order in which the decoder numbers them (script_options.h). */
export const eventKinds = ['hw', 'sw', 'trace', 'hw-cache', 'raw', 'break', 'synth', 'other'] as const
export type EventKind = (typeof eventKinds)[number]
/** Those that -F can name. */
const named: readonly string[] = ['hw', 'sw', 'trace', 'raw', 'break', 'synth']

export type Fields = {
  byKind: Readonly<Record<EventKind, ReadonlySet<FieldName>>>
  /** Kinds whose fields were chosen: targets of branches are printed only with addr. */
  chosen: ReadonlySet<EventKind>
  flags: boolean
  /** Fields that were chosen by name: printed even where samples have no data for them. */
  asked: ReadonlySet<FieldName>
  /** Kinds that were named without any field ("hw:"): there must be such events. */
  emptied: ReadonlySet<EventKind>
  /** Fields that were taken away by name, by kind. */
  unset: Readonly<Record<EventKind, ReadonlySet<FieldName>>>
}

/** Fields of newer perfs that are not printed. */
const notPrinted = ['disasm', 'brcntr']
/** Of perf without a disassembler: bytes. */
const synonyms: Partial<Record<string, FieldName>> = { brstackdisasm: 'brstackinsn' }
/** perf's words for the kinds. */
const kindNames: Partial<Record<EventKind, string>> = { hw: 'hardware', sw: 'software', trace: 'tracepoint', raw: 'raw', break: 'breakpoint' }
const typeOf: Partial<Record<EventKind, number>> = { hw: 0, sw: 1, trace: 2, raw: 4, break: 5 }
/** Fields of some kinds only: perf ignores them for others. */
const ofKinds: Readonly<Record<string, readonly EventKind[]>> = { trace: ['trace'], 'bpf-output': ['sw', 'trace'] }

const usual: readonly FieldName[] = ['comm', 'tid', 'cpu', 'time', 'event', 'ip', 'sym', 'symoff', 'dso']

/** What perf also prints of events of the CPU's own codes. */
const ofMemory: readonly FieldName[] = ['addr', 'data_src', 'weight', 'phys_addr', 'data_page_size', 'code_page_size', 'ins_lat']

/** What perf prints without -F; `newer`: perf 6.12. */
export function defaultFields(newer = false): Fields {
  const counted = new Set<FieldName>([...usual, 'period'])
  const made = new Set<FieldName>([...usual, 'synth'])
  const raw = new Set<FieldName>([...counted, ...ofMemory, ...(newer ? (['retire_lat'] as const) : [])])
  // Of call chains the decoder prints those that there are.
  const traced = new Set<FieldName>([...usual, 'trace'])
  const counting = new Set<FieldName>([...counted, 'bpf-output'])
  const ofKind: Partial<Record<EventKind, ReadonlySet<FieldName>>> = { synth: made, raw, trace: traced, sw: counting }
  return { byKind: everyKind((kind) => ofKind[kind] ?? counted), unset: everyKind(() => new Set()), chosen: new Set(), emptied: new Set(), flags: false, asked: new Set() }
}

const everyKind = (fieldsOf: (kind: EventKind) => ReadonlySet<FieldName>): Fields['byKind'] => Object.fromEntries(eventKinds.map((kind) => [kind, fieldsOf(kind)])) as Fields['byKind']

/** Applies one -F argument to what was chosen so far. */
export function parseFields(text: string, before: Fields = defaultFields()): Result<Fields, string> {
  const colon = text.indexOf(':')
  const kind = colon < 0 ? undefined : text.slice(0, colon)
  if (kind !== undefined && !named.includes(kind)) return fail(`Invalid event type in field string: "${kind}".`)
  const tokens = text
    .slice(colon + 1)
    .split(',')
    .filter((token) => token !== '')
  if (kind === undefined && tokens.length === 0) return fail("Cannot set fields to 'none' for all event types.")
  const signed = tokens.filter((token) => /^[+-]/.test(token)).length
  if (signed !== 0 && signed !== tokens.length) return fail('Cannot mix +-field with overridden fields')
  const kinds = eventKinds.filter((each) => kind === undefined || each === kind)
  // perf looks for a sign anywhere: of a list with "bpf-output", too, it adds the fields to those before.
  const keeps = tokens.some((token) => /[+-]/.test(token))
  return applyTokens(tokens, kinds, { signed: signed > 0, keeps }, before)
}

function applyTokens(tokens: readonly string[], kinds: readonly EventKind[], { signed, keeps }: { signed: boolean; keeps: boolean }, before: Fields): Result<Fields, string> {
  const sets = new Map(kinds.map((kind) => [kind, new Set(keeps ? before.byKind[kind] : [])]))
  const unset = new Map(kinds.map((kind) => [kind, new Set(before.unset[kind])]))
  const chosen = new Set(keeps ? before.chosen : [...before.chosen, ...kinds])
  const asked = new Set(keeps ? before.asked : [])
  // Once asked for, only -flags takes them away.
  let flags = before.flags
  for (const token of tokens) {
    const wanted = !token.startsWith('-')
    const written = signed ? token.slice(1) : token
    const name = synonyms[written] ?? written
    if (name === 'flags') {
      flags = wanted
      continue
    }
    const only = Object.hasOwn(ofKinds, name) ? ofKinds[name] : undefined
    if (only) {
      const [first = 'other'] = kinds
      if (kinds.length === 1 && !only.includes(first)) return fail(`'${name}' not valid for ${kindNames[first] ?? 'unknown'} events.`)
      for (const kind of kinds) if (only.includes(kind)) chosen.add(kind)
    }
    if (!wanted && notPrinted.includes(name)) {
      for (const kind of kinds) chosen.add(kind)
      continue
    }
    if (!isFieldName(name)) return fail(refusal(name))
    for (const [kind, set] of sets) {
      if (only && !only.includes(kind)) continue
      if (wanted) set.add(name)
      else set.delete(name)
      if (!wanted) unset.get(kind)?.add(name)
      chosen.add(kind)
    }
    // perf forgets that a field was asked for of one kind alone: without data it is left out, not refused.
    if (wanted && kinds.length === eventKinds.length) asked.add(name)
  }
  for (const set of sets.values())
    if (set.has('symoff') && !set.has('sym')) return fail('Display of offsets requested but symbol is not selected.')
  const byKind = everyKind((kind) => sets.get(kind) ?? before.byKind[kind])
  const emptied = new Set([...before.emptied].filter((kind) => !kinds.includes(kind)))
  if (tokens.length === 0) for (const kind of kinds) emptied.add(kind)
  return ok({ byKind, emptied, unset: everyKind((kind) => unset.get(kind) ?? before.unset[kind]), chosen, flags, asked })
}

function refusal(name: string): string {
  if (notPrinted.includes(name)) return `-F ${name}: this field of newer perfs is not supported yet; supported are ${fieldNames.join(',')},flags.`
  return `Invalid field requested: "${name}".`
}

/** perf's sentence on a kind that was named without fields and of which the file has no event; `types`: of those there are (PERF_TYPE_*), without dummies. "": none. */
export function missingKind(fields: Fields, types: readonly number[]): string {
  const kind = eventKinds.find((each) => fields.emptied.has(each) && each !== 'synth' && !types.includes(typeOf[each] ?? -1))
  return kind === undefined ? '' : `${kindNames[kind] ?? 'unknown'} events do not exist. Remove corresponding -F option to proceed.`
}

/** The fields of one kind as the decoder numbers them. */
export const bitsOfKind = (fields: Fields, kind: EventKind): number => fieldBits(fields.byKind[kind])
