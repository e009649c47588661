// SPDX-License-Identifier: Apache-2.0
// What `ptarmigan script` prints, as one text or line by line: for tests.
import type { Session } from '../engine/session'
import { parseCommand } from './args'
import { optionsText } from './script'
import { parseTimes } from './times'

/** What `script` prints with these options, in pieces; `name`: the file's, as -D names it. */
function* scriptPieces(session: Session, words: readonly string[], name: string): Generator<string> {
  const command = parseCommand(['script', 'x', ...words])
  if (!command.ok || command.value.name !== 'script') throw new Error(`not a script command: ${words.join(' ')}`)
  // Times in seconds alone: percentages would need to know the trace's.
  const times = parseTimes(command.value.options.time ?? ',', 0n, 0n)
  if (!times.ok) throw new Error(times.error)
  const text = optionsText(command.value.options, command.value.options.time === undefined ? [] : times.value, 0, name)
  const decoder = new TextDecoder()
  for (let first = 0; ; first = 1) {
    const answer = session.query('script', { first, text })
    if (!answer.ok) throw new Error(answer.error.sentence)
    if (answer.value.rows === 0) return
    yield decoder.decode(answer.value.text.pool, { stream: true })
  }
}

/** All of it. */
export const scriptText = (session: Session, words: readonly string[], name = ''): string => [...scriptPieces(session, words, name)].join('')

/** Line by line: all lines of a large trace fit no string. */
export function* scriptLines(session: Session, words: readonly string[]): Generator<string> {
  let rest = ''
  for (const piece of scriptPieces(session, words, '')) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** Where two sequences differ: their lengths, and the first few rows. */
export function differences(left: Iterable<string>, right: Iterable<string>): string[] {
  const others = right[Symbol.iterator]()
  const found: string[] = []
  let [rows, otherRows] = [0, 0]
  for (const row of left) {
    const other = others.next()
    rows++
    if (!other.done) otherRows++
    if (row !== other.value && found.length < 6) found.push(`${row}\n${other.done ? '(nothing)' : other.value}`)
  }
  for (; !others.next().done; otherRows++);
  return rows === otherRows ? found : [...found, `${rows} and ${otherRows} rows`]
}
