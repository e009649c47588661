// SPDX-License-Identifier: Apache-2.0
// Tells traces, binaries and everything else apart by their first bytes, and
// says in a sentence what the rest is. Reads eight bytes of each file, no more.
import type { GuestClock, ImageOutcome } from '../engine/protocol'
import { isRemote, readRemote, type RemoteFile } from '../lib/remote-file'
import { dataOf, isDataFile, isKernelCopy } from '../model/perf-directory'
import { findPsb } from '../model/raw-trace'
import { hostFirst } from './guest-files'
import { isSourcePath } from '../model/source-texts'

/** A file of this machine, or one that is read by HTTP Range. */
export type OfferedFile = {
  file: File | RemoteFile
  path: string
  /** It is what a virtual machine recorded of itself, beside its host's trace. */
  guest?: GuestClock
  /** See Input.of: a bundle says it. */
  of?: number
}
export type LocalFile = OfferedFile & { file: File }
export const isLocal = (one: OfferedFile): one is LocalFile => !isRemote(one.file)
/** `names`: no binary, but code or names all the same: kallsyms, perf-PID.map, jit-PID.dump. */
export type FileKind = 'trace' | 'elf' | 'names' | 'junk' | 'empty' | 'unreadable'
export type SortedFiles = {
  /** Without those of guests. */
  traces: OfferedFile[]
  guests: OfferedFile[]
  binaries: OfferedFile[]
  outcomes: ImageOutcome[]
  /** Texts that line tables may name, by what they are called. */
  sources: LocalFile[]
  /** The data.N files of traces, and of guests' recordings, that are the `data` of a directory. */
  data: OfferedFile[]
  /** Raw streams of Intel PT packets, looked for only when there is no trace. */
  streams: LocalFile[]
  /** What may be flat code for them: the rest. */
  others: LocalFile[]
}

/** More files than this in one go are not looked at. */
export const MOST_FILES = 50_000
const MOST_JUNK_SENTENCES = 100
const READS_AT_ONCE = 32
/** A ring buffer may begin anywhere: its first PSB is looked for this far, in so many files. */
const PSB_SEARCH_BYTES = 1 << 20
const MOST_SEARCHED = 16

const archives: readonly (readonly [string, string])[] = [
  ['1f8b', 'a gzip archive'],
  ['504b0304', 'a zip archive'],
  ['28b52ffd', 'a zstd archive'],
  ['fd377a585a00', 'an xz archive'],
  ['425a68', 'a bzip2 archive'],
]

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** What the first bytes (eight, or all of a shorter file) say; a perf map is known by its path only. */
export function kindOf(head: Uint8Array, path = ''): FileKind {
  if (head.length === 0) return 'empty'
  const text = String.fromCharCode(...head)
  if (text === 'PERFILE2' || text === '2ELIFREP') return 'trace'
  if (text.startsWith('\x7fELF')) return 'elf'
  const isList = /^[0-9a-f]{8}$/.test(text) || /(^|[\\/])perf-\d+\.map$/.test(path)
  return isList || text.startsWith('DTiJ') ? 'names' : 'junk'
}

/** Why a file is of no use here. */
export function junkSentence(name: string, kind: FileKind, head: Uint8Array): string {
  if (kind === 'empty') return `${name} is empty (0 bytes).`
  if (kind === 'unreadable') return `${name} could not be read by the browser.`
  const begins = hex(head)
  const archive = archives.find(([magic]) => begins.startsWith(magic))
  if (archive) return `${name} is ${archive[1]}: unpack it and open what is inside.`
  const text = String.fromCharCode(...head)
  if (/^[\t\n\r -~]+$/.test(text)) return `${name} is neither a perf.data nor an ELF binary: it is a text that begins with ${JSON.stringify(text)}.`
  return `${name} is neither a perf.data nor an ELF binary: it begins with ${begins.replace(/(..)(?=.)/g, '$1 ')}.`
}

