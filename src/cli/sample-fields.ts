// SPDX-License-Identifier: Apache-2.0
// The fields of perf script's -F, as the decoder's table script numbers them
// (wasm/src/api/script.h).

const bits = {
  comm: 1 << 0,
  pid: 1 << 1,
  tid: 1 << 2,
  cpu: 1 << 3,
  misc: 1 << 4,
  time: 1 << 5,
  period: 1 << 6,
  event: 1 << 7,
  ip: 1 << 8,
  sym: 1 << 9,
  symoff: 1 << 10,
  dso: 1 << 11,
  addr: 1 << 12,
  data_src: 1 << 13,
  weight: 1 << 14,
  iregs: 1 << 15,
  uregs: 1 << 16,
  brstack: 1 << 17,
  brstacksym: 1 << 18,
  brstackoff: 1 << 19,
  brstackinsn: 1 << 20,
  brstackinsnlen: 1 << 27,
  tod: 1 << 28,
  trace: 1 << 29,
  'bpf-output': 1 << 30,
  phys_addr: 1 << 21,
  data_page_size: 1 << 22,
  code_page_size: 1 << 23,
  callindent: 2 ** 41,
  insn: 2 ** 42,
  insnlen: 2 ** 43,
  synth: 2 ** 44,
  ipc: 2 ** 45,
  srcline: 2 ** 46,
  dsoff: 2 ** 48,
  // Of what the own records of guests tell of; of the rest nothing is printed.
  machine_pid: 2 ** 49,
  vcpu: 2 ** 50,
  ins_lat: 2 ** 51,
  // Of perf 6.12.
  retire_lat: 2 ** 36,
  cgroup: 2 ** 37,
  // Of `perf stat record` alone: perf prints nothing of it in samples.
  metric: 2 ** 35,
  srccode: 2 ** 52,
} as const

export type FieldName = keyof typeof bits
export const fieldNames = Object.keys(bits) as FieldName[]
export const isFieldName = (text: string): text is FieldName => Object.hasOwn(bits, text)

/** Bits that are no fields of -F. */
export const extraBits = { no_chains: 1 << 25, ip_unset: 2 ** 32, sym_unset: 2 ** 33, flags: 2 ** 40, cpu_asked: 2 ** 47 } as const

/** The sum of their bits: exact, they are below 2^53. */
export function fieldBits(names: Iterable<FieldName>): number {
  let sum = 0
  for (const name of new Set(names)) sum += bits[name]
  return sum
}
