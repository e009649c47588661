// SPDX-License-Identifier: Apache-2.0
// Which of the source files at hand is the one that a line table names: by its
// path, or by the longest tail of it, for sources live elsewhere on each machine.

const EXTENSIONS = /\.(c|h|cc|cpp|cxx|c\+\+|hh|hpp|hxx|inc|inl|ipp|tcc|s|asm|rs|go|swift|d|zig|nim|ml|mli|hs|f|f90|f95|java|kt|scala|cs|m|mm|cu|pas|adb|ads|v|cr|jl|py|js|ts)$/i

/** Whether a file of this name is taken for a source text. */
export const isSourcePath = (path: string): boolean => EXTENSIONS.test(path)

const partsOf = (path: string): string[] => path.split(/[\\/]/).filter((part) => part !== '' && part !== '.')

function commonTail(a: readonly string[], b: readonly string[]): number {
  let count = 0
  while (count < a.length && count < b.length && a[a.length - 1 - count] === b[b.length - 1 - count]) count++
  return count
}

/** Row of `paths` that fits `wanted` best; -1: none has its name, or two fit alike. */
export function sourceRow(paths: readonly string[], wanted: string): number {
  const parts = partsOf(wanted)
  let best = -1
  let most = 0
  let tied = false
  paths.forEach((path, row) => {
    const tail = path === wanted ? Infinity : commonTail(partsOf(path), parts)
    if (tail === most) tied = tail > 0
    if (tail <= most) return
    best = row
    most = tail
    tied = false
  })
  return tied ? -1 : best
}
