// SPDX-License-Identifier: Apache-2.0
// What is said about one node of the flame graph: as facts for the tooltip and
// as one sentence for screen readers.
import { amountsOf, type CallTree } from '../../model/call-tree'
import type { Weight } from '../../model/view-state'
import type { Fact } from '../../widgets/Facts'
import { countText, durationText, shareText } from '../../widgets/number-text'

export const weightName: Record<Weight, string> = { time: 'time', cycles: 'cycles', instructions: 'instructions' }

const amountText = (weight: Weight, amount: number) => (weight === 'time' ? durationText(amount) : countText(amount))

/** Instructions per cycle below a node; NaN without cycles. */
function ipc(tree: CallTree, node: number): number {
  const cycles = tree.total.cycles[node] ?? 0
  return tree.hasCycles && cycles > 0 ? (tree.total.instructions[node] ?? 0) / cycles : NaN
}

export function shareOfAll(tree: CallTree, node: number): number {
  const total = amountsOf(tree.total, tree.weight)
  return (total[node] ?? 0) / (total[0] ?? 0)
}

function amountFact(tree: CallTree, node: number, weight: Weight, name: string): Fact {
  const total = amountsOf(tree.total, weight)[node] ?? 0
  const self = amountsOf(tree.self, weight)[node] ?? 0
  const all = amountsOf(tree.total, weight)[0] ?? 0
  return { name, value: amountText(weight, total), note: `${shareText(total / all)} of all, self ${amountText(weight, self)}` }
}

export function factsOf(tree: CallTree, node: number): Fact[] {
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
    `${shareText(shareOfAll(tree, node))} of ${weightName[tree.weight]}`,
    `total ${amountText(tree.weight, total)}`,
    `self ${amountText(tree.weight, self)}`,
  ]
  if (calls > 0) parts.push(`${countText(calls)} ${calls === 1 ? 'call' : 'calls'}`)
  return parts.join(', ')
}
