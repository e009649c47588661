// SPDX-License-Identifier: Apache-2.0
// One element in or out of a set.

/** A new set: without `one` when it was there, else with it. */
export function toggled<Value>(set: ReadonlySet<Value>, one: Value): ReadonlySet<Value> {
  const next = new Set(set)
  if (!next.delete(one)) next.add(one)
  return next
}
