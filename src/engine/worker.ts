// SPDX-License-Identifier: Apache-2.0
// The worker's entry: a WorkerSession behind comlink. Results cross as values;
// tables and parts are handed over, not copied.
import { expose, transfer } from 'comlink'
import type { TableName, Tables } from '../model/tables.gen'
import type { Result } from '../lib/result'
import { tableBuffers } from './columns'
import type { Decoded, Merged, SessionCopy, WorkerFailure } from './pool'
import type { ImageOutcome, Input, TableRequest } from './protocol'
import { WorkerSession } from './worker-session'

const session = new WorkerSession()
let report: (bytes: number) => void = () => undefined

const api = {
  /** `onBytes` (a comlink proxy) hears how far the running `decode` is. */
  open(
    module: WebAssembly.Module,
    input: Input,
    exact: boolean,
    onBytes: (bytes: number) => void,
  ): Promise<Result<void, WorkerFailure>> {
    report = onBytes
    return session.open(module, input, exact)
  },
  async copy(): Promise<Result<SessionCopy, WorkerFailure>> {
    const copy = await session.copy()
    return copy.ok ? transfer(copy, [copy.value.image.memory.buffer]) : copy
  },
  resume(module: WebAssembly.Module, from: SessionCopy, onBytes: (bytes: number) => void): Promise<Result<void, WorkerFailure>> {
    report = onBytes
    return session.resume(module, from)
  },
  addImages: (inputs: readonly Input[]): Promise<Result<ImageOutcome[], WorkerFailure>> => session.addImages(inputs),
  async fetch(segment: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await session.fetch(segment)
    return bytes && transfer(bytes, [bytes.buffer])
  },
  fetchedAll: (): void => session.fetchedAll(),
  async decode(segment: number, fetched: Uint8Array<ArrayBuffer> | null): Promise<Result<Decoded, WorkerFailure>> {
    const decoded = await session.decode(segment, fetched, (bytes) => report(bytes))
    return decoded.ok && decoded.value.state === 'part' ? transfer(decoded, [decoded.value.part.buffer]) : decoded
  },
  cancel: (): void => session.cancel(),
  drop: (ticket: number): void => session.drop(ticket),
  clockBreaks: (): Promise<Result<number, WorkerFailure>> => session.clockBreaks(),
  merge: (part: Uint8Array<ArrayBuffer>): Promise<Result<Merged, WorkerFailure>> => session.merge(part),
  async query<Name extends TableName>(name: Name, request: TableRequest, ticket: number): Promise<Result<Tables[Name], WorkerFailure>> {
    const answer = await session.query(name, request, ticket)
    return answer.ok ? transfer(answer, tableBuffers(name, answer.value)) : answer
  },
}

export type WorkerApi = typeof api

expose(api)
