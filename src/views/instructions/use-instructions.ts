// SPDX-License-Identifier: Apache-2.0
// The rows of one thread that are held: windows around what is on screen,
// asked for through the store, the ones seen last kept.
import { useMemo } from 'react'
import type { InstructionsTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { holdsRange, useWindowPlan, WindowCache, windowRows, type RowRange } from '../../widgets/row-windows'
import type { Place } from './cells'

export type HeldInstructions = {
  find(row: number): Place | null
  /** Why rows on screen cannot be shown; '' when they can. */
  failure: string
}

const requestOf = (thread: number, window: number | null | undefined) =>
  window === null || window === undefined ? null : { thread, first: window * windowRows, count: windowRows }

export function useInstructions(thread: number, range: RowRange, rowCount: number): HeldInstructions {
  const version = useStore((store) => store.session.version)
  // Another version may number other instructions the same: nothing of the old one is kept.
  const cache = useMemo(() => new WindowCache<InstructionsTable>(), [thread, version])
  const plan = useWindowPlan(range, rowCount, (wanted) => holdsRange(cache, wanted, rowCount))
  const answers = [
    useTable('instructions', requestOf(thread, plan[0])),
    useTable('instructions', requestOf(thread, plan[1])),
    useTable('instructions', requestOf(thread, plan[2])),
    useTable('instructions', requestOf(thread, plan[3])),
  ]
  let failure = ''
  answers.forEach((answer, slot) => {
    const window = plan[slot] ?? null
    if (window === null) return
    if (answer.state === 'failed' && overlaps(window, range)) failure = answer.sentence
    if (answer.state === 'ready' && answer.table.ordinal[0] === window * windowRows) cache.put(window, answer.table)
  })
  cache.touch(range)
  const find = useMemo(
    () => (row: number) => {
      const place = cache.find(row)
      // A row whose number is not the asked one is never shown in its place.
      return place !== null && place.table.ordinal[place.index] === row ? place : null
    },
    // The cache changes inside; the answers tell when.
    [cache, ...answers],
  )
  return { find, failure }
}

const overlaps = (window: number, range: RowRange): boolean => window * windowRows < range.end && (window + 1) * windowRows > range.first
