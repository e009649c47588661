// SPDX-License-Identifier: Apache-2.0
// perf's names for a sample's flags, as printed by perf script 6.1 in the
// flags column (two spaces, 21 characters, a space).

/** Bit order of perf's sample flags. */
const letters = 'bcrosyiABExghDt'

const named: readonly (readonly [string, string])[] = [
  ['bc', 'call'],
  ['br', 'return'],
  ['bo', 'jcc'],
  ['b', 'jmp'],
  ['bci', 'int'],
  ['bri', 'iret'],
  ['bcs', 'syscall'],
  ['brs', 'sysret'],
  ['by', 'async'],
  ['bcyi', 'hw int'],
  ['bA', 'tx abrt'],
  ['bB', 'tr strt'],
  ['bE', 'tr end'],
  ['bcg', 'vmentry'],
  ['bch', 'vmexit'],
]

const mask = (text: string): number => Array.from(text).reduce((bits, letter) => bits | (1 << letters.indexOf(letter)), 0)
const nameOf = new Map(named.map(([bits, name]) => [mask(bits), name]))
const STATE = mask('xDt')
const BEGIN = mask('B')
const END = mask('E')

/** The whole column, with its spaces. */
export function flagsText(flags: number): string {
  return `  ${body(flags).padEnd(21)} `
}

function body(flags: number): string {
  const inside = lettersOf(flags & STATE)
  const state = (inside ? `(${inside})` : '').padStart(6)
  const plain = flags & ~STATE
  const name = nameOf.get(plain)
  if (name !== undefined) return name.padEnd(15) + state
  const begun = plain & BEGIN ? nameOf.get(plain & ~BEGIN) : undefined
  if (begun !== undefined) return `tr strt ${begun.padEnd(7)}${state}`
  const ended = plain & END ? nameOf.get(plain & ~END) : undefined
  if (ended !== undefined) return `tr end  ${ended.padEnd(7)}${state}`
  return lettersOf(flags)
}

const lettersOf = (flags: number): string =>
  Array.from(letters)
    .filter((_, bit) => flags & (1 << bit))
    .join('')
