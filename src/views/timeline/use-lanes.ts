// SPDX-License-Identifier: Apache-2.0
// How tall the lanes are: levels seen in each, which are collapsed, and where
// that puts them. Draws nothing.
import { useCallback, useMemo, useState } from 'react'
import { toggled } from '../../lib/toggled'
import { useStore } from '../../store'
import { LANE, laneHeight, laneTops } from './layout'

export type Lanes = {
  /** Upper edge of each lane, and the end of the last. */
  tops: number[]
  collapsed: ReadonlySet<number>
  onLevels(thread: number, count: number): void
  onToggle(thread: number): void
}

export function useLanes(lanes: readonly number[]): Lanes {
  const [levels, setLevels] = useState<ReadonlyMap<number, number>>(new Map())
  const folded = useStore((store) => store.view.folded)
  const keepView = useStore((store) => store.keepView)
  const collapsed = useMemo(() => new Set(folded), [folded])
  const onLevels = useCallback((thread: number, count: number) => {
    setLevels((old) => ((old.get(thread) ?? 0) >= count ? old : new Map(old).set(thread, count)))
  }, [])
  const onToggle = useCallback((thread: number) => keepView({ folded: [...toggled(collapsed, thread)] }), [collapsed, keepView])
  const tops = useMemo(
    () => laneTops(lanes.map((thread) => laneHeight(levels.get(thread) ?? 0, collapsed.has(thread) ? LANE.collapsed : LANE.open))),
    [lanes, levels, collapsed],
  )
  return { tops, collapsed, onLevels, onToggle }
}
