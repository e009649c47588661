// SPDX-License-Identifier: Apache-2.0
// The call tree as views walk it: rows of the call_tree table joined by path of
// functions, over all threads or below one node per thread, with totals.
import { textAt } from '../lib/text-column'
import type { CallTreeTable, SampleEventsTable } from './tables.gen'
import { ALL } from './tables.gen'
import type { Weight } from './view-state'

/** Amounts of one kind, one number a node. `samples`, and `events` that those of one event counted: of a file of samples alone. */
export type Amounts = { ns: Float64Array; instructions: Float64Array; cycles: Float64Array; samples: Float64Array; events: Float64Array }

/** What a tree is drawn by: as views agree on, or, of a file of samples, by what their event counted, or by their number. */
export type TreeWeight = Weight | 'events' | 'samples'

/** What the samples of a tree are of: an event, and what it counts. */
export type SampledEvent = { name: string; unit: SampleUnit }
export type SampleUnit = 'events' | 'ns' | 'cycles' | 'instructions'

/** By column `unit` of the sample_events table. */
const units: readonly SampleUnit[] = ['events', 'ns', 'cycles', 'instructions']

export const sampledEvents = (table: SampleEventsTable | null): SampledEvent[] =>
  table === null ? [] : Array.from({ length: table.rows }, (_, row) => ({ name: textAt(table.name, row), unit: units[table.unit[row] ?? 0] ?? 'events' }))

/** Columns by node. Node 0 is everything; parents come before children. Children of
 * node i are children[childStart[i] .. childStart[i + 1]), the heaviest first. */
export type CallTree = {
  count: number
  weight: TreeWeight
  /** Calls were not followed: they are samples of this event. */
  event: SampledEvent | null
  parent: Int32Array
  depth: Uint32Array
  /** Row of functions; ALL for node 0 and for threads. */
  function: Uint32Array
  /** Row of threads for a thread's own node, else ALL. */
  thread: Uint32Array
  calls: Float64Array
  self: Amounts
  total: Amounts
  children: Uint32Array
  childStart: Uint32Array
  /** False when no row carries cycles. */
  hasCycles: boolean
}

export type CallTreeOptions = { weight: TreeWeight; byThread: boolean; event?: SampledEvent | null }

const UNKNOWN_FUNCTION = 0
// Keys join a parent and a function in one exact number: below 2^53.
const MOST_FUNCTIONS = 2 ** 26

export function amountsOf(amounts: Amounts, weight: TreeWeight): Float64Array {
  switch (weight) {
    case 'time':
      return amounts.ns
    case 'cycles':
      return amounts.cycles
    case 'instructions':
      return amounts.instructions
    case 'events':
      return amounts.events
    case 'samples':
      return amounts.samples
  }
}

const amounts = (count: number): Amounts => ({
  ns: new Float64Array(count),
  instructions: new Float64Array(count),
  cycles: new Float64Array(count),
  samples: new Float64Array(count),
  events: new Float64Array(count),
})

type Shape = { parent: number[]; function: number[]; thread: number[]; nodeOfRow: Int32Array }

/** Gives every row its node. A root that is the unknown base of a thread is no call of its own: it is node 0, or its thread's. */
function shapeOf(rows: CallTreeTable, byThread: boolean): Shape {
  const shape: Shape = { parent: [-1], function: [ALL], thread: [ALL], nodeOfRow: new Int32Array(rows.rows) }
  const known = new Map<number, number>()
  const node = (parent: number, fn: number, thread: number): number => {
    const key = parent * MOST_FUNCTIONS * 2 + (thread === ALL ? fn : MOST_FUNCTIONS + thread)
    const old = known.get(key)
    if (old !== undefined) return old
    const made = shape.parent.length
    shape.parent.push(parent)
    shape.function.push(fn)
    shape.thread.push(thread)
    known.set(key, made)
    return made
  }
  for (let row = 0; row < rows.rows; row++) {
    const parentRow = rows.parent[row] ?? ALL
    const fn = rows.function[row] ?? UNKNOWN_FUNCTION
    const isRoot = parentRow >= row
    const base = byThread && isRoot ? node(0, ALL, rows.thread[row] ?? 0) : 0
    const parent = isRoot ? base : (shape.nodeOfRow[parentRow] ?? 0)
    shape.nodeOfRow[row] = isRoot && fn === UNKNOWN_FUNCTION ? base : node(parent, fn, ALL)
  }
  return shape
}

const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : 0)

