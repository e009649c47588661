// SPDX-License-Identifier: Apache-2.0
// Three ways to hold a decoder's lines against what they should be: another
// command's lines, hashes of every thousand, and the truth of each thread.
import { createHash } from 'node:crypto'

const WINDOW = 300 // how far a line may have moved
const AGREE = 3 // lines in a row that count as found again
const MOST_DIFFERENT = 5000
const MOST_LINES = 1000 // that differ are kept
export const HASH_EVERY = 1000
export const FIRST_LINES = 10

/** Smallest shift (i lines of ours, j of theirs) after which AGREE lines are equal again; null: none in the window. */
function findAgain(ours, theirs) {
  const left = Math.min(ours.buffer.length - ours.at, WINDOW)
  const right = Math.min(theirs.buffer.length - theirs.at, WINDOW)
  for (let shift = 1; shift < left + right; shift++) {
    for (let i = Math.max(0, shift - right); i <= Math.min(shift, left - 1); i++) {
      const j = shift - i
      if (j >= right) continue
      let k = 0
      while (k < AGREE && i + k < left && j + k < right && ours.buffer[ours.at + i + k] === theirs.buffer[theirs.at + j + k]) k++
      if (k === AGREE || (k && i + k === left && j + k === right)) return { i, j }
    }
  }
  return null
}

/** Compares two CommandLines. Counts a moved or missing line once. `lines`: those that differ, of both. */
export async function compareLines(ours, theirs) {
  const result = { compared: 0, different: 0, first: '', lines: [] }
  while (result.different < MOST_DIFFERENT) {
    const left = await ours.fill(1)
    const right = await theirs.fill(1)
    if (!left && !right) break
    const run = Math.min(left, right)
    let same = 0
    while (same < run && ours.buffer[ours.at + same] === theirs.buffer[theirs.at + same]) same++
    ours.at += same
    theirs.at += same
    result.compared += same
    if (same === run && run) continue
    result.first ||= `line ${result.compared + 1}: ${difference(lineAt(ours), lineAt(theirs))}`
    await ours.fill(WINDOW)
    await theirs.fill(WINDOW)
    const moved = findAgain(ours, theirs) ?? { i: 1, j: 1 }
    const step = Math.max(moved.i, moved.j)
    if (result.lines.length < MOST_LINES)
      result.lines.push(...ours.buffer.slice(ours.at, ours.at + moved.i), ...theirs.buffer.slice(theirs.at, theirs.at + moved.j))
    ours.at = Math.min(ours.at + moved.i, ours.buffer.length)
    theirs.at = Math.min(theirs.at + moved.j, theirs.buffer.length)
    result.compared += step
    result.different += step
  }
  if (result.different >= MOST_DIFFERENT) result.first = `(stopped after ${result.different}) ${result.first}`
  return result
}

const lineAt = (lines) => (lines.at < lines.buffer.length ? lines.buffer[lines.at] : null)

/** Where two lines part, with what stands before it. */
export function difference(ours, theirs) {
  const shown = (line, from) => (line === null ? '(ended)' : JSON.stringify(line.slice(from, from + 70)))
  let same = 0
  while (ours !== null && theirs !== null && same < ours.length && ours[same] === theirs[same]) same++
  const before = (ours ?? theirs).slice(Math.max(0, same - 60), same).trimStart()
  return `${before ? `…${before}` : ''} ours ${shown(ours, same)} theirs ${shown(theirs, same)}`.trim()
}

/** What an expected file remembers of a stream, line by line. */
export class LineDigest {
  #digest = { lines: 0, hashes: [], first: [] }
  #hash = createHash('sha256')

