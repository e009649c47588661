// SPDX-License-Identifier: Apache-2.0
// The command line program with many sets of options in one process: starting Node and compiling the decoder take
// longer than most comparisons. Usage: many.mjs BUNDLE, and a JSON list of command lines on stdin; prints for each a
// line of JSON: exit code, error text, and the digest of its output.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { LineDigest } from './compare.mjs'

const ERROR_TEXT_BYTES = 4000
const bundle = pathToFileURL(process.argv[2]).href
const commands = JSON.parse(readFileSync(0, 'utf8'))
const answer = process.stdout.write.bind(process.stdout)
let done = 0
let run = null

process.setMaxListeners(0)
process.stdout.setMaxListeners(0)
process.stdout.write = (text, then) => {
  run.take(Buffer.from(text).toString('latin1'))
  if (then) setImmediate(then)
  return true
}
process.stderr.write = (text) => {
  if (run.errorText.length < ERROR_TEXT_BYTES) run.errorText += text
  return true
}

/** The lines of one command as they come. */
class Run {
  errorText = ''
  #digest = new LineDigest()
  #rest = ''

  take(text) {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()
    for (const line of lines) this.#digest.add(line)
  }

  finish() {
    if (this.#rest) this.#digest.add(this.#rest)
    return { code: process.exitCode ?? 0, errorText: this.errorText.trim(), digest: this.#digest.finish() }
  }
}

/** The program ends when nothing is left to wait for; then the next starts, as a module of its own. */
process.on('beforeExit', () => {
  if (run) answer(`${JSON.stringify(run.finish())}\n`)
  run = null
  if (done === commands.length) return
  run = new Run()
  process.exitCode = 0
  process.argv = [process.execPath, process.argv[1], ...commands[done++]]
  void import(`${bundle}?${done}`)
})
