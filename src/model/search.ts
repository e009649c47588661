// SPDX-License-Identifier: Apache-2.0
// What the search field means: text without regard to case, or /a regular
// expression/. Also which functions it finds.
import { fail, ok, type Result } from '../lib/result'

export type Matches = (text: string) => boolean

/** null: nothing is searched for. A failure is a sentence. */
export function compileSearch(search: string): Result<Matches | null, string> {
  const wanted = search.trim()
  if (wanted === '') return ok(null)
  const expression = /^\/(.+)\/(i?)$/.exec(wanted)
  if (!expression) {
    const lower = wanted.toLowerCase()
    return ok((text) => text.toLowerCase().includes(lower))
  }
  try {
    const regex = new RegExp(expression[1] ?? '', expression[2])
    return ok((text) => regex.test(text))
  } catch (error) {
    return fail(`This is not a regular expression: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Per row 1 when it is found; null when nothing is searched for. */
export function matchRows(matches: Matches | null, rows: number, nameOf: (row: number) => string): Uint8Array | null {
  if (!matches) return null
  const found = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) found[row] = matches(nameOf(row)) ? 1 : 0
  return found
}
