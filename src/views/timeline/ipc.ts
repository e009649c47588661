// SPDX-License-Identifier: Apache-2.0
// Instructions per cycle of a window, from its blocks: only over instructions
// that a measurement covers.
import type { BlocksTable } from '../../model/tables.gen'

export type Ipc = { ipc: number; cycles: number; instructions: number }

/** null when no cycles were measured in the window. */
export function ipcOf(blocks: BlocksTable): Ipc | null {
  let cycles = 0
  let instructions = 0
  for (let row = 0; row < blocks.rows; row++) {
    const measured = blocks.cycles[row] ?? NaN
    if (!(measured > 0)) continue
    cycles += measured
    instructions += blocks.cycle_instructions[row] ?? 0
  }
  return cycles > 0 ? { ipc: instructions / cycles, cycles, instructions } : null
}
