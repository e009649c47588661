// SPDX-License-Identifier: Apache-2.0
// What node's parseArgs makes of a command line, and reading it.

export type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

/** One option as it was given; the list has them in the order of the command line. */
export type Given = { name: string; value: string }

export const textOf = (values: Values, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}
