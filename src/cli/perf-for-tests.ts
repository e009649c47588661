// SPDX-License-Identifier: Apache-2.0
// perf, where it is installed: for tests.
import { spawnSync } from 'node:child_process'

/** Whether perf 6.1 is here, whose text is what script prints. */
export const hasPerf = (): boolean => (spawnSync('perf', ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith('perf version 6.1.')
