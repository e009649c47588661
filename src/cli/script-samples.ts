// SPDX-License-Identifier: Apache-2.0
// `ptarmigan script` of a file without a processor trace: its samples as
// `perf script` 6.1 prints them. The decoder makes the lines.
import { fail, ok, type Result } from '../lib/result'
import type { Session } from '../engine/session'
import { print, say } from './output'

const ROWS_A_QUERY = 4096

/**
 * `asked`: the fields that were chosen by name; `recorded`: when, as the info table says
 * ("" unknown), for dates in this machine's time zone.
 */
export async function scriptSamples(session: Session, flags: number, asked: number, recorded: string): Promise<Result<void, string>> {
  const date = new Date(recorded.replace(' UTC', 'Z'))
  const end_ns = Number.isNaN(date.getTime()) ? 0 : -60 * date.getTimezoneOffset()
  let first = 0
  for (;;) {
    const lines = session.query('sample_lines', { flags, first, count: ROWS_A_QUERY, extra: asked, end_ns })
    if (!lines.ok) return fail(lines.error.sentence)
    const { rows, text } = lines.value
    if (rows === 0) break
    await print(text.pool.subarray(0, text.offsets[rows] ?? 0))
    first += rows
  }
  if (first === 0) say('the file holds no samples that could be read.')
  return ok(undefined)
}
