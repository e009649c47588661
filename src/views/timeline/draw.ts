// SPDX-License-Identifier: Apache-2.0
// Draws one lane of the timeline on a canvas: calls, and gaps as gaps. Lost trace
// is hatched densely in its own colour, trace that was off sparsely in grey.
import type { CallsTable } from '../../model/tables.gen'
import { boxText, calmColor, neutralBox } from '../../widgets/calm-colors'
import { fitName } from '../../widgets/fit-name'
import type { Palette } from '../../widgets/theme'
import { drawMarks } from './draw-marks'
import { OPEN_END, OPEN_START, SEVERAL, type CallBoxes, type GapBox, type LaneShape, type MarkBox } from './layout'

const FONT_SIZE = 11
const PAD = 4
const LEAST_TEXT = 24
const LEAST_TEXT_HEIGHT = 12

export type LanePicture = {
  calls: CallsTable | null
  boxes: CallBoxes | null
  gaps: readonly GapBox[]
  marks: readonly MarkBox[]
  /** Of marks; null none. */
  hoveredMark: MarkBox | null
  selectedMark: MarkBox | null
  shape: LaneShape
  height: number
  /** Rows of the lane above the canvas's top, in pixels. */
  scrolled: number
  nameOf(fn: number): string
  groupOf(fn: number): number
  /** Number of its shade. */
  shadeOf(fn: number): number
  found: Uint8Array | null
  /** Rows of calls; -1 none. */
  hovered: number
  selected: number
  palette: Palette
}

function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  spacing: number,
  rising: boolean,
): void {
  context.save()
  context.beginPath()
  context.rect(x, y, width, height)
  context.clip()
  context.beginPath()
  // Lines start on a grid of the page, so that the pattern stands still while gaps grow.
  for (let from = Math.floor((x - height) / spacing) * spacing; from < x + width + height; from += spacing) {
    context.moveTo(from, rising ? y + height : y)
    context.lineTo(from + height, rising ? y : y + height)
  }
  context.stroke()
  context.restore()
}

function drawGap(context: CanvasRenderingContext2D, { palette, height, scrolled, shape }: LanePicture, gap: GapBox): void {
  const y = 2 + shape.marks - scrolled
  const tall = height - 4 - shape.marks
  context.lineWidth = 1
  context.fillStyle = gap.lost ? palette.gapLostFill : palette.gapOffFill
  context.globalAlpha = gap.lost ? 0.92 : 0.72
  context.fillRect(gap.x, y, gap.width, tall)
  context.globalAlpha = gap.lost ? 0.7 : 0.32
  context.strokeStyle = gap.lost ? palette.gapLost : palette.gapOff
  context.fillStyle = context.strokeStyle
  if (gap.width <= 3) {
    if (gap.lost) context.fillRect(gap.x, y, gap.width, tall)
  } else {
    hatch(context, gap.x, y, gap.width, tall, gap.lost ? 6 : 10, gap.lost)
    if (gap.lost) {
      context.fillRect(gap.x, y, 1, tall)
      context.fillRect(gap.x + gap.width - 1, y, 1, tall)
    }
  }
  context.globalAlpha = 1
}

/** Soft teeth at an end that is not the call's own. */
function fray(context: CanvasRenderingContext2D, x: number, y: number, height: number, inward: number, color: string): void {
  context.fillStyle = color
  context.globalAlpha = 0.65
  for (let tooth = 0; tooth < 3; tooth++) {
    const top = y + (tooth * height) / 3
    context.beginPath()
    context.moveTo(x, top)
    context.lineTo(x + inward, top + height / 6)
    context.lineTo(x, top + height / 3)
    context.fill()
  }
  context.globalAlpha = 1
}

/** Everything that holds for all boxes of one drawing. */
type Ready = LanePicture & { calls: CallsTable; boxes: CallBoxes; glyph: number; text: boolean }

const topOf = ({ shape, boxes, scrolled }: Ready, box: number) => shape.marks + shape.pad + (boxes.depth[box] ?? 0) * shape.rowHeight - scrolled

