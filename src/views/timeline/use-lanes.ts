// SPDX-License-Identifier: Apache-2.0
// How tall the lanes are: levels seen in each, which are collapsed, and where
// that puts them. Draws nothing.
import { useCallback, useMemo, useState } from 'react'
import { toggled } from '../../lib/toggled'
import { useStore } from '../../store'
import { laneHeight, laneShape, laneTops } from './layout'

export type Lanes = {
  /** Upper edge of each lane, and the end of the last. */
  tops: number[]
  collapsed: ReadonlySet<number>
  onLevels(thread: number, count: number): void
  onToggle(thread: number): void
}

/** `marked`: threads whose lanes have a strip of marks. */
export function useLanes(lanes: readonly number[], marked: ReadonlySet<number>): Lanes {
  const [levels, setLevels] = useState<ReadonlyMap<number, number>>(new Map())
  const folded = useStore((store) => store.view.folded)
  const keepView = useStore((store) => store.keepView)
  const collapsed = useMemo(() => new Set(folded), [folded])
  const onLevels = useCallback((thread: number, count: number) => {
    setLevels((old) => ((old.get(thread) ?? 0) >= count ? old : new Map(old).set(thread, count)))
  }, [])
  const onToggle = useCallback((thread: number) => keepView({ folded: [...toggled(collapsed, thread)] }), [collapsed, keepView])
  const tops = useMemo(
    () => laneTops(lanes.map((thread) => laneHeight(levels.get(thread) ?? 0, laneShape(collapsed.has(thread), marked.has(thread))))),
    [lanes, levels, collapsed, marked],
  )
  return { tops, collapsed, onLevels, onToggle }
}
