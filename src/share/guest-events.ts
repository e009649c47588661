// SPDX-License-Identifier: Apache-2.0
// What a bundle's perf.data says of guests whose own files were joined to the
// trace: their events, and whose the ids are. The form is that of perf inject --guest-data.
import type { Tables } from '../model/tables.gen'
import { Writer } from './little-endian'
import { RECORD_HEADER, RecordType } from './perf-records'

/** Events and records of guests' files: whose the ids are comes first, then what has no time, then the rest. */
export type Joined = { events: GuestEvent[]; records: Uint8Array<ArrayBuffer>[] }
/** One event, with its ids: an attribute of a perf.data. */
export type GuestEvent = { type: number; config: bigint; sampleType: bigint; ids: bigint[] }

const ENTRY_BYTES = 48
/** As many entries as a record has room for. */
const MOST_ENTRIES = Math.floor((0xffff - 16) / ENTRY_BYTES)
const READ_FORMAT_ID = 4n
const SAMPLE_ID_ALL = 1n << 18n
const EXCLUDE_HOST = 1n << 19n

/** The events that were joined, in the order of their rows. */
export function guestEvents({ rows, joined, event, id, type, config, sample_type }: Tables['cut_guests']): GuestEvent[] {
  const found = new Map<number, GuestEvent>()
  for (let row = 0; row < rows; row++) {
    if (joined[row] !== 1) continue
    const known = found.get(event[row] ?? 0) ?? { type: type[row] ?? 0, config: config[row] ?? 0n, sampleType: sample_type[row] ?? 0n, ids: [] }
    known.ids.push(id[row] ?? 0n)
    found.set(event[row] ?? 0, known)
  }
  return [...found].toSorted(([a], [b]) => a - b).map(([, one]) => one)
}

/** A perf_event_attr of `size` bytes (64 or more): what lays out the records, and no more. */
export function writeAttr({ type, config, sampleType }: GuestEvent, size: number): Uint8Array<ArrayBuffer> {
  const made = new Writer(size)
  made.u32(type).u32(size).u64(config).u64(1).u64(sampleType).u64(READ_FORMAT_ID).u64(SAMPLE_ID_ALL | EXCLUDE_HOST)
  return made.zeros(size - made.length).take()
}

/** The same in a record, with its ids: as a file in pipe mode describes an event. */
export function attrRecord(event: GuestEvent, size: number): Uint8Array<ArrayBuffer> {
  const made = new Writer()
  made.u32(RecordType.ATTR).u16(0).u16(RECORD_HEADER + size + event.ids.length * 8).put(writeAttr(event, size))
  for (const id of event.ids) made.u64(id)
  return made.take()
}

/** ID_INDEX records: entries of id, index, CPU and thread, then as many pairs of machine and CPU. */
export function idIndexes({ rows, joined, id, machine, vcpu, tid }: Tables['cut_guests']): Uint8Array<ArrayBuffer>[] {
  const wanted = Array.from({ length: rows }, (_, row) => row).filter((row) => joined[row] === 1)
  const records: Uint8Array<ArrayBuffer>[] = []
  for (let first = 0; first < wanted.length; first += MOST_ENTRIES) {
    const some = wanted.slice(first, first + MOST_ENTRIES)
    const made = new Writer(16 + some.length * ENTRY_BYTES)
    made.u32(RecordType.ID_INDEX).u16(0).u16(16 + some.length * ENTRY_BYTES).u64(some.length)
    for (const row of some) made.u64(id[row] ?? 0n).u64(0).u64(-1).u64(tid[row] ?? 0)
    for (const row of some) made.u64(machine[row] ?? 0).u64(vcpu[row] ?? 0)
    records.push(made.take())
  }
  return records
}
