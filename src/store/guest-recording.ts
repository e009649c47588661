// SPDX-License-Identifier: Apache-2.0
// Which files are a guest's recording, a perf.data or a directory, and how they
// stand among those of its host's trace.
import type { GuestClock } from '../engine/protocol'
import { dataOf, guestCopy, recordingFolder } from '../model/perf-directory'
import { nameOf, type OfferedFile, type SortedFiles } from './classify'

/** A recording that may be a guest's: its perf.data, or the `data` of a directory, and the other files of that directory. */
export type GuestRecording = { trace: OfferedFile; along: OfferedFile[] }

export function recordingOf(trace: OfferedFile, { data, binaries }: Pick<SortedFiles, 'data' | 'binaries'>): GuestRecording {
  const folder = recordingFolder(trace.path)
  return { trace, along: [...dataOf(trace.path, data), ...binaries.filter(({ path }) => folder !== '' && path.startsWith(`${folder}kcore_dir`))] }
}

/** What a recording is called: a directory of several files by the directory's name. */
export const recordingName = (trace: OfferedFile, data: readonly OfferedFile[]): string =>
  (data.length > 0 && recordingFolder(trace.path).split('/').at(-2)) || nameOf(trace)

/** Whether nothing but this recording, perhaps packed, was offered. */
export function isAllOffered({ trace, along }: GuestRecording, offered: readonly OfferedFile[]): boolean {
  const folder = recordingFolder(trace.path)
  const own = new Set([trace, ...along].map(({ path }) => path))
  return offered.length === 1 || offered.every(({ path }) => own.has(path) || (folder !== '' && path.startsWith(folder)))
}

/** The files of an open trace with a guest's recording among them, in place of what was taken for that guest's before. */
export function withGuest(files: readonly OfferedFile[], { trace, along }: GuestRecording, guest: GuestClock): OfferedFile[] {
  const old = files.filter((file) => file.guest?.pid === guest.pid)
  const gone = new Set([...old, ...old.flatMap(({ path }) => dataOf(path, files)), ...along])
  const others = files.filter((file) => !gone.has(file))
  // Two directories may be called the same: files belong together by their paths.
  const prefix = others.some(({ path }) => path === trace.path) ? `guest-${guest.pid}/` : ''
  const moved = along.map((one) => ({ ...one, path: prefix + guestCopy(one.path, guest.pid) }))
  return [...others, { ...trace, path: prefix + trace.path, guest }, ...moved]
}
