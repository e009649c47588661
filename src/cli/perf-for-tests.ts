// SPDX-License-Identifier: Apache-2.0
// perf, where it is installed: for tests.
import { execFileSync, spawnSync } from 'node:child_process'
import type { PerfVersion } from './perf-version'

const isVersion = (program: string, version: PerfVersion): boolean => (spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith(`perf version ${version}.`)

/** Whether perf 6.1 is here, whose text is what script prints. */
export const hasPerf = (): boolean => isVersion('perf', '6.1')

/** The program of a version of perf: "perf" for 6.1, $PERF_6_12 for 6.12 (Debian's linux-perf, unpacked somewhere); undefined: it is not here. */
export function perfOf(version: PerfVersion): string | undefined {
  const program = version === '6.1' ? 'perf' : version === '6.12' ? process.env['PERF_6_12'] : undefined
  return program !== undefined && isVersion(program, version) ? program : undefined
}

/** What `perf script` of a version prints of a file; undefined: it is not here. */
export function perfText(version: PerfVersion, path: string, words: readonly string[]): string | undefined {
  const program = perfOf(version)
  return program === undefined ? undefined : execFileSync(program, ['script', '-i', path, ...words], { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })
}
