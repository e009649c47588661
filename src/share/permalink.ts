// SPDX-License-Identifier: Apache-2.0
// What the part of an address behind # says: which trace, and the whole view of
// it. Names instead of row numbers, so that a link outlives a build; keys that
// this build does not know are kept and handed on.
//
//   v=1               version of this grammar
//   trace, elf        addresses to open (elf may repeat)
//   share             a share of the page's server, and its secret (link.ts)
//   bundle            a very small bundle itself (bundle-link.ts)
//   file, size, print the trace a view is of: name, bytes, fingerprint
//   tab thread range weight search at packet block flame flame-at
//   moment            the instruction, in a bundle of a part
//   zoom folded call top packet-top                     the lists and the timeline on screen
//   blocks.order instructions.columns …                 settings of single views
//
// A thread is pid.tid; times are ns of perf's clock (zoom and call: ps), so that
// they hold in a bundle of a part as well.
import { detailKeys, type Tab, type ViewState, type Weight } from '../model/view-state'

export const LINK_VERSION = 1

export type ThreadName = { pid: number; tid: number }
export type TraceIdentity = { name: string; size: number; print: string }

/** Absolute times of perf's clock. */
export type Times = { start: bigint; end: bigint }

export type LinkedView = {
  tab: Tab | null
  thread: ThreadName | null
  /** In ns. */
  range: Times | null
  weight: Weight | null
  search: string
  instruction: { thread: ThreadName; ordinal: number } | null
  packet: { queue: number; offset: number } | null
  block: bigint | null
  /** Names of functions from the root to the zoomed flame. */
  flame: string[]
  /** The same of the box that is selected. */
  flameAt: string[]
  /** In ps: the timeline shows fractions of ns. */
  zoom: Times | null
  folded: ThreadName[]
  /** `start` in ps. */
  call: { thread: ThreadName; start: bigint; depth: number } | null
  top: { thread: ThreadName; ordinal: number } | null
  packetTop: { queue: number; ordinal: number } | null
  /** An instruction as the nth (from 0) of its thread at a time in ps: holds in a bundle of a part, where ordinals are others. */
  moment: { thread: ThreadName; time: bigint; nth: number } | null
  details: ViewState['details']
}

export type Link = {
  version: number
  sources: { trace: string; elf: string[] } | null
  /** "share=…" or "bundle=…", what the trace comes from besides: kept as it is; ''. */
  origin: string
  identity: TraceIdentity | null
  view: LinkedView
  /** Keys of other builds, as they were. */
  others: [string, string][]
}

export const emptyView: LinkedView = {
  tab: null,
  thread: null,
  range: null,
  weight: null,
  search: '',
  instruction: null,
  packet: null,
  block: null,
  flame: [],
  flameAt: [],
  zoom: null,
  folded: [],
  call: null,
  top: null,
  packetTop: null,
  moment: null,
  details: {},
}

const tabs: readonly Tab[] = ['flame', 'timeline', 'instructions', 'blocks', 'packets', 'files']
const weights: readonly Weight[] = ['time', 'cycles', 'instructions']
const viewKeys = ['tab', 'thread', 'range', 'weight', 'search', 'at', 'packet', 'block', 'flame', 'flame-at', 'zoom', 'folded', 'call', 'top', 'packet-top', 'moment']
const known = new Set<string>(['v', 'trace', 'elf', 'share', 'bundle', 'file', 'size', 'print', ...viewKeys, ...detailKeys])
const MOST_CHARACTERS = 2 << 20
const MOST_FRAMES = 4096
const MOST_FOLDED = 4096
const MOST_DETAIL = 4096

const wholeNumber = (text: string | undefined): number | null => {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? value : null
}

function parseThread(text: string): ThreadName | null {
  const match = /^(-?\d{1,10})\.(-?\d{1,10})$/.exec(text)
  return match ? { pid: Number(match[1]), tid: Number(match[2]) } : null
}

