// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { buildCallTree, type CallTree } from '../../model/call-tree'
import { callTreeFromText, FUNCTIONS } from '../../test-support/call-tree-text'
import { boxOf, layoutFlame, neighbour, nodeUnder, type Direction } from './layout'

const tree = buildCallTree(
  callTreeFromText(`
thread 1
  main self=10 calls=1
    parse self=20 calls=4
      alloc self=9 calls=4
      free self=1 calls=4
    match self=50 calls=2
  log self=10 calls=1
`),
  { weight: 'time', byThread: false },
)
const name = (node: number) => (node === 0 ? 'all' : (FUNCTIONS[tree.function[node] ?? 0] ?? ''))
const node = (wanted: string) => Array.from({ length: tree.count }, (_, one) => one).find((one) => name(one) === wanted) ?? -1

/** One line a level: name@x+width. */
function print(of: CallTree, zoom: number, width: number, least: number): string {
  const boxes = layoutFlame(of, zoom, width, least)
  return Array.from({ length: boxes.levels }, (_, level) =>
    Array.from(boxes.node.subarray(boxes.levelStart[level], boxes.levelStart[level + 1]), (one, index) => {
      const box = (boxes.levelStart[level] ?? 0) + index
      return `${name(one)}@${boxes.x[box]}+${boxes.width[box]}`
    }).join(' '),
  ).join('\n')
}

test('boxes are as wide as their share, the heaviest child on the left', () => {
  expect(print(tree, 0, 1000, 0)).toBe(
    `
all@0+1000
main@0+900 log@900+100
match@0+500 parse@500+300
alloc@500+90 free@590+10`.trim(),
  )
})

test('the zoomed node and its ancestors are as wide as the picture', () => {
  expect(print(tree, node('parse'), 300, 0)).toBe(
    `
all@0+300
main@0+300
parse@0+300
alloc@0+90 free@90+10`.trim(),
  )
})

test('boxes that are too narrow are left out with all that is below them', () => {
  expect(print(tree, 0, 100, 20)).toBe('all@0+100\nmain@0+90\nmatch@0+50 parse@50+30')
})

test('a tree without weight has only its root', () => {
  const empty = buildCallTree(callTreeFromText(''), { weight: 'time', byThread: false })
  expect(print(empty, 0, 100, 1)).toBe('all@0+100')
})

test('the box under a point is found', () => {
  const boxes = layoutFlame(tree, 0, 1000, 0)
  const under = (x: number, level: number) => {
    const found = nodeUnder(boxes, x, level)
    return found < 0 ? 'nothing' : name(found)
  }
  expect([under(0, 0), under(899.9, 1), under(900, 1), under(499, 2), under(800, 2), under(595, 3), under(10, 3), under(1, 9)]).toEqual([
    'all',
    'main',
    'log',
    'match',
    'nothing',
    'free',
    'nothing',
    'nothing',
  ])
  expect(boxOf(tree, boxes, node('free'))).toBe(6)
  expect(boxOf(tree, layoutFlame(tree, 0, 100, 20), node('free'))).toBe(-1)
})

test('arrow keys walk the boxes', () => {
  const boxes = layoutFlame(tree, 0, 1000, 0)
  const walk = (from: string, ...way: Direction[]) => name(way.reduce((at, direction) => neighbour(tree, boxes, at, direction), node(from)))
  expect(walk('main', 'down')).toBe('match')
  expect(walk('match', 'down')).toBe('match')
  expect(walk('match', 'right', 'down', 'right')).toBe('free')
  expect(walk('free', 'up', 'up', 'up', 'up')).toBe('all')
  expect(walk('log', 'right')).toBe('log')
  expect(walk('main', 'left')).toBe('main')
})
