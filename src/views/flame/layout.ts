// SPDX-License-Identifier: Apache-2.0
// From a call tree to boxes: an icicle with the root on top, the zoomed node as
// wide as the picture and its ancestors above it. Too narrow boxes are left out.
import { amountsOf, type CallTree } from '../../model/call-tree'

/** Boxes of level l are levelStart[l] .. levelStart[l + 1], from left to right. x and width in CSS pixels. */
export type FlameBoxes = { count: number; node: Uint32Array; x: Float64Array; width: Float64Array; levelStart: Uint32Array; levels: number }

export type Direction = 'up' | 'down' | 'left' | 'right'

type Growing = { node: number[]; x: number[]; width: number[]; levelStart: number[] }

function put(into: Growing, node: number, x: number, width: number): void {
  into.node.push(node)
  into.x.push(x)
  into.width.push(width)
}

/** Node 0 down to `node`. */
export function ancestry(tree: CallTree, node: number): number[] {
  const chain: number[] = []
  for (let at = node; at >= 0; at = tree.parent[at] ?? -1) chain.push(at)
  return chain.reverse()
}

/** Children of the boxes first .. end that are at least `least` wide. Children come heaviest first, so the first narrow one ends a family. */
function putChildren(tree: CallTree, into: Growing, first: number, end: number, scale: number, least: number): void {
  const total = amountsOf(tree.total, tree.weight)
  for (let box = first; box < end; box++) {
    const node = into.node[box] ?? 0
    let x = into.x[box] ?? 0
    for (let slot = tree.childStart[node] ?? 0; slot < (tree.childStart[node + 1] ?? 0); slot++) {
      const child = tree.children[slot] ?? 0
      const width = (total[child] ?? 0) * scale
      if (width < least || width === 0) break
      put(into, child, x, width)
      x += width
    }
  }
}

/** Boxes of the subtree of `zoom`, `width` pixels wide, without those below `least` pixels. */
export function layoutFlame(tree: CallTree, zoom: number, width: number, least: number): FlameBoxes {
  const grown: Growing = { node: [], x: [], width: [], levelStart: [] }
  for (const node of ancestry(tree, zoom)) {
    grown.levelStart.push(grown.node.length)
    put(grown, node, 0, width)
  }
  const weight = amountsOf(tree.total, tree.weight)[zoom] ?? 0
  const scale = weight > 0 ? width / weight : 0
  // Depth is bounded by the number of nodes: every round goes one level down.
  for (let round = 0; round < tree.count; round++) {
    const first = grown.levelStart[grown.levelStart.length - 1] ?? 0
    const end = grown.node.length
    putChildren(tree, grown, first, end, scale, least)
    if (grown.node.length === end) break
    grown.levelStart.push(end)
  }
  const levels = grown.levelStart.length
  grown.levelStart.push(grown.node.length)
  return {
    count: grown.node.length,
    node: Uint32Array.from(grown.node),
    x: Float64Array.from(grown.x),
    width: Float64Array.from(grown.width),
    levelStart: Uint32Array.from(grown.levelStart),
    levels,
  }
}

/** Node whose box is at x on a level; -1 when there is none. */
export function nodeUnder(boxes: FlameBoxes, x: number, level: number): number {
  if (level < 0 || level >= boxes.levels) return -1
  let low = boxes.levelStart[level] ?? 0
  let high = (boxes.levelStart[level + 1] ?? 0) - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const left = boxes.x[middle] ?? 0
    if (x < left) high = middle - 1
    else if (x >= left + (boxes.width[middle] ?? 0)) low = middle + 1
    else return boxes.node[middle] ?? -1
  }
  return -1
}

/** Box of a node on its level; -1 when it is not drawn. */
export function boxOf(tree: CallTree, boxes: FlameBoxes, node: number): number {
  const level = tree.depth[node] ?? 0
  if (level >= boxes.levels) return -1
  const found = boxes.node.subarray(boxes.levelStart[level], boxes.levelStart[level + 1]).indexOf(node)
  return found < 0 ? -1 : found + (boxes.levelStart[level] ?? 0)
}

/** Where an arrow key leads from a node; the node itself when there is nothing there. */
export function neighbour(tree: CallTree, boxes: FlameBoxes, node: number, direction: Direction): number {
  const box = boxOf(tree, boxes, node)
  if (box < 0) return 0
  const level = tree.depth[node] ?? 0
  switch (direction) {
    case 'up':
      return Math.max(0, tree.parent[node] ?? 0)
    case 'down': {
      const below = nodeUnder(boxes, (boxes.x[box] ?? 0) + 1e-6, level + 1)
      return below >= 0 && tree.parent[below] === node ? below : node
    }
    case 'left':
      return box > (boxes.levelStart[level] ?? 0) ? (boxes.node[box - 1] ?? node) : node
    case 'right':
      return box + 1 < (boxes.levelStart[level + 1] ?? 0) ? (boxes.node[box + 1] ?? node) : node
  }
}
