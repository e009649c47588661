// SPDX-License-Identifier: Apache-2.0
// An Engine under the control of a test: records what it is asked, answers and
// reports progress when the test says so.
import type { Engine, EngineError, ImageOutcome, Input, Phase, TableRequest } from '../engine/protocol'
import { ok, type Result } from '../lib/result'
import type { TableName, Tables } from '../model/tables.gen'
import { makeTable } from './make-table'

type Question = { table: TableName; request: TableRequest; answer(result: Result<Tables[TableName], EngineError>): void }

export type FakeEngine = Engine & {
  /** What was called, in order: "open a", "images b c", "decode", "cancel", "close". */
  log: string[]
  /** Questions that wait for an answer; empty while `patient` is false. */
  questions: Question[]
  patient: boolean
  opening: Result<void, EngineError>
  outcomes: ImageOutcome[]
  /** What is answered at once. */
  tables: KnownTables
  progress(phase: Phase, version: number): void
  finish(): void
}

type KnownTables = { [Name in TableName]?: Tables[Name] }

const tables: KnownTables = {
  info: makeTable('info', [{ key: 'duration_ns', value: '1000' }]),
  threads: makeTable('threads', [{}, { pid: 1, tid: 1, comm: 'a', instructions: 5 }]),
}

export function fakeEngine(): FakeEngine {
  let report: Parameters<Engine['decode']>[0] = () => {}
  let end: (result: Result<void, EngineError>) => void = () => {}
  const fake: FakeEngine = {
    log: [],
    questions: [],
    patient: false,
    opening: ok(undefined),
    outcomes: [],
    tables: { ...tables },
    open: async ({ name }: Input) => {
      fake.log.push(`open ${name}`)
      return fake.opening
    },
    addImages: async (inputs) => {
      fake.log.push(`images ${inputs.map(({ path }) => path).join(' ')}`)
      return ok(fake.outcomes)
    },
    decode: (onProgress) => {
      fake.log.push('decode')
      report = onProgress
      return new Promise((resolve) => (end = resolve))
    },
    prefer: (range) => {
      fake.log.push(`prefer ${range ? `${range.start_ns}-${range.end_ns}` : 'all'}`)
    },
    cancel: async () => {
      fake.log.push('cancel')
      report({ phase: 'cancelled', bytesDone: 1, bytesTotal: 2, instructions: 3, version: 999 })
      end(ok(undefined))
    },
    query: <Name extends TableName>(table: Name, request: TableRequest) => {
      const small = table in fake.tables || table === 'functions' || table === 'images' || table === 'queues'
      if (small || !fake.patient) return Promise.resolve(ok((fake.tables[table] as Tables[Name] | undefined) ?? makeTable(table, [])))
      return new Promise<Result<Tables[Name], EngineError>>((resolve) => {
        fake.questions.push({ table, request, answer: resolve as Question['answer'] })
      })
    },
    close: async () => {
      fake.log.push('close')
    },
    progress: (phase, version) => report({ phase, bytesDone: 1, bytesTotal: 2, instructions: 3, version }),
    finish: () => {
      report({ phase: 'done', bytesDone: 2, bytesTotal: 2, instructions: 6, version: 1000 })
      end(ok(undefined))
    },
  }
  return fake
}
