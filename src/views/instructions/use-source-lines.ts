// SPDX-License-Identifier: Apache-2.0
// Lines of the source texts at hand, read when a row first asks for one.
import { useCallback, useEffect, useRef, useState } from 'react'
import { sourceRow } from '../../model/source-texts'
import { useStore } from '../../store'

/** Larger files are not taken for source texts. */
const MOST_BYTES = 8 << 20

/** The text of a line (from 1); null: it is not known, or not yet. */
export type LineOf = (file: string, line: number) => string | null

const linesOf = async (file: File): Promise<string[]> => (file.size > MOST_BYTES ? [] : (await file.text()).split(/\r?\n/))

export function useSourceLines(): { lineOf: LineOf; available: boolean } {
  const sources = useStore((store) => store.session.sources)
  const [texts, setTexts] = useState({ of: sources, lines: new Map<string, readonly string[]>() })
  const asked = useRef({ of: sources, paths: new Set<string>(), begun: new Set<string>() })
  const lines = texts.of === sources ? texts.lines : null
  const lineOf = useCallback<LineOf>(
    (file, line) => {
      if (file === '' || line <= 0 || sources.length === 0) return null
      if (asked.current.of !== sources) asked.current = { of: sources, paths: new Set(), begun: new Set() }
      asked.current.paths.add(file)
      return lines?.get(file)?.[line - 1] ?? null
    },
    [sources, lines],
  )
  useEffect(() => {
    const { of, paths, begun } = asked.current
    const known = of.map(({ path }) => path)
    for (const path of paths) {
      const one = of[sourceRow(known, path)]
      if (begun.has(path) || !one) continue
      begun.add(path)
      const keep = (read: readonly string[]) => setTexts((now) => ({ of, lines: new Map(now.of === of ? now.lines : []).set(path, read) }))
      void linesOf(one.file).then(keep, () => keep([]))
    }
  })
  return { lineOf, available: sources.length > 0 }
}
