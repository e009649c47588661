// SPDX-License-Identifier: Apache-2.0
// The few facts of a trace that the frame around the views shows: chips, progress,
// missing binaries. Rows to texts, nothing is drawn.
import type { ImageOutcome, Progress } from '../store'
import { infoValue, threadsInTime, traceDuration } from '../model/names'
import type { Tables } from '../model/tables.gen'
import { textAt } from '../lib/text-column'
import { bytesText, countText, durationText, shareText, shortCount } from '../widgets/number-text'

export type Chip = { id: string; text: string; title: string }

const sum = (column: Float64Array) => column.reduce((total, value) => total + (Number.isFinite(value) ? value : 0), 0)

export function traceChips(info: Tables['info'], threads: Tables['threads'] | null): Chip[] {
  const duration = traceDuration(info)
  const instructions = threads ? sum(threads.instructions) : 0
  const count = threadsInTime(threads).length
  const chips: Chip[] = []
  const source = infoValue(info, 'source')
  if (source) chips.push({ id: 'source', text: source, title: infoValue(info, 'pt_config') || source })
  if (duration > 0) chips.push({ id: 'duration', text: durationText(duration), title: `The trace lasts ${countText(duration)} ns` })
  const samples = threads ? threads.samples.reduce((total, value) => total + value, 0) : 0
  if (instructions === 0 && samples > 0)
    chips.push({ id: 'samples', text: `${shortCount(samples)} samples`, title: `${countText(samples)} ordinary samples` })
  else
    chips.push({
      id: 'instructions',
      text: `${shortCount(instructions)} instructions`,
      title: `${countText(instructions)} instructions decoded`,
    })
  chips.push({ id: 'threads', text: `${count} ${count === 1 ? 'thread' : 'threads'}`, title: 'Threads with trace' })
  return chips
}

/** "Decoding 12.1 of 38.4 MiB, 31%" in parts; share is NaN when the size is unknown. */
export function progressText({ phase, bytesDone, bytesTotal }: Progress): { name: string; detail: string; share: number } {
  const share = bytesTotal > 0 ? bytesDone / bytesTotal : NaN
  const name = phase === 'reading' ? 'Reading' : phase === 'decoding' ? 'Decoding' : phase === 'done' ? 'Decoded' : 'Stopped'
  const detail = bytesTotal > 0 ? `${bytesText(bytesDone)} of ${bytesText(bytesTotal)} · ${shareText(share)}` : bytesText(bytesDone)
  return { name, detail, share }
}

/** What a cancelled decode says of itself. */
export function stoppedSentence(progress: Progress | null): string {
  if (!progress) return 'Stopped: views show what was decoded.'
  if (progress.bytesTotal > 0 && progress.bytesDone >= progress.bytesTotal)
    return 'All is decoded; stopped while it was joined: views show the part that is.'
  return `Stopped at ${progressText(progress).detail}: views show that part.`
}

const LOADED = 1

export type Missing = { count: number; lostBytes: number; share: number; first: string }

/** Binaries that are not there, or not the right ones, and cost something; null when there are none. */
export function missingImages(images: Tables['images'] | null, auxBytes: number): Missing | null {
  let count = 0
  let lostBytes = 0
  let first = ''
  for (let row = 1; images && row < images.rows; row++) {
    const lost = images.lost_bytes[row] ?? 0
    const costs = lost > 0 || (images.gaps[row] ?? 0) > 0
    if (!costs || images.status[row] === LOADED || images.anonymous[row] === 1) continue
    count++
    lostBytes += lost
    first ||= textAt(images.path, row)
  }
  return count === 0 ? null : { count, lostBytes, share: auxBytes > 0 ? lostBytes / auxBytes : NaN, first }
}

export function missingSentence({ count, share, first }: Missing): string {
  const who = count === 1 ? `${first} is missing` : `${count} binaries are missing`
  if (!(share > 0)) return `${who}: parts of the trace could not be decoded.`
  return `${who}: ${shareText(share)} of the trace could not be decoded.`
}

/** One sentence about the files that were offered last; '' when there is nothing to be told: what a folder holds besides is of no interest. */
export function outcomeSummary(outcomes: readonly ImageOutcome[]): string {
  const refused = outcomes.filter(({ state }) => state === 'refused')
  const [first] = refused.length > 0 ? refused : outcomes
  if (!first || (refused.length === 0 && outcomes.some(({ state }) => state === 'used'))) return ''
  if (outcomes.length === 1) return first.sentence
  if (refused.length > 0) return refused.length === 1 ? first.sentence : `${refused.length} files were refused. ${first.sentence}`
  return `None of the ${outcomes.length} files is of use for this trace. ${first.sentence}`
}
