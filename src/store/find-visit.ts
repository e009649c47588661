// SPDX-License-Identifier: Apache-2.0
// Finds one execution of an address in a thread: from the blocks table where
// it knows one, else by asking which blocks ran in windows of time, growing
// ones first and then halves, so that hot code is found at once and nothing is
// decoded more than about twice.
import type { EngineError, TableRequest } from '../engine/protocol'
import { ok, fail, type Result } from '../lib/result'
import { ALL, type BlocksTable, type TableName, type Tables } from '../model/tables.gen'

export type AskTable = <Name extends TableName>(table: Name, request: TableRequest) => Promise<Result<Tables[Name], EngineError>>

/** What is looked for, and the time in which the thread ran. */
export type VisitQuestion = { thread: number; ip: bigint; start_ns: number; end_ns: number }

const START_NS_NOT_FIRST = 1
const FIRST_WINDOWS = 256
/** Windows with fewer instructions are read through. */
const FEW_INSTRUCTIONS = 4096
const MOST_QUESTIONS = 128

/** Row of a block that holds `ip`, one with a known visit first; -1 when none does. */
export function rowOfBlock(blocks: BlocksTable, ip: bigint): number {
  let found = -1
  for (let row = 0; row < blocks.rows; row++) {
    const start = blocks.ip[row] ?? 0n
    if (ip < start || ip >= start + BigInt(blocks.size[row] ?? 0)) continue
    if (!Number.isNaN(blocks.first_ordinal[row] ?? NaN)) return row
    if (found < 0) found = row
  }
  return found
}

/** Ordinal of an execution of `ip`; null when the thread never ran it. Stops early, with null, when nobody `isWanted` any more. */
export async function findVisit(
  ask: AskTable,
  question: VisitQuestion,
  isWanted: () => boolean,
): Promise<Result<number | null, EngineError>> {
  const { thread, ip } = question
  const all = await ask('blocks', { thread })
  if (!all.ok) return all
  const row = rowOfBlock(all.value, ip)
  if (row < 0) return ok(null)
  const known = all.value.first_ordinal[row] ?? NaN
  const owner = all.value.thread[row]
  if (!Number.isNaN(known) && (owner === thread || owner === ALL))
    return readThrough(ask, { thread, first: known }, ip, all.value.block_instructions[row] ?? 1)
  return byTime(ask, question, isWanted)
}

async function byTime(ask: AskTable, question: VisitQuestion, isWanted: () => boolean): Promise<Result<number | null, EngineError>> {
  const { thread, ip } = question
  let from = question.start_ns
  let width = Math.max(1, (question.end_ns - question.start_ns) / FIRST_WINDOWS)
  let isIn = false
  for (let asked = 0; asked < MOST_QUESTIONS && isWanted(); asked++) {
    if (!isIn && from > question.end_ns) return ok(null)
    const answer = await ask('blocks', { thread, start_ns: from, end_ns: from + width })
    if (!answer.ok) return answer
    const here = rowOfBlock(answer.value, ip) >= 0
    if (here && (answer.value.instructions.reduce((sum, count) => sum + count, 0) < FEW_INSTRUCTIONS || width <= 1))
      return readThrough(ask, { thread, flags: START_NS_NOT_FIRST, start_ns: from }, ip, 4 * FEW_INSTRUCTIONS)
    // Not in the left half of a window that has it: then in the right half.
    if (!here) from += width
    isIn ||= here
    if (isIn) width = here ? width / 2 : width
    else width *= 2
  }
  return ok(null)
}

async function readThrough(ask: AskTable, from: TableRequest, ip: bigint, count: number): Promise<Result<number | null, EngineError>> {
  const answer = await ask('instructions', { ...from, count })
  if (!answer.ok) return answer
  const index = answer.value.ip.indexOf(ip)
  if (index < 0) return fail({ sentence: `0x${ip.toString(16)} lies inside an instruction, or its block was left before it.` })
  return ok(answer.value.ordinal[index] ?? null)
}
