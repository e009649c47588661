// SPDX-License-Identifier: Apache-2.0
/** Where the browser does not tell when it is idle. */
const IDLE_MS = 500

/** Runs `task` when the browser has nothing else to do. Returns what calls it off. */
export function whenIdle(task: () => void): () => void {
  if (typeof requestIdleCallback === 'function') {
    const ticket = requestIdleCallback(task)
    return () => cancelIdleCallback(ticket)
  }
  const timer = setTimeout(task, IDLE_MS)
  return () => clearTimeout(timer)
}
