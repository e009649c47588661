// SPDX-License-Identifier: Apache-2.0
// What node's parseArgs makes of a command line, and reading it.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

export type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

/** One option as it was given; the list has them in the order of the command line. */
export type Given = { name: string; value: string }

export const textOf = (values: Values, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** The kcore beside a kallsyms, where perf looks for it; undefined: there is none. */
export function kcoreBeside(kallsyms: string): string | undefined {
  const kcore = join(dirname(kallsyms), 'kcore')
  return existsSync(kcore) ? kcore : undefined
}
