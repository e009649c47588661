// SPDX-License-Identifier: Apache-2.0
// What the search field means: text without regard to case, or /a regular
// expression/. Also which functions it finds.
import { fail, ok, type Result } from '../lib/result'
import { functionName, symbolName } from './names'
import type { NameTables } from './places'

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

/** Whether the name that the symbol table has of a function is what is searched for, where another is shown. */
export function foundBySymbol(matches: Matches, { functions, images }: NameTables, row: number): boolean {
  const symbol = symbolName(functions, images, row)
  return symbol !== '' && matches(symbol)
}

/** Per function 1 when it is found, by the name that is shown or by that of the symbol table; null when nothing is searched for. */
export function findFunctions(matches: Matches | null, names: NameTables): Uint8Array | null {
  const { functions, images } = names
  const found = matchRows(matches, functions?.rows ?? 0, (row) => functionName(functions, images, row))
  if (matches && found) for (let row = 0; row < found.length; row++) if (!found[row] && foundBySymbol(matches, names, row)) found[row] = 1
  return found
}
