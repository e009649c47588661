// SPDX-License-Identifier: Apache-2.0
// Which files belong together: a perf.data that is a directory (perf record
// --threads or --kcore), and perf's build-id cache (~/.debug, or what perf
// archive packed). Knows paths only, with / between their parts.

/** The data.N files beside the `data` file of a directory, in order. */
export function dataFiles(trace: string, paths: readonly string[]): string[] {
  if (!/(^|\/)data$/.test(trace)) return []
  const numbered = paths.flatMap((path) => {
    const number = path.startsWith(trace) ? /^\.(\d+)$/.exec(path.slice(trace.length))?.[1] : undefined
    return number === undefined ? [] : [{ path, number: Number(number) }]
  })
  return numbered.sort((a, b) => a.number - b.number).map(({ path }) => path)
}

/** Of these files the data.N that are the trace's, in order. */
export function dataOf<One extends { path: string }>(trace: string, files: readonly One[]): One[] {
  const byPath = new Map(files.map((one) => [one.path, one]))
  return dataFiles(trace, [...byPath.keys()]).flatMap((path) => byPath.get(path) ?? [])
}

/** The folder that a recording is, with the / behind it; '' where it is no `data` in one. */
export const recordingFolder = (trace: string): string => /^(.*\/)data$/.exec(trace)?.[1] ?? ''

/** Whether a path looks like a data.N file of a directory. */
export const isDataFile = (path: string): boolean => /(^|\/)data\.\d+$/.test(path)

/** Whether a file beside a trace is what perf record --kcore copied of the running kernel, or a guest's /proc below DIR/PID has (text or ELF). */
export const isKernelCopy = (path: string): boolean => /(^|\/)(kcore_dir[^/]*|\d+\/proc)\/(kcore|kallsyms|modules)$/.test(path)

/** Where perf inject puts what a guest's recording has of its kernel; any other path as it is. */
export const guestCopy = (path: string, pid: number): string => path.replace(/(^|\/)kcore_dir\/([^/]+)$/, `$1kcore_dir__${pid}/$2`)

/** The process whose guest's kernel such a copy is of, as perf inject names it; null: it is the host's. */
export function copiedGuest(path: string): number | null {
  const pid = /(^|\/)kcore_dir__([1-9]\d{0,9})\/[^/]+$/.exec(path)?.[2]
  return pid === undefined ? null : Number(pid)
}

/** A file below DIR/PID, as perf's --guestmount has it, of the processes `pids` that run virtual machines: whose it is, and where in its guest. */
export function mountedFile(path: string, pids: ReadonlySet<number>): { of: number; path: string } | null {
  const parts = path.split('/')
  const at = parts.findIndex((part) => /^[1-9]\d{0,9}$/.test(part) && pids.has(Number(part)))
  return at < 0 || at === parts.length - 1 ? null : { of: Number(parts[at]), path: `/${parts.slice(at + 1).join('/')}` }
}

const cacheEntry = /^\/?(.*?)\/[0-9a-f]{32,40}(?:\/(?:elf|vdso|debug|kallsyms|kcore))?$/

/** Where a file of a build-id cache was on the recorded machine; any other path as it is. */
export function recordedPath(path: string): string {
  const cut = path.lastIndexOf('.debug/')
  const inner = cut < 0 ? path : path.slice(cut + '.debug/'.length)
  const original = cacheEntry.exec(inner)?.[1]
  if (original === undefined || original === '' || inner.startsWith('.build-id/')) return path
  return original.startsWith('[') ? original : `/${original}`
}
