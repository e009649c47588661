// SPDX-License-Identifier: Apache-2.0
// A horizontal time axis on a canvas; time-axis.ts says where the ticks are.
import { useCallback } from 'react'
import { CanvasLayer, type Draw } from './CanvasLayer'
import { timeTicks } from './time-axis'
import { usePalette } from './theme'

const SPACING = 96

/** Axis of [start, end] in ns; fills its (positioned) parent. */
export function TimeAxis({ start, end }: { start: number; end: number }) {
  const palette = usePalette()
  const draw = useCallback<Draw>(
    (context, { width, height }) => {
      const { anchor, ticks } = timeTicks(start, end, width, SPACING)
      context.font = `11px ${palette.ui}`
      context.textBaseline = 'middle'
      const middle = height / 2 + 1
      let free = 0
      if (anchor) {
        context.fillStyle = palette.text
        context.fillText(anchor.label, 6, middle)
        free = 6 + context.measureText(anchor.label).width + 10
      }
      for (const { time, label } of ticks) {
        const x = Math.round(((time - start) / (end - start)) * width)
        context.fillStyle = palette.lineStrong
        context.fillRect(x, height - 6, 1, 6)
        if (x + 4 < free) continue
        const labelWidth = context.measureText(label).width
        if (x + 4 + labelWidth > width) continue
        context.fillStyle = palette.muted
        context.fillText(label, x + 4, middle)
      }
    },
    [start, end, palette],
  )
  return <CanvasLayer draw={draw} />
}
