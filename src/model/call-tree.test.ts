// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { callTreeFromText, FUNCTIONS } from '../test-support/call-tree-text'
import { amountsOf, buildCallTree, matchedWeight, nodeAt, pathOf, type CallTree } from './call-tree'
import { ALL } from './tables.gen'

/** The tree as text: name, total and self weight, calls. */
function print(tree: CallTree): string {
  const total = amountsOf(tree.total, tree.weight)
  const self = amountsOf(tree.self, tree.weight)
  const lines: string[] = []
  const visit = (node: number) => {
    const thread = tree.thread[node] ?? ALL
    const name = thread !== ALL ? `thread ${thread}` : node === 0 ? 'all' : FUNCTIONS[tree.function[node] ?? 0]
    lines.push(`${'  '.repeat(tree.depth[node] ?? 0)}${name} ${total[node]} ${self[node]} x${tree.calls[node]}`)
    tree.children.subarray(tree.childStart[node], tree.childStart[node + 1]).forEach(visit)
  }
  visit(0)
  return lines.join('\n')
}

const rows = callTreeFromText(`
thread 1
  main self=5 instr=50 cycles=10 calls=1
    parse self=10 instr=10 cycles=2 calls=4
      alloc self=3 instr=9 cycles=3 calls=4
    match self=40 instr=4 cycles=30 calls=2
thread 2
  main self=1 instr=10 cycles=2 calls=1
    match self=20 instr=2 cycles=15 calls=3
      alloc self=6 instr=60 cycles=6 calls=1
`)

test('threads are merged by path of functions, the heaviest child first', () => {
  expect(print(buildCallTree(rows, { weight: 'time', byThread: false }))).toBe(
    `
all 85 0 x0
  main 85 6 x2
    match 66 60 x5
      alloc 6 6 x1
    parse 13 10 x4
      alloc 3 3 x4`.trim(),
  )
})

test('threads can be kept apart, and the weight be another one', () => {
  expect(print(buildCallTree(rows, { weight: 'instructions', byThread: true }))).toBe(
    `
all 145 0 x0
  thread 1 73 0 x0
    main 73 50 x1
      parse 19 10 x4
        alloc 9 9 x4
      match 4 4 x2
  thread 2 72 0 x0
    main 72 10 x1
      match 62 2 x3
        alloc 60 60 x1`.trim(),
  )
})

test('without CYC packets there are no cycles', () => {
  const without = callTreeFromText(`
thread 1
  main self=5 instr=50 calls=1`)
  expect(buildCallTree(without, { weight: 'time', byThread: false }).hasCycles).toBe(false)
  expect(buildCallTree(rows, { weight: 'time', byThread: false }).hasCycles).toBe(true)
})

test('a path leads back to its node, and as far as it exists', () => {
  const tree = buildCallTree(rows, { weight: 'time', byThread: true })
  for (let node = 0; node < tree.count; node++) expect(nodeAt(tree, pathOf(tree, node))).toBe(node)
  const main = nodeAt(tree, [-2, FUNCTIONS.indexOf('main')])
  expect(nodeAt(tree, [-2, FUNCTIONS.indexOf('main'), 999])).toBe(main)
  expect(nodeAt(tree, [999])).toBe(0)
})

test('weight of a match is counted once, however deep it matches again', () => {
  const tree = buildCallTree(rows, { weight: 'time', byThread: false })
  const found = (...names: string[]) => Uint8Array.from(FUNCTIONS, (name) => (names.includes(name) ? 1 : 0))
  expect(matchedWeight(tree, found('alloc'))).toBe(9)
  expect(matchedWeight(tree, found('match', 'alloc'))).toBe(69)
  expect(matchedWeight(tree, found('main', 'alloc'))).toBe(85)
})

test('rows that name no earlier parent are roots', () => {
  const broken = callTreeFromText('thread 1\n  main self=5 instr=1 calls=1')
  broken.parent[0] = 77
  broken.parent[1] = 1
  expect(print(buildCallTree(broken, { weight: 'time', byThread: false }))).toBe('all 5 0 x0\n  main 5 5 x1')
})