function parseRange(text: string): Times | null {
  const match = /^(\d{1,24})-(\d{1,24})$/.exec(text)
  if (!match) return null
  const start = BigInt(match[1] ?? '0')
  const end = BigInt(match[2] ?? '0')
  return start < end ? { start, end } : null
}

/** "pid.tid@ordinal". */
function parsePlace(text: string): { thread: ThreadName; ordinal: number } | null {
  const [pid_tid, ordinalText] = text.split('@')
  const thread = parseThread(pid_tid ?? '')
  const ordinal = wholeNumber(ordinalText)
  return thread && ordinal !== null ? { thread, ordinal } : null
}

/** "queue.number". */
function parsePair(text: string): [number, number] | null {
  const [first, second] = text.split('.')
  const queue = wholeNumber(first)
  const number = wholeNumber(second)
  return queue !== null && number !== null ? [queue, number] : null
}

/** "pid.tid@start.depth". */
function parseCall(text: string): LinkedView['call'] {
  const match = /^([^@]*)@(\d{1,24})\.(\d{1,9})$/.exec(text)
  const thread = parseThread(match?.[1] ?? '')
  return match && thread ? { thread, start: BigInt(match[2] ?? '0'), depth: Number(match[3]) } : null
}

/** "pid.tid@time.nth". */
function parseMoment(text: string): LinkedView['moment'] {
  const call = parseCall(text)
  return call && { thread: call.thread, time: call.start, nth: call.depth }
}

const isThread = (thread: ThreadName | null): thread is ThreadName => thread !== null

function parseDetails(get: (key: string) => string): ViewState['details'] {
  return Object.fromEntries(detailKeys.flatMap((key) => (get(key) === '' ? [] : [[key, get(key).slice(0, MOST_DETAIL)]])))
}

const parseFrames = (text: string): string[] => (text === '' ? [] : text.split('\n', MOST_FRAMES))

function parseView(get: (key: string) => string): LinkedView {
  const packet = parsePair(get('packet'))
  const packetTop = parsePair(get('packet-top'))
  const block = /^[0-9a-f]{1,16}$/.test(get('block')) ? BigInt(`0x${get('block')}`) : null
  return {
    tab: tabs.find((tab) => tab === get('tab')) ?? null,
    thread: parseThread(get('thread')),
    range: parseRange(get('range')),
    weight: weights.find((weight) => weight === get('weight')) ?? null,
    search: get('search'),
    instruction: parsePlace(get('at')),
    packet: packet && { queue: packet[0], offset: packet[1] },
    block,
    flame: parseFrames(get('flame')),
    flameAt: parseFrames(get('flame-at')),
    zoom: parseRange(get('zoom')),
    folded: get('folded').split(',', MOST_FOLDED).map(parseThread).filter(isThread),
    call: parseCall(get('call')),
    top: parsePlace(get('top')),
    packetTop: packetTop && { queue: packetTop[0], ordinal: packetTop[1] },
    moment: parseMoment(get('moment')),
    details: parseDetails(get),
  }
}

function originOf(get: (key: string) => string): string {
  const key = ['share', 'bundle'].find((name) => get(name) !== '')
  return key === undefined ? '' : `${key}=${get(key)}`
}

/** Whether a link says anything of the view, and not only where the trace is. */
export const saysView = ({ view, identity }: Link): boolean => identity !== null || viewParameters(view).size > 0

