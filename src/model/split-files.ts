// SPDX-License-Identifier: Apache-2.0
// Debug information that -gsplit-dwarf split from binaries: what is missing of it.
import { textAt } from '../lib/text-column'
import type { SplitFilesTable } from './tables.gen'

const NAMED = 3

/** One sentence for all that is missing, of `all` units. */
export function splitMissing(names: readonly string[], all: number): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return (
    `${names.length} of ${all} files with debug information split from binaries (-gsplit-dwarf) are missing: ${names.slice(0, NAMED).join(', ')}${more}. ` +
    'Functions inlined there are not told; add them, or the .dwp file made of them.'
  )
}

export type MissingSplit = { image: number; all: number; paths: string[] }

/** By image: the paths of .dwo files that were not given, as they were when it was built. */
export function missingSplit({ rows, image, name, directory, given }: SplitFilesTable): MissingSplit[] {
  const byImage = new Map<number, { all: number; paths: Set<string> }>()
  for (let row = 0; row < rows; row++) {
    const of = image[row] ?? 0
    const entry = byImage.get(of) ?? { all: 0, paths: new Set<string>() }
    byImage.set(of, entry)
    entry.all++
    const file = textAt(name, row)
    const folder = textAt(directory, row)
    if (given[row] !== 1) entry.paths.add(file.startsWith('/') || folder === '' ? file : `${folder}/${file}`)
  }
  return [...byImage].flatMap(([of, { all, paths }]) => (paths.size === 0 ? [] : [{ image: of, all, paths: [...paths] }]))
}

/** What is said of one binary. */
export const splitSentence = ({ all, paths }: MissingSplit): string =>
  `${paths.length} of ${all} .dwo ${all === 1 ? 'file is' : 'files are'} missing: functions inlined there have no names. Add them, or the .dwp file made of them.`
