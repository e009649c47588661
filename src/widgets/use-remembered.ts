// SPDX-License-Identifier: Apache-2.0
// State that outlives its component, for as long as the page lives: what a
// reader set in a tab is still so when the tab comes back.
import { useCallback, useState } from 'react'

const remembered = new Map<string, unknown>()

/** What was remembered under `key`; `initial` when nothing was. One key always holds one type. */
export function recall<Value>(key: string, initial: Value): Value {
  return remembered.has(key) ? (remembered.get(key) as Value) : initial
}

export const remember = (key: string, value: unknown): void => void remembered.set(key, value)

/** useState that is remembered under `key`. */
export function useRemembered<Value>(key: string, initial: () => Value): [Value, (value: Value) => void] {
  const [value, setValue] = useState<Value>(() => recall(key, null) ?? initial())
  const set = useCallback(
    (next: Value) => {
      remember(key, next)
      setValue(next)
    },
    [key],
  )
  return [value, set]
}
