// SPDX-License-Identifier: Apache-2.0
// One JSON object a line. A share is named by a hash of its id, so that a log
// is no list of shares; tokens, keys, labels and query strings never get here.
import { createHash } from 'node:crypto'

export type LogFields = Record<string, string | number | boolean | undefined>
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: LogFields) => void

export const jsonLog =
  (write: (line: string) => void, now: () => Date = () => new Date()): Log =>
  (level, message, fields = {}) =>
    write(`${JSON.stringify({ time: now().toISOString(), level, message, ...fields })}\n`)

/** Tells shares in a log apart; leads to none. */
export const shareTag = (id: string): string => createHash('sha256').update(`ptarmigan log ${id}`).digest('hex').slice(0, 12)
