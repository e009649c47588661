// SPDX-License-Identifier: Apache-2.0
// Lines from a child process, pulled as they are wanted, so that streams of
// millions of lines are compared without being stored.
import { spawn } from 'node:child_process'

const ERROR_TEXT_BYTES = 4000

/** Output lines of a command: look at `buffer` from `at` on after `fill`. */
export class CommandLines {
  buffer = []
  at = 0
  ended = false
  #rest = ''
  #chunks
  #ahead
  #child
  #closed
  errorText = ''

  /** `input`: all that the command reads. */
  constructor(command, input = '') {
    this.command = command
    this.#child = spawn(command[0], command.slice(1), { stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
    this.#child.stdin?.end(input)
    this.#child.stdout.setEncoding('latin1')
    this.#child.stderr.setEncoding('utf8')
    this.#child.stderr.on('data', (text) => {
      if (this.errorText.length < ERROR_TEXT_BYTES) this.errorText += text
    })
    this.#closed = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve({ code: 127, error: String(error) }))
      this.#child.on('close', (code) => resolve({ code: code ?? 1, error: '' }))
    })
    this.#chunks = this.#child.stdout[Symbol.asyncIterator]()
    // Asked at once: Node throws away what nobody reads when the command exits.
    this.#ahead = this.#chunks.next()
  }

  /** Makes at least `count` lines available, fewer only at the end. */
  async fill(count) {
    while (!this.ended && this.buffer.length - this.at < count) {
      const { value, done } = await this.#ahead
      if (!done) this.#ahead = this.#chunks.next()
      const lines = (this.#rest + (done ? '' : value)).split('\n')
      this.#rest = done ? '' : lines.pop()
      if (done && lines.at(-1) === '') lines.pop()
      this.buffer = this.at < this.buffer.length ? this.buffer.slice(this.at).concat(lines) : lines
      this.at = 0
      this.ended = Boolean(done)
    }
    return this.buffer.length - this.at
  }

  /** Calls `take` with every line that is left. */
  async each(take) {
    while (await this.fill(1)) {
      for (const line of this.buffer) take(line)
      this.at = this.buffer.length
    }
  }

  /** Exit code and error text; stops the command when it still runs. */
  async finish() {
    if (!this.ended) {
      this.#ahead.catch(() => {})
      this.#child.kill()
      // Unread output would keep the streams, and so the command, from closing.
      this.#child.stdout.destroy()
    }
    const { code, error } = await this.#closed
    return { code: this.ended ? code : 0, errorText: error || this.errorText.trim() }
  }
}