/** The link in a fragment (with or without #); null: it is none of ours. */
export function parseLink(fragment: string): Link | null {
  const text = fragment.replace(/^#/, '')
  if (text === '' || text.length > MOST_CHARACTERS || !text.includes('=')) return null
  const parameters = new URLSearchParams(text)
  const get = (key: string) => parameters.get(key) ?? ''
  if (![...parameters.keys()].some((key) => known.has(key))) return null
  const size = wholeNumber(get('size'))
  return {
    version: wholeNumber(get('v')) ?? LINK_VERSION,
    sources: get('trace') === '' ? null : { trace: get('trace'), elf: parameters.getAll('elf') },
    origin: originOf(get),
    identity: get('print') !== '' && size !== null ? { name: get('file'), size, print: get('print') } : null,
    view: parseView(get),
    others: [...parameters].filter(([key]) => !known.has(key)),
  }
}

const threadText = ({ pid, tid }: ThreadName): string => `${pid}.${tid}`
const placeText = ({ thread, ordinal }: { thread: ThreadName; ordinal: number }): string => `${threadText(thread)}@${ordinal}`
const timesText = ({ start, end }: Times): string => `${start}-${end}`

/** The view's part alone, as bundles keep it. */
export function viewParameters(view: LinkedView): URLSearchParams {
  const made = new URLSearchParams()
  const put = (key: string, value: string | null) => value !== null && value !== '' && made.set(key, value)
  put('tab', view.tab)
  put('thread', view.thread && threadText(view.thread))
  put('range', view.range && timesText(view.range))
  put('weight', view.weight)
  put('search', view.search)
  put('at', view.instruction && placeText(view.instruction))
  put('packet', view.packet && `${view.packet.queue}.${view.packet.offset}`)
  put('block', view.block === null ? null : view.block.toString(16))
  put('flame', view.flame.join('\n'))
  put('flame-at', view.flameAt.join('\n'))
  put('zoom', view.zoom && timesText(view.zoom))
  put('folded', view.folded.map(threadText).join(','))
  put('call', view.call && `${threadText(view.call.thread)}@${view.call.start}.${view.call.depth}`)
  put('top', view.top && placeText(view.top))
  put('packet-top', view.packetTop && `${view.packetTop.queue}.${view.packetTop.ordinal}`)
  put('moment', view.moment && `${threadText(view.moment.thread)}@${view.moment.time}.${view.moment.nth}`)
  for (const key of detailKeys) put(key, view.details[key] ?? null)
  return made
}

/** The fragment, without #. Slashes and colons stay readable. */
export function formatLink({ sources, origin, identity, view, others }: Omit<Link, 'version'>): string {
  const made = new URLSearchParams(origin)
  made.set('v', String(LINK_VERSION))
  if (sources) {
    made.set('trace', sources.trace)
    for (const elf of sources.elf) made.append('elf', elf)
  }
  if (identity) {
    made.set('file', identity.name)
    made.set('size', String(identity.size))
    made.set('print', identity.print)
  }
  for (const [key, value] of viewParameters(view)) made.append(key, value)
  for (const [key, value] of others) made.append(key, value)
  return made.toString().replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%40', '@')
}

/** Whether going from one to the other is a step that the browser's back button should take back, rather than a pan or a selection. */
export function isNavigation(from: LinkedView, to: LinkedView): boolean {
  const steps = ({ tab, thread, flame }: LinkedView) => viewParameters({ ...emptyView, tab, thread, flame }).toString()
  return steps(from) !== steps(to)
}

const SAMPLES = 16
const SAMPLE_BYTES = 4096

/** A cheap fingerprint of a file: its size and sixteen stretches of it. Tells files apart, proves nothing. */
export async function fingerprint(size: number, read: (offset: number, length: number) => Promise<Uint8Array>): Promise<string> {
  let low = 0x811c9dc5
  let high = size >>> 0
  for (let sample = 0; sample < SAMPLES; sample++) {
    const offset = Math.floor((Math.max(0, size - SAMPLE_BYTES) * sample) / (SAMPLES - 1))
    for (const byte of await read(offset, SAMPLE_BYTES)) {
      low = Math.imul(low ^ byte, 0x01000193)
      high = Math.imul(high ^ byte ^ (low >>> 15), 0x85ebca6b)
    }
  }
  const word = (value: number) => (value >>> 0).toString(16).padStart(8, '0')
  return word(low ^ (high >>> 7)) + word(high)
}
