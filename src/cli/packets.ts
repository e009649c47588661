// SPDX-License-Identifier: Apache-2.0
// `ptarmigan packets`: the raw packets of each queue, one a line, in the form
// of perf's own dump (offsets are those of the whole AUX stream).
import { fail, ok, type Result } from '../lib/result'
import { textAt } from '../lib/text-column'
import type { Session } from '../engine/session'
import type { Tables } from '../model/tables.gen'
import { JSON_VERSION, jsonRow } from './json'
import { print } from './output'

export type PacketsOptions = { queue: number | undefined; from: number; count: number; json: boolean }

const ROWS_A_QUERY = 10_000
const BYTES_WIDTH = 16 * 3
/** enum in tables.h: `first` is an AUX offset. */
const BY_OFFSET = 1

export async function packets(session: Session, options: PacketsOptions): Promise<Result<void, string>> {
  const queues = session.query('queues')
  if (!queues.ok) return fail(queues.error.sentence)
  const count = queues.value.rows
  if (options.queue !== undefined && options.queue >= count)
    return fail(`--queue ${options.queue}: the trace has ${count} queue${count === 1 ? '' : 's'}, numbered from 0.`)
  const rows = options.queue === undefined ? Array.from({ length: count }, (_, row) => row) : [options.queue]
  if (options.json) await print(`{"version": ${JSON_VERSION}, "queues": [`)
  for (const [index, queue] of rows.entries()) {
    if (options.json) await print(`${index === 0 ? '' : ','}\n{"queue": ${queue}, "packets": [`)
    else await print(`${index === 0 ? '' : '\n'}${heading(queues.value, queue)}\n`)
    const printed = await printQueue(session, queue, options)
    if (!printed.ok) return printed
    if (options.json) await print(']}')
  }
  if (options.json) await print('\n]}\n')
  return ok(undefined)
}

async function printQueue(session: Session, queue: number, options: PacketsOptions): Promise<Result<void, string>> {
  const lines = new PacketLines()
  let first = options.from
  let left = options.count
  while (left > 0) {
    const table = session.query('packets', { queue, flags: BY_OFFSET, first, count: Math.min(left, ROWS_A_QUERY) })
    if (!table.ok) return fail(table.error.sentence)
    const { rows } = table.value
    if (rows === 0) break
    const start = left === options.count
    await print(options.json ? jsonLines(table.value, start) : lines.add(table.value))
    left -= rows
    const next = (table.value.offset[rows - 1] ?? 0) + Math.max(1, table.value.size[rows - 1] ?? 0)
    if (next <= first) return fail(`the packets after offset ${first} of queue ${queue} do not go on.`)
    first = next
  }
  await print(lines.end())
  return ok(undefined)
}

function heading(queues: Tables['queues'], queue: number): string {
  const cpu = queues.cpu[queue] ?? -1
  return `. ... queue ${queue} (${cpu >= 0 ? `CPU ${cpu}` : `thread ${queues.tid[queue] ?? -1}`}): size ${queues.aux_bytes[queue] ?? 0} bytes`
}

/** perf shows padding as part of the packet before it, as long as that stays below this. */
const MOST_PADDED_BYTES = 8

/** `.  00000010:  19 da d3 a3 df 7b fa 00                         TSC 0xfa7bdfa3d3da`, padding joined to the packet before. */
export class PacketLines {
  private waiting: { offset: number; bytes: string[]; text: string } | null = null

  /** The lines that are complete with these packets. */
  add(packets: Tables['packets']): string {
    const lines: string[] = []
    for (let row = 0; row < packets.rows; row++) {
      const bytes = textAt(packets.bytes, row).match(/[0-9a-f]{2}/gi) ?? []
      const name = textAt(packets.name, row)
      if (name === 'PAD' && bytes.length === 1 && this.waiting && this.waiting.bytes.length < MOST_PADDED_BYTES) {
        this.waiting.bytes.push('00')
        continue
      }
      lines.push(this.end())
      const payload = textAt(packets.text, row)
      this.waiting = { offset: packets.offset[row] ?? 0, bytes, text: payload ? `${name} ${payload}` : name }
    }
    return lines.join('')
  }

  /** The last line. */
  end(): string {
    const line = this.waiting
    this.waiting = null
    if (!line) return ''
    return `.  ${line.offset.toString(16).padStart(8, '0')}:  ${line.bytes.join(' ').padEnd(BYTES_WIDTH - 1)} ${line.text}\n`
  }
}

const jsonLines = (packets: Tables['packets'], start: boolean): string =>
  Array.from(
    { length: packets.rows },
    (_, row) => `${start && row === 0 ? '' : ','}\n${JSON.stringify(jsonRow('packets', packets, row))}`,
  ).join('')
