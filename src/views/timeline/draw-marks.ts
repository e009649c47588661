// SPDX-License-Identifier: Apache-2.0
// Draws a lane's strip of marks: samples as bars, the taller the more of them
// fall together; PT events as diamonds.
import type { Palette } from '../../widgets/theme'
import { MARK_EVENTS, type LaneShape, type MarkBox } from './layout'

const TOP = 2
const BAR_PX = 2
const LEAST_BAR = 4
const DIAMOND = 4

export type MarkPicture = {
  marks: readonly MarkBox[]
  hoveredMark: MarkBox | null
  selectedMark: MarkBox | null
  shape: LaneShape
  scrolled: number
  palette: Palette
}

function drawBar(context: CanvasRenderingContext2D, { shape, scrolled }: MarkPicture, box: MarkBox, most: number): void {
  const room = shape.marks - TOP
  const share = most > 1 ? Math.log(box.count) / Math.log(most) : 0
  const height = Math.round(LEAST_BAR + share * (room - LEAST_BAR))
  context.fillRect(box.x - BAR_PX / 2, TOP + room - height - scrolled, BAR_PX, height)
}

function drawDiamond(context: CanvasRenderingContext2D, { shape, scrolled }: MarkPicture, x: number, size: number): void {
  const y = TOP + (shape.marks - TOP) / 2 - scrolled
  context.beginPath()
  context.moveTo(x - size, y)
  context.lineTo(x, y - size)
  context.lineTo(x + size, y)
  context.lineTo(x, y + size)
  context.fill()
}

/** A triangle below the strip's edge, and a line through it. */
function drawPointer(context: CanvasRenderingContext2D, picture: MarkPicture, box: MarkBox, color: string): void {
  context.fillStyle = color
  if (box.kind === MARK_EVENTS) drawDiamond(context, picture, box.x, DIAMOND + 2)
  else context.fillRect(box.x - BAR_PX, TOP - picture.scrolled, 2 * BAR_PX, picture.shape.marks - TOP)
}

export function drawMarks(context: CanvasRenderingContext2D, picture: MarkPicture): void {
  const { marks, palette, shape, scrolled } = picture
  if (shape.marks === 0) return
  let most = 1
  for (const box of marks) if (box.kind !== MARK_EVENTS) most = Math.max(most, box.count)
  context.fillStyle = palette.line
  context.fillRect(0, shape.marks - scrolled, context.canvas.width, 1)
  context.fillStyle = palette.accent
  for (const box of marks) if (box.kind !== MARK_EVENTS) drawBar(context, picture, box, most)
  context.fillStyle = palette.muted
  for (const box of marks) if (box.kind === MARK_EVENTS) drawDiamond(context, picture, box.x, DIAMOND)
  if (picture.hoveredMark) drawPointer(context, picture, picture.hoveredMark, palette.text)
  if (picture.selectedMark) drawPointer(context, picture, picture.selectedMark, palette.accent)
}
