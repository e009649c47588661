// SPDX-License-Identifier: Apache-2.0
// What a run of judge.mjs need not do again: perf's output, kept by what it was made of, and the rows of a trace, kept
// by what they were made of and the build that was judged. A row of another build is never taken.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { digestLines } from '../test/cases/compare.mjs'
import { perfScript, perfVersion, root } from '../test/cases/fixtures.mjs'
import { CommandLines } from '../test/cases/lines.mjs'

const hashes = new Map()

/** Of a file, or of all files below a folder with their names; taken once. */
function contentHash(path) {
  if (!hashes.has(path)) hashes.set(path, hashOf(path))
  return hashes.get(path)
}

function hashOf(path) {
  const hash = createHash('sha256')
  const add = (at, name) => {
    if (!existsSync(at)) return
    hash.update(`${name}\n`)
    hash.update(readFileSync(at))
  }
  try {
    for (const name of readdirSync(path, { recursive: true }).sort()) addIfFile(path, name, add)
  } catch {
    add(path, '')
  }
  return hash.digest('hex')
}

function addIfFile(folder, name, add) {
  try {
    add(join(folder, name), name)
  } catch (error) {
    if (error.code !== 'EISDIR') throw error
  }
}

const keyOf = (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)

/** perf script's output of a trace and words. */
class PerfOutput {
  #fixture
  #words
  #version
  #kept

  constructor(fixture, words, version) {
    this.#fixture = fixture
    this.#words = words
    this.#version = version
    // -D prints the file's name before each record.
    const name = words.includes('-D') ? basename(fixture.trace) : ''
    const key = keyOf(perfVersion(version), contentHash(fixture.trace), contentHash(fixture.symfs), words, name, perfScript(fixture.trace, [])[0])
    this.#kept = join(root, 'build/judge/perf', key)
  }

  /** Number of lines and their hashes; `message`: why perf printed nothing. */
  async digest() {
    const file = `${this.#kept}.json`
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
    const start = Date.now()
    const lines = new CommandLines(this.#command())
    const digest = await digestLines(lines)
    const { errorText } = await lines.finish()
    digest.message = digest.lines ? '' : (errorText.split('\n')[0] ?? '')
    digest.seconds = (Date.now() - start) / 1000
    writeWhole(file, JSON.stringify(digest))
    return digest
  }

  /** The lines themselves, packed in a file when they are asked for the first time. */
  async lines() {
    const file = `${this.#kept}.txt.gz`
    if (!existsSync(file)) {
      mkdirSync(dirname(file), { recursive: true })
      // Of its own: another trace of the same bytes may be at it too.
      const part = `${file}.${this.#fixture.name}.part`
      const packing = new CommandLines(['sh', '-c', 'out=$1; shift; "$@" | gzip -1 >"$out"', 'sh', part, ...this.#command()])
      await packing.each(() => {})
      await packing.finish()
      renameSync(part, file)
    }
    return new CommandLines(['gzip', '-dc', file])
  }

  #command() {
    return perfScript(this.#fixture.trace, ['--symfs', this.#fixture.symfs, ...this.#words], this.#version)
  }
}

/** `version`: the perf that is asked, 6.1 where none is named. */
export const perfOutput = (fixture, { words, version = '6.1' }) => new PerfOutput(fixture, words, version)

/** Never half of a file, also when the run is ended. */
function writeWhole(file, text) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.part`, text)
  renameSync(`${file}.part`, file)
}

/** Of all that makes a row what it is: the program and the decoder that are judged, and what judges. */
function buildHash() {
  const parts = ['dist/cli', 'build/test/cases/print_stream', 'wasm/test/cases', 'wasm/tools/judge.mjs', 'wasm/tools/kept.mjs']
  return keyOf(parts.map((part) => contentHash(join(root, part))))
}

/** Rows of one trace: `questions` is what was asked of it. */
export class KeptRows {
  #file
  #key

  constructor(fixture, questions) {
    this.#file = join(root, 'build/fidelity', `${fixture.group}-${fixture.name}.json`)
    this.#key = keyOf(perfVersion(), buildHash(), contentHash(fixture.trace), contentHash(fixture.symfs), questions)
  }

  /** null: this build has not been held against this trace yet. */
  read() {
    if (!existsSync(this.#file)) return null
    const { key, rows } = JSON.parse(readFileSync(this.#file, 'utf8'))
    return key === this.#key ? rows : null
  }

  write(rows, seconds) {
    writeWhole(this.#file, JSON.stringify({ key: this.#key, seconds, rows }))
  }
}
