// SPDX-License-Identifier: Apache-2.0
// The fields of ordinary samples and branch stacks, as the decoder's table
// sample_lines numbers them (wasm/src/api/script.h).
import type { Fields } from './fields'

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
  phys_addr: 1 << 21,
  data_page_size: 1 << 22,
  code_page_size: 1 << 23,
} as const
type Known = keyof typeof bits
const known = Object.keys(bits) as Known[]
const NS = 1 << 24
const NO_CHAINS = 1 << 25
const NOT_CHOSEN = 1 << 26

/** Fields that only ordinary samples have. */
export const sampleOnly = [
  'misc',
  'tod',
  'data_src',
  'weight',
  'iregs',
  'uregs',
  'brstack',
  'brstacksym',
  'brstackoff',
  'brstackinsn',
  'brstackinsnlen',
  'phys_addr',
  'data_page_size',
  'code_page_size',
] as const satisfies readonly Known[]

/** Those of the request's fields that were chosen by name. */
export const askedFlags = (fields: Fields): number =>
  known.reduce((flags, name) => (fields.asked.has(name) ? flags | bits[name] : flags), 0)

/** The request's flags. */
export function sampleFlags(fields: Fields, ns: boolean, hideChains: boolean): number {
  let flags = (ns ? NS : 0) | (hideChains ? NO_CHAINS : 0) | (fields.chosen ? 0 : NOT_CHOSEN)
  for (const name of known) if (fields[name]) flags |= bits[name]
  return flags >>> 0
}
