// SPDX-License-Identifier: Apache-2.0
// What the files view says: facts, binaries in order of what they cost, shell
// lines that fetch the missing ones, gaps by reason. Pure; no React.
import { secondsText } from '../../lib/exact-text'
import { textAt } from '../../lib/text-column'
import type { GapsTable, ImagesTable, InfoTable } from '../../model/tables.gen'
import { bytesText, countText, timeText } from '../../widgets/number-text'

export type FactLine = { key: string; label: string; value: string }

const isNumber = (text: string) => /^\d+$/.test(text)

/** Plain numbers get the unit that their key promises; other values are made for people already. */
function factValue(key: string, value: string): string {
  if (!isNumber(value)) return key === 'cycles' && value === 'yes' ? 'measured' : value
  if (key === 'duration_ns') return timeText(Number(value))
  if (key.endsWith('_ns')) return `${secondsText(BigInt(value))} s`
  if (key.endsWith('bytes')) return bytesText(Number(value))
  return countText(Number(value))
}

/** Names that only `ptarmigan script` prints with. */
const forScript: ReadonlySet<string> = new Set(['branches_name', 'instructions_name', 'event_width'])

/** Facts for people, in the engine's order; warnings apart. */
export function factsOf(info: InfoTable): { facts: FactLine[]; warnings: string[] } {
  const facts: FactLine[] = []
  const warnings: string[] = []
  for (let row = 0; row < info.rows; row++) {
    const key = textAt(info.key, row)
    const value = textAt(info.value, row)
    if (key === 'warning') warnings.push(value)
    else if (value !== '' && !forScript.has(key)) facts.push({ key, label: textAt(info.label, row) || key, value: factValue(key, value) })
  }
  return { facts, warnings }
}

export type ImageState = 'loaded' | 'missing' | 'mismatched' | 'unneeded' | 'nothing'

/** `unneeded`: not given, but no gap is for want of it, and no sample without a name. `nothing`: there is no file to give. */
export function imageState(images: ImagesTable, row: number): ImageState {
  const status = images.status[row]
  if (status === 1) return 'loaded'
  if (status === 2) return 'mismatched'
  if (images.anonymous[row] === 1) return 'nothing'
  const costs = (images.lost_bytes[row] ?? 0) > 0 || (images.gaps[row] ?? 0) > 0 || (images.samples[row] ?? 0) > 0
  return costs ? 'missing' : 'unneeded'
}

