// SPDX-License-Identifier: Apache-2.0
// A floating box beside the pointer that never leaves the window. Decoration
// only: what it says must be reachable by keyboard elsewhere.
import { useRef, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { useSize } from './CanvasLayer'
import './Tooltip.css'

const OFFSET = 14
const MARGIN = 8

/** `x` and `y` are viewport coordinates of the pointer. */
export function Tooltip({ x, y, children }: { x: number; y: number; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null)
  const size = useSize(box)
  const right = x + OFFSET + size.width + MARGIN <= window.innerWidth
  const below = y + OFFSET + size.height + MARGIN <= window.innerHeight
  const left = right ? x + OFFSET : Math.max(MARGIN, x - OFFSET - size.width)
  const top = below ? y + OFFSET : Math.max(MARGIN, y - OFFSET - size.height)
  return createPortal(
    <div ref={box} className="tooltip" style={{ left, top, visibility: size.width ? 'visible' : 'hidden' }} aria-hidden="true">
      {children}
    </div>,
    document.body,
  )
}
