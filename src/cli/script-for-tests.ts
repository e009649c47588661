// SPDX-License-Identifier: Apache-2.0
// What `ptarmigan script` prints, as one text: for tests.
import type { Session } from '../engine/session'
import { parseCommand } from './args'
import { optionsText } from './script'

/** All lines of `script` with these options; `name`: the file's, as -D names it. */
export function scriptText(session: Session, words: readonly string[], name = ''): string {
  const command = parseCommand(['script', 'x', ...words])
  if (!command.ok || command.value.name !== 'script') throw new Error(`not a script command: ${words.join(' ')}`)
  const text = optionsText(command.value.options, [], 0, name)
  let all = ''
  for (let first = 0; ; first = 1) {
    const answer = session.query('script', { first, text })
    if (!answer.ok) throw new Error(answer.error.sentence)
    if (answer.value.rows === 0) return all
    all += new TextDecoder().decode(answer.value.text.pool)
  }
}
