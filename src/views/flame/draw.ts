// SPDX-License-Identifier: Apache-2.0
// Draws the boxes of a flame graph on a canvas: only the rows in view, names
// clipped to their box, matches of the search in their own colour.
import { ALL } from '../../model/tables.gen'
import type { CallTree } from '../../model/call-tree'
import { boxText, calmColor, neutralBox } from '../../widgets/calm-colors'
import { fitName } from '../../widgets/fit-name'
import type { Palette } from '../../widgets/theme'
import { boxOf, type FlameBoxes } from './layout'

export const ROW = 20
const PAD = 5
const FONT_SIZE = 11
const LEAST_TEXT = 22

export type FlamePicture = {
  tree: CallTree
  boxes: FlameBoxes
  /** Depth of the zoomed node: what is above is only the way to it. */
  zoomLevel: number
  nameOf(node: number): string
  /** Number of the hue of a node; -1 neutral. */
  groupOf(node: number): number
  /** Number of its shade. */
  shadeOf(node: number): number
  found: Uint8Array | null
  hovered: number
  selected: number
  scrollTop: number
  palette: Palette
}

function fillOf(picture: FlamePicture, node: number): string {
  const { palette } = picture
  const group = picture.groupOf(node)
  return group < 0 ? neutralBox[palette.scheme] : calmColor(palette.scheme, group, picture.shadeOf(node))
}

function drawBox(context: CanvasRenderingContext2D, picture: FlamePicture, box: number, y: number, glyph: number): void {
  const { boxes, palette, found, tree } = picture
  const node = boxes.node[box] ?? 0
  const x = boxes.x[box] ?? 0
  const width = boxes.width[box] ?? 0
  const match = found?.[tree.function[node] ?? ALL] === 1
  context.globalAlpha = found && !match ? 0.4 : 1
  context.fillStyle = match ? palette.match : fillOf(picture, node)
  context.fillRect(x, y, width > 3 ? width - 1 : Math.max(width, 0.5), ROW - 1)
  if (width < LEAST_TEXT) return
  context.globalAlpha = found && !match ? 0.7 : 1
  context.fillStyle = match ? palette.matchText : boxText[palette.scheme]
  context.fillText(fitName(picture.nameOf(node), Math.floor((width - 2 * PAD) / glyph)), x + PAD, y + ROW / 2 + 0.5)
}

function outline(context: CanvasRenderingContext2D, picture: FlamePicture, node: number, color: string, width: number): void {
  if (node < 0) return
  const box = boxOf(picture.tree, picture.boxes, node)
  if (box < 0) return
  const y = (picture.tree.depth[node] ?? 0) * ROW - picture.scrollTop
  context.strokeStyle = color
  context.lineWidth = width
  const inset = width / 2
  context.strokeRect(
    (picture.boxes.x[box] ?? 0) + inset,
    y + inset,
    Math.max(1, (picture.boxes.width[box] ?? 0) - 1 - width),
    ROW - 1 - width,
  )
}

export function drawFlame(context: CanvasRenderingContext2D, height: number, picture: FlamePicture): void {
  const { boxes, scrollTop, palette } = picture
  context.font = `${FONT_SIZE}px ${palette.mono}`
  context.textBaseline = 'middle'
  const glyph = context.measureText('0').width
  const first = Math.max(0, Math.floor(scrollTop / ROW))
  const last = Math.min(boxes.levels - 1, Math.floor((scrollTop + height) / ROW))
  for (let level = first; level <= last; level++) {
    const y = level * ROW - scrollTop
    for (let box = boxes.levelStart[level] ?? 0; box < (boxes.levelStart[level + 1] ?? 0); box++) drawBox(context, picture, box, y, glyph)
    if (level < picture.zoomLevel) {
      context.globalAlpha = 0.35
      context.fillStyle = palette.bg
      context.fillRect(0, y, boxes.width[0] ?? 0, ROW - 1)
    }
  }
  context.globalAlpha = 1
  outline(context, picture, picture.hovered, palette.muted, 1)
  outline(context, picture, picture.selected, palette.accent, 2)
}
