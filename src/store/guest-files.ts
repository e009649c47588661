// SPDX-License-Identifier: Apache-2.0
// A second perf.data beside a host's trace may be what a virtual machine recorded
// of itself: whether it can be, and of which process; and which files that are dropped are guests'.
import { isRemote, readRemote } from '../lib/remote-file'
import { textAt } from '../lib/text-column'
import type { Tables } from '../model/tables.gen'
import { copiedGuest, mountedFile } from '../model/perf-directory'
import type { Engine, Input } from '../engine/protocol'
import type { OfferedFile } from './classify'

/** A process that runs a virtual machine: QEMU's (-name debug-threads=on), with a thread for each of its CPUs. */
export type Hypervisor = { pid: number; cpus: number }

const HEADER = 104
const PIPE_HEADER = 16n
const FEATURES_AT = 72
const AUXTRACE = 18n

async function headOf({ file, path }: OfferedFile): Promise<Uint8Array<ArrayBuffer> | null> {
  if (isRemote(file)) {
    const head = await readRemote(path, file, 0, Math.min(HEADER, file.size))
    return head.ok ? head.value : null
  }
  return file
    .slice(0, HEADER)
    .arrayBuffer()
    .then((bytes) => new Uint8Array(bytes))
    .catch(() => null)
}

/** Whether a perf.data says that it holds no processor trace; one in pipe mode does not say. */
export async function isWithoutTrace(one: OfferedFile): Promise<boolean> {
  const head = await headOf(one)
  if (!head || head.length < HEADER) return false
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  return view.getBigUint64(8, true) !== PIPE_HEADER && ((view.getBigUint64(FEATURES_AT, true) >> AUXTRACE) & 1n) === 0n
}

/** Those with a processor trace first: what is opened is the host's; what perf record kept of an older recording last. */
export async function hostFirst(traces: readonly OfferedFile[]): Promise<OfferedFile[]> {
  if (traces.length < 2) return [...traces]
  const without = await Promise.all(traces.map(isWithoutTrace))
  const late = traces.map(({ path }, at) => Number(without[at] === true) + (isOld(path) ? 2 : 0))
  return [0, 1, 2, 3].flatMap((turn) => traces.filter((_, at) => late[at] === turn))
}

const isOld = (path: string): boolean => /\.old(\/data)?$/.test(path)

/** The processes of a trace that run virtual machines, those with the most CPUs first. */
export function hypervisorsOf(threads: Tables['threads'] | null): Hypervisor[] {
  const cpus = new Map<number, number>()
  for (let row = 1; row < (threads?.rows ?? 0); row++) {
    const pid = threads?.pid[row] ?? -1
    if (threads && pid > 0 && /^CPU +\d/.test(textAt(threads.comm, row))) cpus.set(pid, (cpus.get(pid) ?? 0) + 1)
  }
  return [...cpus].map(([pid, count]) => ({ pid, cpus: count })).toSorted((a, b) => b.cpus - a.cpus || a.pid - b.pid)
}

/** The processes that run guests with records of their own, asked for where a file may be a guest's. */
export async function guestsOf(engine: Engine, files: readonly OfferedFile[]): Promise<ReadonlySet<number>> {
  if (!files.some(({ path }) => /(^|\/)[1-9]\d*\//.test(path))) return new Set()
  const images = await engine.query('images', {})
  return new Set(images.ok ? [...images.value.machine].filter((pid) => pid > 0) : [])
}

/** Says of a binary whose guest's it is: in DIR/PID, as perf's --guestmount has it, or in the kcore_dir__PID of a recording. */
export function guestInput(input: Input, pids: ReadonlySet<number>): Input {
  if (input.of !== undefined) return input
  const copied = copiedGuest(input.path)
  if (copied !== null) return { ...input, of: copied }
  const mounted = mountedFile(input.path, pids)
  if (!mounted) return input
  return mounted.path.startsWith('/proc/') ? { ...input, of: mounted.of } : { ...input, of: mounted.of, path: mounted.path }
}
