// SPDX-License-Identifier: Apache-2.0
// Names of places in code and trace: symbol and offset as perf prints them,
// AUX queues, the thread to begin with.
import { textAt } from '../lib/text-column'
import { functionName } from './names'
import type { Tables } from './tables.gen'

export type NameTables = { functions: Tables['functions'] | null; images: Tables['images'] | null }

/** "main+0x12" as perf prints it; '' where there is no function. */
export function symbolText(names: NameTables, row: number, offset: number): string {
  if (row === 0 || names.functions === null || row >= names.functions.rows) return ''
  return `${functionName(names.functions, names.images, row)}+0x${offset.toString(16)}`
}

/** Path of a row of images; '' unknown. */
export function pathOf(images: Tables['images'] | null, row: number): string {
  return images === null || row === 0 || row >= images.rows ? '' : textAt(images.path, row)
}

/** Last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** "CPU 3" or "thread 1234 (worker)": what an AUX stream is bound to. */
export function queueName(queues: Tables['queues'], row: number, threads: Tables['threads'] | null): string {
  const cpu = queues.cpu[row] ?? -1
  const tid = queues.tid[row] ?? -1
  if (cpu >= 0) return `CPU ${cpu}`
  const thread = threads === null ? -1 : threads.tid.indexOf(tid)
  const comm = threads === null || thread < 0 ? '' : textAt(threads.comm, thread)
  return comm === '' ? `thread ${tid}` : `thread ${tid} (${comm})`
}

/** The thread with the most instructions; null when none has any. */
export function busiestThread(threads: Tables['threads'] | null): number | null {
  let best: number | null = null
  let most = 0
  for (let row = 0; threads !== null && row < threads.rows; row++) {
    const instructions = threads.instructions[row] ?? 0
    if (instructions <= most) continue
    best = row
    most = instructions
  }
  return best
}
