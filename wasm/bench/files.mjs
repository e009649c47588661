// SPDX-License-Identifier: Apache-2.0
// What a bench run reads: a trace and every file below its symfs.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The trace first, then the binaries with the paths that the trace knows them by. */
export function filesOf(trace, symfs) {
  const binaries = readdirSync(symfs, { recursive: true })
    .filter((name) => statSync(join(symfs, name)).isFile())
    .map((name) => ({ path: `/${name}`, file: join(symfs, name) }))
  return [{ path: trace, file: trace }, ...binaries]
}