/** A file's own name; of a remote file the last part of its path. */
export const nameOf = ({ file, path }: OfferedFile): string => (isRemote(file) ? path.slice(path.lastIndexOf('/') + 1) : file.name)

/** `reason`: why a remote file could not be read, for the reader. */
async function lookAt(offered: OfferedFile): Promise<{ kind: FileKind; head: Uint8Array; reason?: string }> {
  if (isRemote(offered.file)) {
    const head = await readRemote(nameOf(offered), offered.file, 0, 8)
    return head.ok
      ? { kind: kindOf(head.value, offered.path), head: head.value }
      : { kind: 'unreadable', head: new Uint8Array(), reason: head.error }
  }
  try {
    const head = new Uint8Array(await offered.file.slice(0, 8).arrayBuffer())
    return { kind: kindOf(head, offered.path), head }
  } catch {
    return { kind: 'unreadable', head: new Uint8Array() }
  }
}

/** Which data.N files belong to a trace, and which files are raw streams when there is no trace. */
async function settleParts(sorted: SortedFiles): Promise<void> {
  const [trace] = sorted.traces
  if (trace) {
    const all = [...sorted.traces, ...sorted.guests]
    sorted.data = [...new Set(all.flatMap(({ path }) => dataOf(path, sorted.data)))]
    return
  }
  for (const { path } of sorted.data)
    sorted.outcomes.push({ path, state: 'unreadable', sentence: `${path} is one file of a perf.data directory: open the whole directory.` })
  for (const one of sorted.others.slice(0, MOST_SEARCHED)) if (await holdsPsb(one.file)) sorted.streams.push(one)
  sorted.others = sorted.others.filter((one) => !sorted.streams.includes(one))
}

async function holdsPsb(file: File): Promise<boolean> {
  try {
    return findPsb(new Uint8Array(await file.slice(0, PSB_SEARCH_BYTES).arrayBuffer())) >= 0
  } catch {
    return false
  }
}

/** Sorts what was offered; of much junk only the first hundred get a sentence each. */
export async function classify(offered: readonly OfferedFile[]): Promise<SortedFiles> {
  const sorted: SortedFiles = { traces: [], guests: [], binaries: [], sources: [], outcomes: [], data: [], streams: [], others: [] }
  const looked = offered.slice(0, MOST_FILES)
  let junk = 0
  for (let first = 0; first < looked.length; first += READS_AT_ONCE) {
    const batch = looked.slice(first, first + READS_AT_ONCE)
    const kinds = await Promise.all(batch.map(lookAt))
    batch.forEach((one, index) => {
      const { kind, head, reason } = kinds[index] ?? { kind: 'unreadable' as const, head: new Uint8Array(), reason: undefined }
      if (kind === 'trace') (one.guest ? sorted.guests : sorted.traces).push(one)
      else if (kind === 'elf' || kind === 'names') sorted.binaries.push(one)
      else if (isKernelCopy(one.path)) return // a list of modules: the recording says where they were
      else if (isDataFile(one.path)) sorted.data.push(one)
      else if (kind === 'junk' && isLocal(one) && isSourcePath(one.path)) sorted.sources.push(one)
      else if (junk++ < MOST_JUNK_SENTENCES) {
        if (kind === 'junk' && isLocal(one)) sorted.others.push(one)
        sorted.outcomes.push({ path: one.path, state: 'unreadable', sentence: reason ?? junkSentence(nameOf(one), kind, head) })
      }
    })
  }
  sorted.traces = await hostFirst(sorted.traces)
  await settleParts(sorted)
  if (junk > MOST_JUNK_SENTENCES)
    sorted.outcomes.push({
      path: '',
      state: 'unreadable',
      sentence: `${junk - MOST_JUNK_SENTENCES} more files are neither a perf.data nor an ELF binary.`,
    })
  if (offered.length > MOST_FILES)
    sorted.outcomes.push({
      path: '',
      state: 'unreadable',
      sentence: `Only the first ${MOST_FILES} of ${offered.length} files were looked at: open a smaller folder.`,
    })
  return sorted
}
