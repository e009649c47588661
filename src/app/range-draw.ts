// SPDX-License-Identifier: Apache-2.0
// Draws the overview strip: how busy the trace is, and where trace was lost.
import type { Palette } from '../widgets/theme'
import type { Density } from './range-layout'

const LOST_PX = 4

export function drawOverview(context: CanvasRenderingContext2D, width: number, height: number, density: Density, palette: Palette): void {
  const buckets = density.on.length
  if (buckets === 0) return
  const step = width / buckets
  const base = height - LOST_PX
  const top = (bucket: number) => base - Math.sqrt(density.on[bucket] ?? 0) * (base - 4)
  context.beginPath()
  context.moveTo(0, base)
  for (let bucket = 0; bucket < buckets; bucket++) {
    context.lineTo(bucket * step, top(bucket))
    context.lineTo((bucket + 1) * step, top(bucket))
  }
  context.lineTo(width, base)
  context.closePath()
  context.fillStyle = palette.densityFill
  context.fill()
  context.strokeStyle = palette.density
  context.lineWidth = 1
  context.stroke()
  context.fillStyle = palette.gapLost
  for (let bucket = 0; bucket < buckets; bucket++)
    if (density.lost[bucket]) context.fillRect(bucket * step, base, Math.max(2, step), LOST_PX)
}
