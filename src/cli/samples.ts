// SPDX-License-Identifier: Apache-2.0
// `ptarmigan samples`: ordinary samples, one a line, each with the instruction
// of the decoded path that it is pinned to.
import { secondsText } from '../lib/exact-text'
import { fail, ok, type Result } from '../lib/result'
import { textAt } from '../lib/text-column'
import { infoValue, threadIds, threadName } from '../model/names'
import type { Session } from '../engine/session'
import type { Tables } from '../model/tables.gen'
import { JSON_VERSION, jsonRow } from './json'
import { columns, print } from './output'
import { decodeAll } from './trace'

export type SamplesOptions = { limit: number; json: boolean }

/** Flag of the samples table: each row is pinned to the path. */
const PINNED = 1
const ROWS_A_QUERY = 256

export async function samples(session: Session, options: SamplesOptions): Promise<Result<void, string>> {
  const decoded = decodeAll(session)
  if (!decoded.ok) return decoded
  const info = session.query('info')
  if (!info.ok) return fail(info.error.sentence)
  const threads = session.query('threads')
  if (!threads.ok) return fail(threads.error.sentence)
  const start = BigInt(infoValue(info.value, 'start_time_ns') || '0')
  if (options.json) await print(`{"version": ${JSON_VERSION}, "samples": [`)
  let left = options.limit
  let first = 0
  for (let begun = false; left > 0; begun = true) {
    const table = session.query('samples', { first, count: Math.min(left, ROWS_A_QUERY), flags: PINNED })
    if (!table.ok) return fail(table.error.sentence)
    const { rows } = table.value
    if (rows === 0) break
    await print(options.json ? jsonLines(table.value, !begun) : textLines(table.value, threads.value, start, !begun))
    first = (table.value.row[rows - 1] ?? 0) + 1
    left -= rows
  }
  if (options.json) await print('\n]}\n')
  else if (first === 0) await print('This trace has no ordinary samples.\n')
  return ok(undefined)
}

const header = ['thread', 'time', 'CPU', 'event', 'address', 'code', 'row', 'path']

export function textLines(table: Tables['samples'], threads: Tables['threads'], start: bigint, withHeader: boolean): string {
  const rows = Array.from({ length: table.rows }, (_, row) => {
    const thread = table.thread[row] ?? 0
    const time = table.time_ns[row] ?? Number.NaN
    const cpu = table.cpu[row] ?? -1
    const ordinal = table.pin_ordinal[row] ?? Number.NaN
    return [
      `${threadName(threads, thread)} ${threadIds(threads, thread)}`,
      Number.isFinite(time) ? secondsText(BigInt(Math.round(time)) + start) : '–',
      cpu < 0 ? '–' : String(cpu),
      textAt(table.event, row),
      (table.ip[row] ?? 0n).toString(16),
      textAt(table.symbol, row) || '[unknown]',
      Number.isFinite(ordinal) ? `#${ordinal}` : '–',
      textAt(table.pin_text, row),
    ]
  })
  return columns(withHeader ? [header, ...rows] : rows, 'lrrlrlrl')
}

const jsonLines = (table: Tables['samples'], start: boolean): string =>
  Array.from({ length: table.rows }, (_, row) => `${start && row === 0 ? '' : ','}\n${JSON.stringify(jsonRow('samples', table, row))}`).join('')
