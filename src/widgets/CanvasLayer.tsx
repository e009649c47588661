// SPDX-License-Identifier: Apache-2.0
// A canvas as large as its box, sharp on every screen: calls `draw` in CSS
// pixels when the drawing or the size changes, at most once a frame.
import { useEffect, useLayoutEffect, useRef, useState } from 'react'

export type Size = { width: number; height: number }
export type Draw = (context: CanvasRenderingContext2D, size: Size) => void

/** Size of an element's content box in CSS pixels, kept current. */
export function useSize(element: React.RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const box = element.current
    if (!box) return
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = box
      setSize((old) => (old.width === width && old.height === height ? old : { width, height }))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(box)
    return () => observer.disconnect()
  }, [element])
  return size
}

function paint(canvas: HTMLCanvasElement, draw: Draw, { width, height }: Size): void {
  const context = canvas.getContext('2d')
  if (!context || width === 0 || height === 0) return
  const scale = window.devicePixelRatio || 1
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)]
  if (canvas.width !== wide) canvas.width = wide
  if (canvas.height !== high) canvas.height = high
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  draw(context, { width, height })
}

/** `draw` must change identity when what it draws changes (useCallback). */
export function CanvasLayer({ draw, className }: { draw: Draw; className?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const size = useSize(box)
  useEffect(() => {
    const frame = requestAnimationFrame(() => canvas.current && paint(canvas.current, draw, size))
    return () => cancelAnimationFrame(frame)
  }, [draw, size])
  return (
    <div ref={box} className={className} style={{ position: 'absolute', inset: 0, overflow: 'hidden' }} aria-hidden="true">
      <canvas ref={canvas} style={{ display: 'block', width: size.width, height: size.height }} />
    </div>
  )
}
