// SPDX-License-Identifier: Apache-2.0
// For tests: the same random cases each time, many of them; a failure names its seed.
const times = Math.max(1, Number(process.env['PTARMIGAN_FUZZ'] ?? 1))
export const LONGEST_MS = 120_000 * times

/** mulberry32: numbers in [0, 1) from a seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const below = (random: () => number, limit: number): number => Math.floor(random() * limit)

/** Runs a case many times, each with its own seed, which a failure names. */
export async function many(count: number, task: (random: () => number) => unknown): Promise<void> {
  for (let seed = 1; seed <= count * times; seed++) {
    try {
      await task(randomOf(seed))
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, { cause: error })
    }
  }
}
