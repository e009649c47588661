// SPDX-License-Identifier: Apache-2.0
// `ptarmigan script`: what `perf script` 6.1 prints for branches, instructions
// and errors of a processor trace, streamed.
import { fail, ok, type Result } from '../lib/result'
import { ByteWriter } from '../lib/byte-writer'
import type { Session } from '../engine/session'
import type { Tables } from '../model/tables.gen'
import { printsNothing, type Fields } from './fields'
import type { ItraceOptions } from './itrace'
import { print, say } from './output'
import { PerfLines, SampleKind } from './perf-lines'
import { askedFlags, sampleFlags, sampleOnly } from './sample-fields'
import { scriptSamples } from './script-samples'
import { infoOf } from './trace'

const ROWS_A_QUERY = 16_384
const FLUSH_BYTES = 1 << 20

export type ScriptOptions = { fields: Fields; itrace: ItraceOptions; ns: boolean; hideChains: boolean }

/** Prints every sample (`note`: said first, when the trace is a processor trace); resolves with how many trace errors were among them. */
export async function script(session: Session, options: ScriptOptions, note: string): Promise<Result<void, string>> {
  const info = infoOf(session)
  if (!info.ok) return info
  const source = info.value.get('source')
  if (source === 'LBR branch stacks' || source === 'Samples')
    return scriptSamples(
      session,
      sampleFlags(options.fields, options.ns, options.hideChains),
      askedFlags(options.fields),
      info.value.get('recorded_at') ?? '',
    )
  const foreign = sampleOnly.find((name) => options.fields.asked.has(name))
  if (foreign !== undefined) return fail(`-F ${foreign}: this is a processor trace; only ordinary samples have that field.`)
  if (note) say(note)
  const { itrace } = options
  const branches_name = info.value.get('branches_name') ?? 'branches'
  const instructions_name = info.value.get('instructions_name') ?? 'instructions'
  // perf pads to the longest name of all events, synthesized ones among them only when asked for.
  const event_width = Math.max(
    Number(info.value.get('event_width') ?? 0) || 0,
    itrace.branches ? branches_name.length : 0,
    itrace.instructions ? instructions_name.length : 0,
  )
  if (printsNothing(options.fields)) return ok(undefined)
  const out = new ByteWriter(FLUSH_BYTES + (FLUSH_BYTES >> 1))
  const lines = new PerfLines({ fields: options.fields, branches_name, instructions_name, event_width, ns: options.ns }, out)
  let errors = 0
  let first = 0
  const flags = (itrace.branches ? 1 : 0) | (itrace.instructions ? 2 : 0) | (itrace.errors ? 4 : 0)
  for (;;) {
    const samples = session.query('samples', { flags, first, count: ROWS_A_QUERY })
    if (!samples.ok) {
      if (out.length > 0) await print(out.take())
      return fail(samples.error.sentence)
    }
    if (samples.value.rows === 0) break
    if (first === 0 && options.fields.asked.has('time') && samples.value.time.every((time) => time === 0n)) {
      return fail("The samples of this trace have no time: the 'time' field cannot be printed; leave it out of -F.")
    }
    lines.write(samples.value)
    errors += errorsIn(samples.value)
    first += samples.value.rows
    if (out.length >= FLUSH_BYTES) await print(out.take())
  }
  if (out.length > 0) await print(out.take())
  if (first === 0) say('nothing could be printed of this trace; "ptarmigan info" says why.')
  if (errors > 0) say(`${errors} instruction trace error${errors === 1 ? '' : 's'}; "ptarmigan info" says what is missing.`)
  return ok(undefined)
}

function errorsIn(table: Tables['samples']): number {
  let errors = 0
  for (let row = 0; row < table.rows; row++) if (table.kind[row] === SampleKind.ERROR) errors++
  return errors
}