  add(line) {
    if (this.#digest.lines < FIRST_LINES) this.#digest.first.push(line)
    this.#hash.update(line + '\n', 'latin1')
    if (++this.#digest.lines % HASH_EVERY === 0) this.#keep()
  }

  finish() {
    if (this.#digest.lines % HASH_EVERY) this.#keep()
    return this.#digest
  }

  #keep() {
    this.#digest.hashes.push(this.#hash.digest('hex').slice(0, 16))
    this.#hash = createHash('sha256')
  }
}

export async function digestLines(lines) {
  const digest = new LineDigest()
  await lines.each((line) => digest.add(line))
  return digest.finish()
}

/** Compares a digest with the expected one; `different` counts whole thousands when the first lines agree. */
export function compareDigests(got, wanted) {
  const result = { compared: wanted.lines, different: 0, first: '' }
  const line = wanted.first.findIndex((text, i) => text !== got.first[i])
  wanted.hashes.forEach((hash, i) => {
    if (hash === got.hashes[i]) return
    result.different += Math.min(HASH_EVERY, wanted.lines - i * HASH_EVERY)
    result.first ||= `somewhere in lines ${i * HASH_EVERY + 1} to ${Math.min((i + 1) * HASH_EVERY, wanted.lines)}`
  })
  if (line >= 0) result.first = `line ${line + 1}: ${difference(got.first[line] ?? null, wanted.first[line])}`
  if (got.lines !== wanted.lines) {
    result.different = Math.max(result.different, Math.abs(got.lines - wanted.lines))
    result.first = `${got.lines} lines instead of ${wanted.lines}; ${result.first}`
  }
  return result
}

/** One thread's truth beside one thread's stream. After a gap the stream goes on at the next place of the truth that fits. */
class ThreadTruth {
  at = 0
  matched = 0
  skipped = 0
  wrong = 0
  first = ''
  #gap = false
  #waiting = []

  constructor(ips) {
    this.ips = ips
  }

  gap() {
    this.#settle()
    this.#gap = true
  }

  next(ip) {
    if (this.#gap) {
      this.#waiting.push(ip)
      if (this.#waiting.length === 4000) this.#settle()
    } else this.#match(ip)
  }

  finish() {
    this.#settle()
    this.skipped += this.ips.length - this.at
  }

  #match(ip) {
    if (this.ips[this.at] === ip) {
      this.at++
      this.matched++
      return
    }
    this.wrong++
    this.first ||= `instruction ${this.at + 1}: ${ip}, truth ${this.ips[this.at] ?? 'ended'}`
    const again = this.ips.indexOf(ip, this.at)
    if (again >= 0 && again - this.at < WINDOW) this.at = again + 1
  }

  /** Places what came since the last gap where most of it fits. */
  #settle() {
    if (!this.#gap) return
    const waiting = this.#waiting
    this.#gap = false
    this.#waiting = []
    if (!waiting.length) return
    let best = this.at
    let length = 0
    for (let start = this.at; start < this.ips.length && length < waiting.length; start++) {
      let k = 0
      while (k < waiting.length && this.ips[start + k] === waiting[k]) k++
      if (k > length) [best, length] = [start, k]
    }
    this.skipped += best - this.at
    this.at = best
    for (const ip of waiting) this.#match(ip)
  }
}

/** Holds "TID IP" lines (and error lines: perf's, or "! TID") against the truth's lines of the same form. */
export async function compareTruth(lines, truthLines) {
  const threads = new Map()
  for (const line of truthLines) {
    const [tid, ip] = line.split(' ')
    if (!threads.has(tid)) threads.set(tid, [])
    threads.get(tid).push(ip)
  }
  for (const [tid, ips] of threads) threads.set(tid, new ThreadTruth(ips))
  const result = { compared: 0, different: 0, first: '', skipped: 0, gaps: 0, matched: 0 }
  await lines.each((line) => {
    const match = /^\s*(\d+)\s+([0-9a-f]+)\s*$/.exec(line)
    if (match) {
      result.compared++
      const thread = threads.get(match[1])
      if (thread) return thread.next(match[2])
      result.different++
      result.first ||= `thread ${match[1]} is not in the truth`
    } else if (line.startsWith('!') || line.includes('error')) {
      result.gaps++
      const tid = /(?:tid|!) (\d+)/.exec(line)?.[1]
      if (threads.has(tid)) threads.get(tid).gap()
      else for (const thread of threads.values()) thread.gap()
    }
  })
  for (const [tid, thread] of threads) {
    thread.finish()
    result.matched += thread.matched
    result.different += thread.wrong
    result.skipped += thread.skipped
    if (thread.first) result.first ||= `thread ${tid}, ${thread.first}`
  }
  return result
}
