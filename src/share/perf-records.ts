// SPDX-License-Identifier: Apache-2.0
// Rewrites single records of a perf.data: names in COMM, MMAP, MMAP2, KSYMBOL,
// BUILD_ID and CGROUP. A record stays as it was where nothing is to be changed.
// Layouts: perf_event_open(2) and perf.data-file-format.txt.
import { viewOf, Writer } from './little-endian'
import type { StandIns } from './redaction'

export const RecordType = {
  MMAP: 1,
  COMM: 3,
  SAMPLE: 9,
  MMAP2: 10,
  KSYMBOL: 17,
  BPF_EVENT: 18,
  CGROUP: 19,
  TEXT_POKE: 20,
  FIRST_USER: 64,
  ATTR: 64,
  TRACING_DATA: 66,
  BUILD_ID: 67,
  FINISHED_ROUND: 68,
  ID_INDEX: 69,
  AUXTRACE_INFO: 70,
  AUXTRACE: 71,
  AUXTRACE_ERROR: 72,
  THREAD_MAP: 73,
  FEATURE: 80,
  COMPRESSED: 81,
  FINISHED_INIT: 82,
  COMPRESSED2: 83,
} as const

export const RECORD_HEADER = 8
const MISC_BUILD_ID = 1 << 14
const MISC_BUILD_ID_SIZE = 1 << 15
const KERNEL_MODE = 1
const AUXTRACE_PT = 1
/** AUXTRACE_INFO of Intel PT: record header, type, 16 words, then the address filter's length and text. */
const PT_FILTER_AT = RECORD_HEADER + 8 + 16 * 8

const decoder = new TextDecoder()

/** The text in a NUL-padded field that begins at `at`; null when it has no end. */
function textIn(record: Uint8Array<ArrayBuffer>, at: number): string | null {
  const end = record.indexOf(0, at)
  return at < record.length && end >= 0 ? decoder.decode(record.slice(at, end)) : null
}

/** The record with another text in the field at `at`, which is padded to 8 bytes; what is behind it stays. */
function withText(record: Uint8Array<ArrayBuffer>, at: number, text: string): Uint8Array<ArrayBuffer> {
  const field = ((record.indexOf(0, at) - at) >> 3) * 8 + 8
  const made = new Writer(record.length + text.length)
  made.put(record.subarray(0, at)).text(text).align(8).put(record.subarray(at + field))
  const bytes = made.take()
  viewOf(bytes).setUint16(6, bytes.length, true)
  return bytes
}

function rename(record: Uint8Array<ArrayBuffer>, at: number, standIn: (name: string) => string): Uint8Array<ArrayBuffer> | null {
  const name = textIn(record, at)
  if (name === null) return null
  const other = standIn(name)
  return other === name ? record : withText(record, at, other)
}

function renameMap2(record: Uint8Array<ArrayBuffer>, names: StandIns): Uint8Array<ArrayBuffer> | null {
  const made = rename(record, 72, (path) => names.path(path))
  if (!made || !names.redaction.paths || made.length < 64) return made
  const bytes = made === record ? made.slice() : made
  if (viewOf(bytes).getUint16(4, true) & MISC_BUILD_ID) {
    const length = Math.min(20, bytes[40] ?? 0)
    const id = names.buildId(bytes.slice(44, 44 + length))
    bytes[40] = id.length
    bytes.fill(0, 44, 64).set(id, 44)
  } else bytes.fill(0, 40, 64) // device, inode and its generation tell a file too
  return bytes
}

/** A build_id_event (of the feature or a record of its own) under stand-in names; null: broken. */
export function renameBuildId(record: Uint8Array<ArrayBuffer>, names: StandIns): Uint8Array<ArrayBuffer> | null {
  const made = rename(record, 36, (path) => names.path(path))
  if (!made || !names.redaction.paths) return made
  const bytes = made === record ? made.slice() : made
  const size = viewOf(bytes).getUint16(4, true) & MISC_BUILD_ID_SIZE ? Math.min(20, bytes[32] ?? 20) : 20
  const kernel = (viewOf(bytes).getUint16(4, true) & 7) === KERNEL_MODE
  const id = names.buildId(bytes.slice(12, 12 + size))
  if (kernel) return null
  bytes.fill(0, 12, 32).set(id, 12)
  if (size !== 20) bytes[32] = 20
  return bytes
}

/** The path a build_id_event is about; '' for a broken one. */
export const buildIdPath = (record: Uint8Array<ArrayBuffer>): string => textIn(record, 36) ?? ''

/** The record under stand-in names; null: it is broken, or may not be shared. */
export function renameRecord(type: number, record: Uint8Array<ArrayBuffer>, names: StandIns): Uint8Array<ArrayBuffer> | null {
  switch (type) {
    case RecordType.COMM:
      return rename(record, 16, (comm) => names.comm(comm))
    case RecordType.MMAP:
      return rename(record, 40, (path) => names.path(path))
    case RecordType.MMAP2:
      return renameMap2(record, names)
    case RecordType.KSYMBOL:
      return names.redaction.symbols === 'keep' ? record : null
    case RecordType.CGROUP:
      return names.redaction.paths || names.redaction.comms ? null : record
    case RecordType.BUILD_ID:
      return renameBuildId(record, names)
    case RecordType.AUXTRACE_INFO:
      return names.redaction.paths || names.redaction.addresses ? withoutFilter(record) : record
    default:
      return record
  }
}

/** The address filter of Intel PT names binaries: its text is blanked. */
function withoutFilter(record: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (record.length <= PT_FILTER_AT + 8 || viewOf(record).getUint32(RECORD_HEADER, true) !== AUXTRACE_PT) return record
  const length = Number(viewOf(record).getBigUint64(PT_FILTER_AT, true))
  const bytes = record.slice()
  bytes.fill(0, PT_FILTER_AT + 8, Math.min(bytes.length, PT_FILTER_AT + 8 + Math.ceil(length / 8) * 8))
  return bytes
}
