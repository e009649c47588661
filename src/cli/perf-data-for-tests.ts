// SPDX-License-Identifier: Apache-2.0
// Writes a perf.data of samples, field by field as perf_event_open(2) and
// perf.data-file-format.txt lay it out: for tests of what no machine at hand records.
import { Writer } from '../share/little-endian'

export const Sample = {
  IP: 1n << 0n,
  TID: 1n << 1n,
  TIME: 1n << 2n,
  ADDR: 1n << 3n,
  READ: 1n << 4n,
  CALLCHAIN: 1n << 5n,
  PERIOD: 1n << 8n,
  RAW: 1n << 10n,
  BRANCH_STACK: 1n << 11n,
  WEIGHT: 1n << 14n,
  IDENTIFIER: 1n << 16n,
  WEIGHT_STRUCT: 1n << 24n,
} as const

/** An event: type and config of perf_event_attr, what its samples hold, and its id. */
export type TestEvent = { type: number; config: number; sampleType: bigint; branchType?: bigint; readFormat?: bigint; id: number }

export const PID = 4321
export const KERNEL_PID = -1
const ATTR_BYTES = 128
const HEADER = 104
const SAMPLE_ID_ALL = 1n << 18n
const MISC_USER = 2
const MISC_KERNEL = 1
const FEATURE_BUILD_ID = 2

export function record(type: number, misc: number, body: Writer): Uint8Array<ArrayBuffer> {
  const bytes = body.align(8).take()
  return new Writer().u32(type).u16(misc).u16(bytes.length + 8).put(bytes).take()
}

/** What sample_id_all puts behind each record. */
const trailer = (body: Writer, pid: number, time: number, id: number): Writer => body.i32(pid).i32(pid).u64(time).u64(id)

export const comm = (name: string, id: number): Uint8Array<ArrayBuffer> => record(3, MISC_USER, trailer(new Writer().u32(PID).u32(PID).text(name).align(8), PID, 1000, id))

export function mapped(path: string, address: bigint, length: number, offset: bigint, id: number, isKernel = false): Uint8Array<ArrayBuffer> {
  const pid = isKernel ? KERNEL_PID : PID
  const body = new Writer().i32(pid).i32(isKernel ? 0 : PID).u64(address).u64(length).u64(offset).text(path).align(8)
  return record(1, isKernel ? MISC_KERNEL : MISC_USER, trailer(body, pid, 1000, id))
}

export const sample = (body: Writer, isKernel = false): Uint8Array<ArrayBuffer> => record(9, isKernel ? MISC_KERNEL : MISC_USER, body)

type BuildId = { path: string; isKernel: boolean; id: Uint8Array }
/** A feature of the header: its number and what it holds. */
export type TestFeature = { number: number; body: Uint8Array }

function buildIdFeature(buildIds: readonly BuildId[]): TestFeature[] {
  const table = new Writer()
  for (const { path, isKernel, id } of buildIds) {
    const body = new Writer().i32(isKernel ? KERNEL_PID : PID).put(id).zeros(24 - id.length).text(path).align(64)
    table.put(record(0, isKernel ? MISC_KERNEL : MISC_USER, body))
  }
  return table.length > 0 ? [{ number: FEATURE_BUILD_ID, body: table.take() }] : []
}

/** `buildIds`: path, whether it is the kernel's, and the id; `features`: others, by number. */
export function perfData(events: readonly TestEvent[], records: readonly Uint8Array[], buildIds: readonly BuildId[] = [], features: readonly TestFeature[] = []): Uint8Array<ArrayBuffer> {
  const ids = new Writer()
  for (const { id } of events) ids.u64(id)
  const attrs = new Writer()
  for (const [row, { type, config, sampleType, branchType = 0n, readFormat = 0n }] of events.entries()) {
    const attr = new Writer().u32(type).u32(ATTR_BYTES).u64(config).u64(1).u64(sampleType).u64(readFormat).u64(SAMPLE_ID_ALL).u32(0).u32(0).u64(0).u64(0).u64(branchType)
    attrs.put(attr.zeros(ATTR_BYTES - attr.length).take()).u64(HEADER + row * 8).u64(8)
  }
  const data = new Writer()
  for (const bytes of records) data.put(bytes)
  const attrsAt = HEADER + ids.length
  const dataAt = attrsAt + attrs.length
  const all = [...buildIdFeature(buildIds), ...features]
  const made = new Writer().put(new TextEncoder().encode('PERFILE2')).u64(HEADER).u64(ATTR_BYTES + 16)
  made.u64(attrsAt).u64(attrs.length).u64(dataAt).u64(data.length).u64(0).u64(0).u64(all.reduce((bits, { number }) => bits | (1n << BigInt(number)), 0n)).zeros(24)
  made.put(ids.take()).put(attrs.take()).put(data.take())
  let at = made.length + all.length * 16
  for (const { body } of all) {
    made.u64(at).u64(body.length)
    at += body.length
  }
  for (const { body } of all) made.put(body)
  return made.take()
}
