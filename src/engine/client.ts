// SPDX-License-Identifier: Apache-2.0
// The page's door to the engine: real workers behind comlink, given to the
// pool as plain objects (a comlink proxy must never be what a promise resolves to).
import { proxy, releaseProxy, transfer, wrap } from 'comlink'
import type { TableName, Tables } from '../model/tables.gen'
import type { Result } from '../lib/result'
import { PoolEngine, type PoolWorker, type WorkerFailure } from './pool'
import type { Engine, TableRequest } from './protocol'
import { compileDecoder } from './wasm'
import type { WorkerApi } from './worker'

const MOST_DECODERS = 16

/** The engine of this page: nothing is loaded or started before the first `open`. */
export function createEngine(): Engine {
  // The coordinator has little to do: it is not counted.
  const decoders = Math.min(MOST_DECODERS, navigator.hardwareConcurrency || 2)
  return new PoolEngine({ decoders, spawn: spawnWorker, compile: once(compileDecoder) })
}

function spawnWorker(): PoolWorker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'ptarmigan decoder' })
  const remote = wrap<WorkerApi>(worker)
  let die: (sentence: string) => void = () => undefined
  const died = new Promise<WorkerFailure>((resolve) => (die = (sentence) => resolve({ sentence, ended: true })))
  worker.addEventListener('error', (event) =>
    die(`A decoding worker stopped (${event.message || 'the browser gave no reason; memory may be out'}).`),
  )
  return {
    died,
    open: (module, input, exact, onBytes) => remote.open(module, input, exact, proxy(onBytes)),
    copy: () => remote.copy(),
    resume: (module, copy, onBytes) => remote.resume(module, copy, proxy(onBytes)),
    addImages: (inputs) => remote.addImages(inputs),
    fetch: (segment) => remote.fetch(segment),
    fetchedAll: () => remote.fetchedAll(),
    decode: (segment, fetched) => remote.decode(segment, fetched && transfer(fetched, [fetched.buffer])),
    cancel: () => remote.cancel(),
    clockBreaks: () => remote.clockBreaks(),
    merge: (part) => remote.merge(transfer(part, [part.buffer])),
    // Comlink's mapped types forget the type parameter of a generic method.
    query: <Name extends TableName>(name: Name, request: TableRequest, ticket: number) =>
      remote.query(name, request, ticket) as unknown as Promise<Result<Tables[Name], WorkerFailure>>,
    drop: (ticket) => remote.drop(ticket),
    terminate: () => {
      remote[releaseProxy]()
      worker.terminate()
      die('The trace was closed.')
    },
  }
}

/** Remembers a success; a failure is tried again. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | null = null
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null
      throw error
    })
    return made
  }
}
