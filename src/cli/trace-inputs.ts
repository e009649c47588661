// SPDX-License-Identifier: Apache-2.0
// What a path on the command line stands for: a perf.data, a directory that is
// one, an archive with one in it; and the files that come along with it.
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fail, ok, type Result } from '../lib/result'
import { copiedGuest, dataFiles, isKernelCopy, recordedPath } from '../model/perf-directory'
import { headOf, openPart, type FilePart, type FileSources, type Opened } from './file-sources'
import { isArchive, membersOf, type Member } from './unpack-archive'

/** `of`: see Session.guestFiles. */
export type OfferedImage = Opened & { as: string; of?: number }
export type TraceInputs = {
  trace: Opened
  /** The data.N files of a directory. */
  data: (Opened & { name: string })[]
  /** Binaries and kernel copies that came along. */
  images: OfferedImage[]
}

const MAGIC_BYTES = 8
const isTrace = (part: FilePart): boolean => ['PERFILE2', '2ELIFREP'].includes(Buffer.from(headOf(part, MAGIC_BYTES)).toString('latin1'))
const isElf = (part: FilePart): boolean => Buffer.from(headOf(part, 4)).toString('latin1') === '\x7fELF'

export async function traceInputs(path: string, sources: FileSources): Promise<Result<TraceInputs, string>> {
  const whole = isDirectory(path) ? join(path, 'data') : path
  const part = openPart(whole)
  if (!part.ok) return isDirectory(path) ? fail(`${path} is a directory without a file named data: it is no perf.data directory.`) : part
  if (isArchive(part.value)) return fromArchive(path, part.value, sources)
  const folder = dirname(whole)
  const names = basename(whole) === 'data' ? namesIn(folder) : []
  const data: TraceInputs['data'] = []
  for (const name of dataFiles('data', names)) {
    const one = sources.open(join(folder, name))
    if (!one.ok) return one
    data.push({ ...one.value, name })
  }
  return ok({ trace: sources.add(whole, [part.value]), data, images: kernelCopies(folder, names, sources) })
}

function ofGuest(path: string): { of?: number } {
  const of = copiedGuest(path)
  return of === null ? {} : { of }
}

/** kcore_dir and the copies in it, where perf record --kcore put them (and perf inject those of guests). */
function kernelCopies(folder: string, names: readonly string[], sources: FileSources): OfferedImage[] {
  return names
    .filter((name) => name.startsWith('kcore_dir'))
    .flatMap((name) => namesIn(join(folder, name)).map((file) => join(folder, name, file)))
    .filter(isKernelCopy)
    .flatMap((file) => {
      const one = sources.open(file)
      return one.ok ? [{ ...one.value, as: file, ...ofGuest(file) }] : []
    })
}

async function fromArchive(path: string, part: FilePart, sources: FileSources): Promise<Result<TraceInputs, string>> {
  const members = await membersOf(path, part)
  if (!members.ok) return members
  const trace = members.value.find((member) => isTrace(member.part))
  if (!trace) return fail(`${path} holds no perf.data, only ${members.value.length} other files: give it to --symfs beside its perf.data.`)
  const byPath = new Map(members.value.map((member) => [member.path, member]))
  const data = dataFiles(trace.path, [...byPath.keys()]).flatMap((name) => {
    const member = byPath.get(name)
    return member ? [{ ...sources.add(name, [member.part]), name: basename(name) }] : []
  })
  return ok({ trace: sources.add(`${path}: ${trace.path}`, [trace.part]), data, images: imagesOf(members.value, sources) })
}

const imagesOf = (members: readonly Member[], sources: FileSources): OfferedImage[] =>
  members
    .filter(({ path, part }) => isKernelCopy(path) || isElf(part))
    .map(({ path, part }) => ({ ...sources.add(path, [part]), as: recordedPath(path), ...ofGuest(path) }))

/** The binaries in an archive, as perf archive packs them; null: the path is no archive. */
export async function archivedImages(path: string, sources: FileSources): Promise<Result<OfferedImage[] | null, string>> {
  if (isDirectory(path)) return ok(null)
  const part = openPart(path)
  if (!part.ok) return part
  if (!isArchive(part.value)) return ok(null)
  const members = await membersOf(path, part.value)
  return members.ok ? ok(imagesOf(members.value, sources)) : members
}

/** Kernel modules are packed, each for itself. */
const packedModule = /\.ko\.(gz|xz|zst)$/

/** A file, unpacked where its name says that it is a packed kernel module. */
export async function openUnpacked(path: string, sources: FileSources): Promise<Result<Opened, string>> {
  if (!packedModule.test(path)) return sources.open(path)
  const part = openPart(path)
  const members = part.ok ? await membersOf(path, part.value) : part
  if (!members.ok) return members
  const inner = members.value[0]
  return members.value.length === 1 && inner ? ok(sources.add(path, [inner.part])) : fail(`${path} is no packed kernel module.`)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