function addUp(column: Float64Array, parent: Int32Array): Float64Array {
  const total = column.slice()
  for (let node = total.length - 1; node > 0; node--) {
    const above = parent[node] ?? 0
    total[above] = (total[above] ?? 0) + (total[node] ?? 0)
  }
  return total
}

function childrenOf(parent: Int32Array, total: Float64Array): { children: Uint32Array; childStart: Uint32Array } {
  const count = parent.length
  const childStart = new Uint32Array(count + 1)
  for (let node = 1; node < count; node++) {
    const slot = (parent[node] ?? 0) + 1
    childStart[slot] = (childStart[slot] ?? 0) + 1
  }
  for (let node = 0; node < count; node++) childStart[node + 1] = (childStart[node + 1] ?? 0) + (childStart[node] ?? 0)
  const next = childStart.slice()
  const children = new Uint32Array(Math.max(0, count - 1))
  for (let node = 1; node < count; node++) {
    const above = parent[node] ?? 0
    const slot = next[above] ?? 0
    children[slot] = node
    next[above] = slot + 1
  }
  for (let node = 0; node < count; node++)
    children.subarray(childStart[node], childStart[node + 1]).sort((a, b) => (total[b] ?? 0) - (total[a] ?? 0) || a - b)
  return { children, childStart }
}

export function buildCallTree(rows: CallTreeTable, { weight, byThread, event = null }: CallTreeOptions): CallTree {
  const shape = shapeOf(rows, byThread)
  const count = shape.parent.length
  const parent = Int32Array.from(shape.parent)
  const depth = new Uint32Array(count)
  for (let node = 1; node < count; node++) depth[node] = (depth[parent[node] ?? 0] ?? 0) + 1
  const calls = new Float64Array(count)
  const self = amounts(count)
  let hasCycles = false
  for (let row = 0; row < rows.rows; row++) {
    const node = shape.nodeOfRow[row] ?? 0
    calls[node] = (calls[node] ?? 0) + finite(rows.calls[row])
    self.ns[node] = (self.ns[node] ?? 0) + finite(rows.self_ns[row])
    self.instructions[node] = (self.instructions[node] ?? 0) + finite(rows.self_instructions[row])
    self.cycles[node] = (self.cycles[node] ?? 0) + finite(rows.self_cycles[row])
    self.samples[node] = (self.samples[node] ?? 0) + finite(rows.self_samples[row])
    self.events[node] = (self.events[node] ?? 0) + finite(rows.self_events[row])
    hasCycles ||= Number.isFinite(rows.self_cycles[row])
  }
  const total: Amounts = {
    ns: addUp(self.ns, parent),
    instructions: addUp(self.instructions, parent),
    cycles: addUp(self.cycles, parent),
    samples: addUp(self.samples, parent),
    events: addUp(self.events, parent),
  }
  return {
    count,
    weight,
    event,
    parent,
    depth,
    function: Uint32Array.from(shape.function),
    thread: Uint32Array.from(shape.thread),
    calls,
    self,
    total,
    ...childrenOf(parent, amountsOf(total, weight)),
    hasCycles,
  }
}

/** What a link remembers of one step: a function's row, or -1 - row for a thread. */
const stepOf = (tree: CallTree, node: number): number => {
  const thread = tree.thread[node] ?? ALL
  return thread === ALL ? (tree.function[node] ?? 0) : -1 - thread
}

/** Steps from the root to a node; empty for the root. */
export function pathOf(tree: CallTree, node: number): number[] {
  const path: number[] = []
  for (let at = node; at > 0; at = tree.parent[at] ?? 0) path.push(stepOf(tree, at))
  return path.reverse()
}

/** The node a path leads to; where the path is not in this tree, as far as it goes. */
export function nodeAt(tree: CallTree, path: readonly number[]): number {
  let node = 0
  for (const step of path) {
    const next = tree.children.subarray(tree.childStart[node], tree.childStart[node + 1]).find((child) => stepOf(tree, child) === step)
    if (next === undefined) return node
    node = next
  }
  return node
}

/** Weight below (and with) the outermost nodes whose function is found: nothing is counted twice. */
export function matchedWeight(tree: CallTree, found: Uint8Array): number {
  const total = amountsOf(tree.total, tree.weight)
  const within = new Uint8Array(tree.count)
  let sum = 0
  for (let node = 1; node < tree.count; node++) {
    const inside = within[tree.parent[node] ?? 0] === 1
    const match = found[tree.function[node] ?? ALL] === 1
    if (inside || match) within[node] = 1
    if (match && !inside) sum += total[node] ?? 0
  }
  return sum
}
