// SPDX-License-Identifier: Apache-2.0
// Names of the rows that tables refer to: functions, binaries, threads, AUX
// queues. Text for people, in the form perf uses where perf has one.
import { textAt } from '../lib/text-column'
import { ALL, type FunctionsTable, type ImagesTable, type InfoTable, type QueuesTable, type ThreadsTable } from './tables.gen'

/** "main", or '' for nameless code. */
export function functionName(functions: FunctionsTable | null, row: number): string {
  return functions === null || row === ALL ? '' : textAt(functions.name, row)
}

/** "main+0x12" as perf prints it; '' where there is no symbol. */
export function symbolText(functions: FunctionsTable | null, row: number, offset: number): string {
  const name = functionName(functions, row)
  return name === '' ? '' : `${name}+0x${offset.toString(16)}`
}

export function imagePath(images: ImagesTable | null, row: number): string {
  return images === null || row === ALL || row === 0 ? '' : textAt(images.path, row)
}

/** Last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** "worker 1234"; row 0 is the thread nobody named. */
export function threadName(threads: ThreadsTable | null, row: number): string {
  const tid = threads?.tid[row]
  if (threads === null || tid === undefined) return `thread #${row}`
  const comm = textAt(threads.comm, row)
  if (row === 0 && comm === '') return 'unknown thread'
  return comm === '' ? `thread ${tid}` : `${comm} ${tid}`
}

/** "CPU 3" or "thread 1234 (worker)": what an AUX stream is bound to. */
export function queueName(queues: QueuesTable, row: number, threads: ThreadsTable | null): string {
  const cpu = queues.cpu[row] ?? -1
  const tid = queues.tid[row] ?? -1
  if (cpu >= 0) return `CPU ${cpu}`
  const thread = threads === null ? -1 : threads.tid.indexOf(tid)
  const comm = threads === null || thread < 0 ? '' : textAt(threads.comm, thread)
  return comm === '' ? `thread ${tid}` : `thread ${tid} (${comm})`
}

/** Value of the first fact with this key; '' when there is none. */
export function infoValue(info: InfoTable | null, key: string): string {
  for (let row = 0; info !== null && row < info.rows; row++) if (textAt(info.key, row) === key) return textAt(info.value, row)
  return ''
}

/** '' when the trace measures cycles, else the sentence why it does not. */
export function cyclesMissing(info: InfoTable | null): string {
  const value = infoValue(info, 'cycles')
  return value === 'yes' ? '' : value || 'It is not known yet whether this trace measures cycles.'
}

/** The thread with the most instructions; null when none has any. */
export function busiestThread(threads: ThreadsTable | null): number | null {
  let best: number | null = null
  for (let row = 0; threads !== null && row < threads.rows; row++) {
    const instructions = threads.instructions[row] ?? 0
    if (instructions > 0 && instructions > (best === null ? 0 : (threads.instructions[best] ?? 0))) best = row
  }
  return best
}
