// SPDX-License-Identifier: Apache-2.0
// perf's --itrace letters, as far as this version answers them; everything else
// is refused by name.
import { fail, ok, type Result } from '../lib/result'

export type ItraceOptions = { branches: boolean; instructions: boolean; errors: boolean }

const known = 'bciyxrwpofmtaMdegGlLsqAZTI'

/** Parses what follows --itrace=. Spaces and commas separate, as in perf. */
export function parseItrace(text: string): Result<ItraceOptions, string> {
  const options: ItraceOptions = { branches: false, instructions: false, errors: false }
  let rest = text.replace(/[ ,]/g, '')
  while (rest) {
    const letter = rest.charAt(0)
    const period = /^i(\d*)(i|t|ms|us|ns)?/.exec(rest)
    if (period) {
      const [all, count = '', unit = ''] = period
      if (!everyInstruction(count, unit))
        return fail(`--itrace=${all}: only every instruction can be printed yet (i0ns), not samples of them.`)
      options.instructions = true
      rest = rest.slice(all.length)
    } else if (letter === 'b' || letter === 'e') {
      if (letter === 'b') options.branches = true
      else options.errors = true
      rest = rest.slice(1)
      if (letter === 'e' && /^[+-]/.test(rest)) return fail(`--itrace=e${rest}: choosing among errors is not supported yet; use e alone.`)
    } else if (known.includes(letter)) {
      return fail(
        `--itrace=${text}: the letter "${letter}" is not supported yet; supported are b (branches), i0ns (every instruction) and e (errors).`,
      )
    } else {
      return fail(`Bad Instruction Tracing options '${text}'`)
    }
  }
  return ok(options)
}

/** perf takes a period of 0 in any unit, and 1 instruction, for every instruction. */
function everyInstruction(count: string, unit: string): boolean {
  if (count === '') return false
  return Number(count) === 0 || (Number(count) === 1 && unit === 'i')
}
