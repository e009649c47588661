// SPDX-License-Identifier: Apache-2.0
// Draws the overview strip: how busy the trace is, and where trace was lost.
import type { Palette } from '../widgets/theme'
import type { Density } from './range-layout'

const LOST_PX = 4

const heightOf = (share: number, base: number) => Math.sqrt(share) * (base - 4)

/** The trace that is still to be decoded, by its bytes: behind what is. */
export function drawPending(context: CanvasRenderingContext2D, width: number, height: number, pending: Float64Array, palette: Palette): void {
  const step = width / pending.length
  const base = height - LOST_PX
  context.fillStyle = palette.densityPending
  for (let bucket = 0; bucket < pending.length; bucket++) {
    const tall = heightOf(pending[bucket] ?? 0, base)
    if (tall > 0) context.fillRect(bucket * step, base - tall, step + 0.5, tall)
  }
}

export function drawOverview(context: CanvasRenderingContext2D, width: number, height: number, density: Density, palette: Palette): void {
  const buckets = density.on.length
  if (buckets === 0) return
  const step = width / buckets
  const base = height - LOST_PX
  const top = (bucket: number) => base - heightOf(density.on[bucket] ?? 0, base)
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
