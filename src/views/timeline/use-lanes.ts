// SPDX-License-Identifier: Apache-2.0
// How tall the lanes are: levels seen in each, which are collapsed, and where
// that puts them. Draws nothing.
import { useCallback, useMemo, useState } from 'react'
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
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set())
  const onLevels = useCallback((thread: number, count: number) => {
    setLevels((old) => ((old.get(thread) ?? 0) >= count ? old : new Map(old).set(thread, count)))
  }, [])
  const onToggle = useCallback((thread: number) => {
    setCollapsed((old) => {
      const next = new Set(old)
      if (!next.delete(thread)) next.add(thread)
      return next
    })
  }, [])
  const tops = useMemo(
    () => laneTops(lanes.map((thread) => laneHeight(levels.get(thread) ?? 0, collapsed.has(thread) ? LANE.collapsed : LANE.open))),
    [lanes, levels, collapsed],
  )
  return { tops, collapsed, onLevels, onToggle }
}
