// SPDX-License-Identifier: Apache-2.0
// A floating box beside the pointer that never leaves the window. Decoration
// only: what it says must be reachable by keyboard elsewhere.
import { useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import './Tooltip.css'

const OFFSET = 14
const MARGIN = 8

/** `x` and `y` are viewport coordinates of the pointer. */
export function Tooltip({ x, y, children }: { x: number; y: number; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const rect = box.current?.getBoundingClientRect()
    if (rect && (rect.width !== size.width || rect.height !== size.height)) setSize({ width: rect.width, height: rect.height })
  })
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
