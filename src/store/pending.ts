// SPDX-License-Identifier: Apache-2.0
// Work other than questions that keeps the page from being idle: code of a
// view that is on its way. Counted, not described.
let pending = 0
const watchers = new Set<() => void>()

function add(count: number): void {
  pending += count
  for (const changed of watchers) changed()
}

/** The page is not idle until the returned function is called. */
export function markWork(): () => void {
  add(1)
  return () => add(-1)
}

export const isPending = (): boolean => pending > 0

export function onPendingChange(changed: () => void): () => void {
  watchers.add(changed)
  return () => watchers.delete(changed)
}
