// SPDX-License-Identifier: Apache-2.0
// The one engine the store talks to: the real one, made at first use, or the
// one a test puts in its place.
import type { Engine } from '../engine/protocol'

let current: Promise<Engine> | null = null
/** What `current` came to, once it has. */
let made: Engine | null = null

// Fetched when first needed: the start page does without a decoder.
const makeEngine = async (): Promise<Engine> => (await import('../engine/client')).createEngine()

/** The engine in use; made at the first call. */
export function engine(): Promise<Engine> {
  current ??= makeEngine().then((engine) => (made = engine))
  return current
}

/** Asks the engine something, in this very moment when it is made: the question leaves before anything is drawn. */
export const askEngine = <Value>(question: (engine: Engine) => Promise<Value>): Promise<Value> => (made ? question(made) : engine().then(question))

/** Puts `replacement` in place of the real engine; null goes back to the real one. */
export function setEngine(replacement: Engine | null): void {
  current = replacement ? Promise.resolve(replacement) : null
  made = replacement
}
