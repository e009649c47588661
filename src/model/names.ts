// SPDX-License-Identifier: Apache-2.0
// What threads, functions and images are called on screen, and the facts of the
// info table by key. One wording for all views.
import { shownName } from '../lib/shown-name'
import { textAt } from '../lib/text-column'
import type { Tables } from './tables.gen'

type Functions = Tables['functions']
type Images = Tables['images']

/** First value of a key of the info table; '' when it is not there. */
export function infoValue(info: Tables['info'] | null, key: string): string {
  return infoValues(info, key)[0] ?? ''
}

/** All values of a key that may repeat. */
export function infoValues(info: Tables['info'] | null, key: string): string[] {
  const values: string[] = []
  for (let row = 0; info && row < info.rows; row++) if (textAt(info.key, row) === key) values.push(textAt(info.value, row))
  return values
}

/** Length of the trace in ns; 0 when it is not known. */
export function traceDuration(info: Tables['info'] | null): number {
  const duration = Number.parseFloat(infoValue(info, 'duration_ns'))
  return Number.isFinite(duration) && duration > 0 ? duration : 0
}

/** Why there are no cycles; '' when there are. */
export function whyNoCycles(info: Tables['info'] | null): string {
  const cycles = infoValue(info, 'cycles')
  return cycles === 'yes' ? '' : cycles || 'This trace has no CYC packets: record with intel_pt/cyc/ to see cycles.'
}

/** Why no code can be followed, in a file of samples; '' when it can. */
export const whyNoPath = (info: Tables['info'] | null): string => infoValue(info, 'no_path')

/** Last name of a thread. */
export function threadName(threads: Tables['threads'] | null, row: number): string {
  if (!threads || row >= threads.rows) return `thread ${row}`
  return row === 0 ? 'unknown thread' : textAt(threads.comm, row) || '(no name)'
}

/** "1204/1206": process and thread; '' for the unknown thread. */
export function threadIds(threads: Tables['threads'] | null, row: number): string {
  return !threads || row === 0 || row >= threads.rows ? '' : `${threads.pid[row] ?? -1}/${threads.tid[row] ?? -1}`
}

/** "guest 77", by the process that runs it, of a guest's thread: numbers of guests and of their host may be the same. */
export function threadGuest(threads: Tables['threads'] | null, row: number): string {
  const guest = threads?.machine[row] ?? 0
  return guest === 0 ? '' : `guest ${guest}`
}

/** "1204/1206", or "501/501 (guest 77)". */
export function threadNumbers(threads: Tables['threads'] | null, row: number): string {
  const guest = threadGuest(threads, row)
  return guest === '' ? threadIds(threads, row) : `${threadIds(threads, row)} (${guest})`
}

/** "matcher 1204/1206": name, process, thread, and whose guest's it is. */
export function threadLabel(threads: Tables['threads'] | null, row: number): string {
  return `${threadName(threads, row)} ${threadNumbers(threads, row)}`.trimEnd()
}

/** Rows of threads that have any trace, in the order of the table. */
export function tracedThreads(threads: Tables['threads'] | null): number[] {
  const rows: number[] = []
  for (let row = 0; threads && row < threads.rows; row++)
    if ((threads.instructions[row] ?? 0) > 0 || (row > 0 && !Number.isNaN(threads.start_ns[row] ?? NaN))) rows.push(row)
  return rows
}

/** Rows of threads that a timeline has something of: trace, also where none of it could be decoded, or samples. */
export function threadsInTime(threads: Tables['threads'] | null): number[] {
  const traced = new Set(tracedThreads(threads))
  const rows: number[] = []
  for (let row = 0; threads && row < threads.rows; row++) if (traced.has(row) || (threads.samples[row] ?? 0) > 0 || (row > 0 && (threads.gaps[row] ?? 0) > 0)) rows.push(row)
  return rows
}

const fileName = (path: string) => path.slice(path.lastIndexOf('/') + 1) || path

/** Path of the image a function is in; '' when unknown. */
export function imagePath(functions: Functions | null, images: Images | null, row: number): string {
  const image = functions?.image[row] ?? 0
  return images && image > 0 ? textAt(images.path, image) : ''
}

function namelessCode(functions: Functions, images: Images | null, row: number): string {
  const path = imagePath(functions, images, row)
  if (row === 0 || path === '') return '[unknown]'
  // Address 0: all code of the binary that no symbol names. A kernel's name has brackets of its own.
  const address = functions.address[row] ?? 0n
  const file = fileName(path).replace(/^\[(.*)\]$/, '$1')
  return address === 0n ? `[${file}]` : `[${file}+0x${address.toString(16)}]`
}

// Tables are read-only, so what was decoded once holds as long as the table does.
type Names = { images: Images | null; texts: (string | undefined)[]; symbols: Map<number, string> }
const names = new WeakMap<Functions, Names>()

function namesOf(functions: Functions, images: Images | null): Names {
  let known = names.get(functions)
  if (!known || known.images !== images) {
    known = { images, texts: [], symbols: new Map() }
    names.set(functions, known)
  }
  return known
}

function makeFunctionName(known: Names, functions: Functions, row: number): string {
  const symbol = textAt(functions.name, row)
  if (symbol === '') return namelessCode(functions, known.images, row)
  const name = shownName(symbol)
  if (name !== symbol) known.symbols.set(row, symbol)
  return name
}

/** Name of a function, demangled; nameless code is called by its binary and address. */
export function functionName(functions: Functions | null, images: Images | null, row: number): string {
  if (!functions || row >= functions.rows) return '[unknown]'
  const known = namesOf(functions, images)
  return (known.texts[row] ??= makeFunctionName(known, functions, row))
}

/** Name in the symbol table of a function that is shown by another; '' where it is shown as it is. */
export function symbolName(functions: Functions | null, images: Images | null, row: number): string {
  if (!functions || row >= functions.rows) return ''
  functionName(functions, images, row)
  return namesOf(functions, images).symbols.get(row) ?? ''
}

const MOST_IMAGES_BY_SCOPE = 3

/** Number for a text, the same every time (FNV-1a). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** Class or namespace of a name; the name itself when it has none. */
function scopeOf(name: string): string {
  const bare = name.replace(/[(<].*$/, '')
  const end = bare.lastIndexOf('::')
  return end > 0 ? bare.slice(0, end) : bare
}

const groups = new WeakMap<Functions, { byScope: boolean; numbers: (number | undefined)[] }>()

/** Functions of one group have one hue: those of a binary, or, where there are few
 * binaries, those of a class. -1 for code that is not known. */
export function colorGroup(functions: Functions | null, row: number): number {
  const image = functions?.image[row] ?? 0
  if (!functions || row === 0 || image === 0) return -1
  let known = groups.get(functions)
  if (!known) {
    known = { byScope: new Set(functions.image).size <= MOST_IMAGES_BY_SCOPE, numbers: [] }
    groups.set(functions, known)
  }
  if (!known.byScope) return image - 1
  return (known.numbers[row] ??= hashOf(scopeOf(textAt(functions.name, row))))
}

const shades = new WeakMap<Functions, number[]>()

/** Number for the shade of a function within its group's hue: by name and address, because rows are in the order of discovery, which may differ from one time to the next. */
export function colorShade(functions: Functions | null, row: number): number {
  if (!functions) return 0
  let known = shades.get(functions)
  if (!known) {
    known = []
    shades.set(functions, known)
  }
  return (known[row] ??= hashOf(`${textAt(functions.name, row)} ${functions.address[row] ?? 0}`))
}
