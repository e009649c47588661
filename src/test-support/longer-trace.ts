// SPDX-License-Identifier: Apache-2.0
// Recordings of Intel PT that went on longer: made of small ones, for tests of
// what only happens in large files.

const PSB = Uint8Array.from({ length: 16 }, (_, at) => (at % 2 === 0 ? 0x02 : 0x82))
const PSBEND = Uint8Array.of(0x02, 0x23)
const TSC = 0x19
const AUXTRACE = 71
const DATA_AT = 40
const FEATURES_AT = 72
const FEATURE_BITS = 256

/** Stretches of so many bytes, each of a PSB, a later time (without the ratio of the bus) and padding. */
export function idleStretches(count: number, bytes: number): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(count * bytes)
  for (let row = 0; row < count; row++) {
    made.set(PSB, row * bytes)
    new DataView(made.buffer).setBigUint64(row * bytes + PSB.length, (BigInt(row + 1) << 48n) | BigInt(TSC), true)
    made.set(PSBEND, row * bytes + PSB.length + 8)
  }
  return made
}

/** A perf.data whose last AUX data goes on with `more`. What lies behind it in the file moves. */
export function goingOn(trace: Uint8Array, more: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(trace.buffer, trace.byteOffset, trace.length)
  const start = Number(view.getBigUint64(DATA_AT, true))
  const end = start + Number(view.getBigUint64(DATA_AT + 8, true))
  const last = lastAux(view, start, end)
  const size = Number(view.getBigUint64(last + 8, true))
  const behind = last + view.getUint16(last + 6, true) + size
  const made = new Uint8Array(trace.length + more.length)
  made.set(trace.subarray(0, behind))
  made.set(more, behind)
  made.set(trace.subarray(behind), behind + more.length)
  const changed = new DataView(made.buffer)
  const add = (at: number) => changed.setBigUint64(at, changed.getBigUint64(at, true) + BigInt(more.length), true)
  add(last + 8)
  add(DATA_AT + 8)
  const features = Array.from({ length: FEATURE_BITS }, (_, bit) => (view.getUint8(FEATURES_AT + (bit >> 3)) >> (bit % 8)) % 2)
  features.filter((bit) => bit === 1).forEach((_, row) => add(end + more.length + row * 16))
  return made
}

function lastAux(view: DataView, start: number, end: number): number {
  let last = start
  for (let at = start; at < end; ) {
    const isAux = view.getUint32(at, true) === AUXTRACE
    if (isAux) last = at
    at += view.getUint16(at + 6, true) + (isAux ? Number(view.getBigUint64(at + 8, true)) : 0)
  }
  return last
}
