// SPDX-License-Identifier: Apache-2.0
// The one engine the store talks to: the real one, made at first use, or the
// one a test puts in its place.
import type { Engine } from '../engine/protocol'

type EngineModule = { createEngine(): Engine | Promise<Engine> }

// A glob, so that the store can be tested where the decoder is not built.
const modules = import.meta.glob<EngineModule>('../engine/client.ts')

let current: Promise<Engine> | null = null

async function makeEngine(): Promise<Engine> {
  const load = modules['../engine/client.ts']
  if (!load) throw new Error('This build has no decoder. Run `npm start`, which builds it.')
  return (await load()).createEngine()
}

/** The engine in use; made at the first call. */
export function engine(): Promise<Engine> {
  current ??= makeEngine()
  return current
}

/** Puts `replacement` in place of the real engine; null goes back to the real one. */
export function setEngine(replacement: Engine | null): void {
  current = replacement ? Promise.resolve(replacement) : null
}
