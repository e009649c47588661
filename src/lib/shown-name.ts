// SPDX-License-Identifier: Apache-2.0
// Names of symbols as they are shown: those of D and Swift, which the symbol tables have
// as their compilers wrote them, demangled. C++ and Rust are demangled when binaries are read.
import { demangleD } from './demangle-d'
import { demangleSwift } from './demangle-swift'

const demangled = (symbol: string): string | null => (symbol.startsWith('_D') ? demangleD(symbol) : demangleSwift(symbol))

/** "std.stdio.writeln()" of _D3std5stdio7writelnFZv; of a part that the compiler made of it, with "[clone .part.0]"; what is not understood stays. */
export function shownName(symbol: string): string {
  if (!/^(?:_D|_?\$[sS]|_T0)/.test(symbol)) return symbol
  const plt = symbol.endsWith('@plt') ? '@plt' : ''
  const name = plt === '' ? symbol : symbol.slice(0, -plt.length)
  const whole = demangled(name)
  if (whole !== null) return whole + plt
  const clone = /^(_D\w+)(\.[\w.]+)$/.exec(name)
  const part = clone && demangleD(clone[1] ?? '')
  return part === null || plt !== '' ? symbol : `${part} [clone ${clone?.[2]}]`
}