function drawCall(context: CanvasRenderingContext2D, picture: Ready, box: number): void {
  const { palette, found, shape, boxes, calls } = picture
  const row = boxes.row[box] ?? 0
  const fn = calls.function[row] ?? 0
  const flags = calls.flags[row] ?? 0
  const x = boxes.x[box] ?? 0
  const width = boxes.width[box] ?? 0
  const match = found?.[fn] === 1
  const group = picture.groupOf(fn)
  const y = topOf(picture, box)
  const high = shape.rowHeight - 1
  // Calls drawn as one are paler than a call of that width would be.
  context.globalAlpha = (found && !match ? 0.35 : 1) * (flags & SEVERAL ? 0.55 : 1)
  context.fillStyle = match ? palette.match : group < 0 ? neutralBox[palette.scheme] : calmColor(palette.scheme, group, picture.shadeOf(fn))
  context.fillRect(x, y, width > 4 ? width - 1 : width, high)
  if (width <= 12 || !picture.text) return
  if (flags & OPEN_START && x >= 0) fray(context, x, y, high, 3, palette.bg)
  if (flags & OPEN_END) fray(context, x + width - 1, y, high, -3, palette.bg)
}

function drawName(context: CanvasRenderingContext2D, picture: Ready, box: number): void {
  const { palette, found, boxes, calls, shape, glyph } = picture
  const width = boxes.width[box] ?? 0
  const row = boxes.row[box] ?? 0
  if (width < LEAST_TEXT || (calls.flags[row] ?? 0) & SEVERAL) return
  const fn = calls.function[row] ?? 0
  const match = found?.[fn] === 1
  const x = boxes.x[box] ?? 0
  const left = Math.max(0, x)
  const room = Math.floor((x + width - left - 2 * PAD) / glyph)
  context.globalAlpha = found && !match ? 0.7 : 1
  context.fillStyle = match ? palette.matchText : boxText[palette.scheme]
  context.fillText(fitName(picture.nameOf(fn), room), left + PAD, topOf(picture, box) + shape.rowHeight / 2)
}

function outline(context: CanvasRenderingContext2D, picture: LanePicture, row: number, color: string, line: number): void {
  const { boxes, shape } = picture
  const box = boxes && row >= 0 ? boxes.row.indexOf(row) : -1
  if (!boxes || box < 0) return
  const y = shape.marks + shape.pad + (boxes.depth[box] ?? 0) * shape.rowHeight - picture.scrolled
  context.strokeStyle = color
  context.lineWidth = line
  context.strokeRect(
    (boxes.x[box] ?? 0) + line / 2,
    y + line / 2,
    Math.max(1, (boxes.width[box] ?? 0) - 1 - line),
    shape.rowHeight - 1 - line,
  )
}

/** Runs `draw` for the boxes whose level is on the canvas. */
function eachBox({ boxes, shape, scrolled }: Ready, canvasHeight: number, draw: (box: number) => void): void {
  const first = Math.floor((scrolled - shape.marks - shape.pad) / shape.rowHeight)
  const last = Math.ceil((scrolled + canvasHeight) / shape.rowHeight)
  for (let box = 0; box < boxes.count; box++) {
    const depth = boxes.depth[box] ?? 0
    if (depth >= first && depth <= last) draw(box)
  }
}

export function drawLane(context: CanvasRenderingContext2D, canvasHeight: number, picture: LanePicture): void {
  const { calls, boxes, palette } = picture
  context.font = `${FONT_SIZE}px ${palette.mono}`
  context.textBaseline = 'middle'
  const text = picture.shape.rowHeight >= LEAST_TEXT_HEIGHT
  const ready: Ready | null = calls && boxes ? { ...picture, calls, boxes, text, glyph: context.measureText('0').width } : null
  if (ready) eachBox(ready, canvasHeight, (box) => drawCall(context, ready, box))
  context.globalAlpha = 1
  for (const gap of picture.gaps) drawGap(context, picture, gap)
  // Names last: a call goes on below a gap, and is still to be read.
  if (ready && text) eachBox(ready, canvasHeight, (box) => drawName(context, ready, box))
  context.globalAlpha = 1
  outline(context, picture, picture.hovered, palette.muted, 1)
  outline(context, picture, picture.selected, palette.accent, 2)
  drawMarks(context, picture)
}
