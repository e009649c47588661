// SPDX-License-Identifier: Apache-2.0
// The picture of the flame graph and what pointer and keys do to it.
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'react'
import type { CallTree } from '../../model/call-tree'
import { CanvasLayer, useSize, type Draw } from '../../widgets/CanvasLayer'
import { Facts } from '../../widgets/Facts'
import { usePalette } from '../../widgets/theme'
import { Tooltip } from '../../widgets/Tooltip'
import { factsOf, sentenceOf } from './describe'
import { drawFlame, ROW } from './draw'
import { layoutFlame, neighbour, nodeUnder, type Direction } from './layout'

const LEAST_PX = 0.6

type Props = {
  tree: CallTree
  zoom: number
  found: Uint8Array | null
  nameOf(node: number): string
  imageOf(node: number): number
  imagePathOf(node: number): string
  onZoom(node: number): void
}

const arrows: Record<string, Direction> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' }

export function FlameCanvas({ tree, zoom, found, nameOf, imageOf, imagePathOf, onZoom }: Props) {
  const palette = usePalette()
  const scroller = useRef<HTMLDivElement>(null)
  const { width, height } = useSize(scroller)
  const [scrollTop, setScrollTop] = useState(0)
  const [pointer, setPointer] = useState<{ x: number; y: number; node: number } | null>(null)
  const [selected, setSelected] = useState(-1)
  const description = useId()

  const boxes = useMemo(() => layoutFlame(tree, zoom, width, LEAST_PX), [tree, zoom, width])
  // Nodes are numbered anew in every tree.
  useEffect(() => {
    setSelected(-1)
    setPointer(null)
  }, [tree])

  const hovered = pointer?.node ?? -1
  const draw = useCallback<Draw>(
    (context, size) =>
      drawFlame(context, size.height, {
        tree, boxes, zoomLevel: tree.depth[zoom] ?? 0, nameOf, imageOf, found, hovered, selected, scrollTop, palette,
      }),
    [tree, boxes, zoom, nameOf, imageOf, found, hovered, selected, scrollTop, palette],
  )

  const nodeOf = (event: React.MouseEvent) => {
    const box = scroller.current?.getBoundingClientRect()
    if (!box) return -1
    return nodeUnder(boxes, event.clientX - box.left, Math.floor((event.clientY - box.top + scrollTop) / ROW))
  }

  const select = (node: number) => {
    setSelected(node)
    const top = (tree.depth[node] ?? 0) * ROW
    const view = scroller.current
    if (!view) return
    if (top < view.scrollTop) view.scrollTop = top
    else if (top + ROW > view.scrollTop + view.clientHeight) view.scrollTop = top + ROW - view.clientHeight
  }

  const onKey = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const direction = arrows[event.key]
    if (direction) select(selected < 0 ? zoom : neighbour(tree, boxes, selected, direction))
    else if ((event.key === 'Enter' || event.key === ' ') && selected >= 0) onZoom(selected)
    else if (event.key === 'Backspace' && zoom > 0) onZoom(tree.parent[zoom] ?? 0)
    else if (event.key === 'Escape' && zoom > 0) onZoom(0)
    else if (event.key === 'Escape' && selected >= 0) setSelected(-1)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  const told = selected >= 0 ? selected : zoom
  return (
    <>
      <div
        ref={scroller}
        className="flame-scroller"
        tabIndex={0}
        role="application"
        aria-label="Flame graph. Arrow keys move between functions, Enter zooms in, Backspace goes up, Escape shows all."
        aria-describedby={description}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
        onPointerMove={(event) => {
          const node = nodeOf(event)
          setPointer(node < 0 ? null : { x: event.clientX, y: event.clientY, node })
        }}
        onPointerLeave={() => setPointer(null)}
        onClick={(event) => {
          const node = nodeOf(event)
          if (node < 0) return
          onZoom(node)
          setSelected(node)
        }}
        onKeyDown={onKey}
      >
        <div style={{ height: Math.max(boxes.levels * ROW, height) }}>
          <div className="flame-window" style={{ height }}>
            <CanvasLayer draw={draw} />
          </div>
        </div>
      </div>
      <div className="flame-status" aria-hidden="true">
        {sentenceOf(tree, hovered >= 0 ? hovered : told, nameOf(hovered >= 0 ? hovered : told))}
      </div>
      <div id={description} className="visually-hidden" aria-live="polite">
        {sentenceOf(tree, told, nameOf(told))}
      </div>
      {pointer && (
        <Tooltip x={pointer.x} y={pointer.y}>
          <div className="tooltip-title">{nameOf(pointer.node)}</div>
          <div className="tooltip-sub">{imagePathOf(pointer.node)}</div>
          <Facts facts={factsOf(tree, pointer.node)} />
        </Tooltip>
      )}
    </>
  )
}
