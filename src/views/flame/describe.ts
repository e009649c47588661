// SPDX-License-Identifier: Apache-2.0
// What is said about one node of the flame graph: as facts for the tooltip and
// as one sentence for screen readers.
import { amountsOf, type CallTree, type SampledEvent, type SampleUnit, type TreeWeight } from '../../model/call-tree'
import type { Fact } from '../../widgets/Facts'
import { countText, durationText, shareText } from '../../widgets/number-text'

const weightNames: Record<TreeWeight, string> = { time: 'time', cycles: 'cycles', instructions: 'instructions', samples: 'samples', events: 'events' }
const unitNames: Record<SampleUnit, string> = { ns: 'time', cycles: 'cycles', instructions: 'instructions', events: 'events' }

/** In a sentence: what an event counts has its own name. */
export const weightName = (weight: TreeWeight, event: SampledEvent | null = null): string =>
  weight === 'events' && event ? unitNames[event.unit] : weightNames[weight]

const amountText = ({ event }: CallTree, weight: TreeWeight, amount: number) =>
  weight === 'time' || (weight === 'events' && event?.unit === 'ns') ? durationText(amount) : countText(amount)

export const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Instructions per cycle below a node; NaN without cycles. */
function ipc(tree: CallTree, node: number): number {
  const cycles = tree.total.cycles[node] ?? 0
  return tree.hasCycles && cycles > 0 ? (tree.total.instructions[node] ?? 0) / cycles : NaN
}

export function shareOfAll(tree: CallTree, node: number): number {
  const total = amountsOf(tree.total, tree.weight)
  return (total[node] ?? 0) / (total[0] ?? 0)
}

function amountFact(tree: CallTree, node: number, weight: TreeWeight, name: string): Fact {
  const total = amountsOf(tree.total, weight)[node] ?? 0
  const self = amountsOf(tree.self, weight)[node] ?? 0
  const all = amountsOf(tree.total, weight)[0] ?? 0
  return { name, value: amountText(tree, weight, total), note: `${shareText(total / all)} of all, self ${amountText(tree, weight, self)}` }
}

export function factsOf(tree: CallTree, node: number): Fact[] {
  if (tree.event) {
    const samples = amountFact(tree, node, 'samples', 'Samples')
    return tree.weight === 'samples' ? [samples] : [amountFact(tree, node, 'events', capitalized(weightName('events', tree.event))), samples]
  }
  const facts = [amountFact(tree, node, 'time', 'Time'), amountFact(tree, node, 'instructions', 'Instructions')]
  if (tree.hasCycles) {
    facts.push(amountFact(tree, node, 'cycles', 'Cycles'))
    facts.push({ name: 'IPC', value: ipc(tree, node).toFixed(2) })
  }
  if ((tree.calls[node] ?? 0) > 0) facts.push({ name: 'Calls', value: countText(tree.calls[node] ?? 0) })
  return facts
}

export function sentenceOf(tree: CallTree, node: number, name: string): string {
  const total = amountsOf(tree.total, tree.weight)[node] ?? 0
  const self = amountsOf(tree.self, tree.weight)[node] ?? 0
  const calls = tree.calls[node] ?? 0
  const parts = [
    name,
    `${shareText(shareOfAll(tree, node))} of ${weightName(tree.weight, tree.event)}`,
    `total ${amountText(tree, tree.weight, total)}`,
    `self ${amountText(tree, tree.weight, self)}`,
  ]
  if (calls > 0 && !tree.event) parts.push(`${countText(calls)} ${calls === 1 ? 'call' : 'calls'}`)
  return parts.join(', ')
}