/** What perf calls the kernel of a virtual machine. */
const guestKernel = /^\[guest\.kernel/

/** Whose a binary is that a virtual machine ran; empty: the traced machine's. */
export function guestMark(images: ImagesTable, row: number): string {
  const machine = images.machine[row] ?? 0
  if (machine !== 0) return `guest of ${machine}`
  return guestKernel.test(textAt(images.path, row)) ? 'guest' : ''
}

export const guestHint = (machine: number): string =>
  machine === 0 ? 'A virtual machine ran it: what the host’s recording says of its guests’ kernel' : `Process ${machine} of the host runs the virtual machine that ran it`

const stateOrder: Record<ImageState, number> = { mismatched: 0, missing: 1, loaded: 2, nothing: 3, unneeded: 4 }

/** Rows of images: what needs the reader first, then by what was executed. */
export function imageRows(images: ImagesTable): number[] {
  const rows = Array.from({ length: Math.max(0, images.rows - 1) }, (_, index) => index + 1)
  return rows.sort(
    (a, b) =>
      stateOrder[imageState(images, a)] - stateOrder[imageState(images, b)] ||
      (images.lost_bytes[b] ?? 0) - (images.lost_bytes[a] ?? 0) ||
      (images.instructions[b] ?? 0) - (images.instructions[a] ?? 0) ||
      (images.samples[b] ?? 0) - (images.samples[a] ?? 0) ||
      a - b,
  )
}

export type ImageSummary = { loaded: number; wanted: number; missing: number; mismatched: number; lost_bytes: number }

export function summarise(images: ImagesTable): ImageSummary {
  const summary = { loaded: 0, wanted: 0, missing: 0, mismatched: 0, lost_bytes: 0 }
  for (let row = 1; row < images.rows; row++) {
    const state = imageState(images, row)
    summary.lost_bytes += images.lost_bytes[row] ?? 0
    if (state === 'nothing' || state === 'unneeded') continue
    summary.wanted++
    if (state === 'loaded') summary.loaded++
    if (state === 'missing') summary.missing++
    if (state === 'mismatched') summary.mismatched++
  }
  return summary
}

/** Paths of files that would help, those that cost most first: of the traced machine (`of` 0), or of the guest that a process runs. */
export function helpfulPaths(images: ImagesTable, of = 0): string[] {
  return imageRows(images)
    .filter((row) => (images.machine[row] ?? 0) === of && images.anonymous[row] !== 1 && ['missing', 'mismatched'].includes(imageState(images, row)))
    .map((row) => textAt(images.path, row))
    .filter((path) => path.startsWith('/'))
}

/** One word of a POSIX shell line. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** Lines that copy the files, with their paths, into ./binaries here: from another machine, and from this one. */
export function collectLines(paths: readonly string[], hostname: string): { remote: string; local: string } {
  const words = paths.map((path) => shellWord(path.slice(1))).join(' ')
  const pack = `tar -C / -chf - ${words}`
  const unpack = 'tar -C binaries -xf -'
  const host = shellWord(hostname === '' ? 'TRACED_HOST' : hostname)
  const quoted = shellWord(pack)
  return { remote: `mkdir -p binaries && ssh ${host} ${quoted} | ${unpack}`, local: `mkdir -p binaries && ${pack} | ${unpack}` }
}

/** Of a guest that lacks files: the line that brings them into the form that is taken here and by --guestmount (empty: none), and whether code of its kernel is missing. */
export type GuestWish = { of: number; line: string; kernel: boolean }

export function guestWishes(images: ImagesTable): GuestWish[] {
  const machines = [...new Set(images.machine)].filter((of) => of !== 0).toSorted((a, b) => a - b)
  return machines.flatMap((of) => {
    const kernel = imageRows(images).some((row) => images.machine[row] === of && guestKernel.test(textAt(images.path, row)) && images.status[row] !== 1 && (images.gaps[row] ?? 0) > 0)
    const paths = helpfulPaths(images, of)
    const folder = `guests/${of}`
    const pack = `tar -C / -chf - ${paths.map((path) => shellWord(path.slice(1))).join(' ')}`
    const line = paths.length === 0 ? '' : `mkdir -p ${folder} && ssh GUEST ${shellWord(pack)} | tar -C ${folder} -xf -`
    return kernel || line !== '' ? [{ of, line, kernel }] : []
  })
}

/** enum ptm_gap_reason in words, by value. */
const reasonWords = [
  'Unknown',
  'Overflow in the processor',
  'perf could not keep up',
  'Hole in the recording',
  'Binary missing',
  'Binary does not match',
  'Damaged packet',
  'No point to begin at',
  'Tracing was off',
  'Endless loop',
  'Between samples',
  'Code of a virtual machine',
]

/** enum ptm_gap_reason */
export const GUEST_CODE = 11

export const reasonWord = (reason: number): string => reasonWords[reason] ?? 'Unknown'

export type GapGroup = {
  reason: number
  lost: boolean
  count: number
  bytes: number
  ns: number
  /** Row of the gap that costs most, and its sentence. */
  worst: number
  sentence: string
}

/** Gaps by reason: lost trace first, the most bytes first. */
export function gapGroups(gaps: GapsTable): GapGroup[] {
  const groups = new Map<number, GapGroup>()
  for (let row = 0; row < gaps.rows; row++) {
    const reason = gaps.reason[row] ?? 0
    const group = groups.get(reason) ?? { reason, lost: gaps.lost[row] === 1, count: 0, bytes: 0, ns: 0, worst: row, sentence: '' }
    group.count++
    group.bytes += gaps.bytes[row] ?? 0
    group.ns += gaps.missing_ns[row] ?? 0
    if (costsMore(gaps, row, group.worst)) group.worst = row
    groups.set(reason, group)
  }
  for (const group of groups.values()) group.sentence = textAt(gaps.text, group.worst)
  return [...groups.values()].sort((a, b) => Number(b.lost) - Number(a.lost) || b.bytes - a.bytes || b.ns - a.ns)
}

function costsMore(gaps: GapsTable, row: number, than: number): boolean {
  const bytes = (gaps.bytes[row] ?? 0) - (gaps.bytes[than] ?? 0)
  if (bytes !== 0) return bytes > 0
  return (gaps.missing_ns[row] ?? 0) > (gaps.missing_ns[than] ?? 0)
}

/** First digits of a build-id: enough to tell two apart by eye. */
export const shortBuildId = (hex: string): string => (hex.length > 12 ? `${hex.slice(0, 12)}…` : hex)
