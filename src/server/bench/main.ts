// SPDX-License-Identifier: Apache-2.0
// Starts the bench: its own program beside the command line program that it serves with.
import { benchShare } from './share'

const [program = '', count = '300'] = process.argv.slice(2)
benchShare(program, Math.min(2000, Math.max(1, Number(count) || 300))).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
