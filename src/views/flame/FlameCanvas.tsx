// SPDX-License-Identifier: Apache-2.0
// The picture of the flame graph and what pointer and keys do to it.
import { useCallback, useId, useMemo, useRef, useState } from 'react'
import { nodeAt, pathOf, type CallTree } from '../../model/call-tree'
import { useKeptScroll, useStore } from '../../store'
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
  groupOf(node: number): number
  shadeOf(node: number): number
  imagePathOf(node: number): string
  onZoom(node: number): void
}

/** In the window, and in the scroller. */
type Pointer = { clientX: number; clientY: number; x: number; y: number }

const arrows: Record<string, Direction> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' }

export function FlameCanvas({ tree, zoom, found, nameOf, groupOf, shadeOf, imagePathOf, onZoom }: Props) {
  const palette = usePalette()
  const scroller = useRef<HTMLDivElement>(null)
  const { width, height } = useSize(scroller)
  const [scrollTop, setScrollTop] = useState(0)
  const [pointer, setPointer] = useState<Pointer | null>(null)
  // A path, for nodes are numbered anew in every tree.
  const selectedPath = useStore((store) => store.view.flameAt)
  const keepView = useStore((store) => store.keepView)
  const setSelectedPath = (flameAt: number[] | null) => keepView({ flameAt })
  const description = useId()

  const boxes = useMemo(() => layoutFlame(tree, zoom, width, LEAST_PX), [tree, zoom, width])
  const selected = useMemo(() => (selectedPath ? nodeAt(tree, selectedPath) : -1), [tree, selectedPath])
  const hovered = pointer ? nodeUnder(boxes, pointer.x, Math.floor((pointer.y + scrollTop) / ROW)) : -1
  const keepTop = useKeptScroll('flame.top', scroller, Math.max(boxes.levels * ROW, height))
  const draw = useCallback<Draw>(
    (context, size) =>
      drawFlame(context, size.height, {
        tree,
        boxes,
        zoomLevel: tree.depth[zoom] ?? 0,
        nameOf,
        groupOf,
        shadeOf,
        found,
        hovered,
        selected,
        scrollTop,
        palette,
      }),
    [tree, boxes, zoom, nameOf, groupOf, shadeOf, found, hovered, selected, scrollTop, palette],
  )

  const pointerAt = (event: React.MouseEvent): Pointer => {
    const box = scroller.current?.getBoundingClientRect()
    return { clientX: event.clientX, clientY: event.clientY, x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
  }

  const select = (node: number) => {
    setSelectedPath(pathOf(tree, node))
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
    else if (event.key === 'Escape' && selected >= 0) setSelectedPath(null)
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
        onScroll={(event) => {
          setScrollTop(event.currentTarget.scrollTop)
          keepTop(event.currentTarget.scrollTop)
        }}
        onPointerMove={(event) => setPointer(pointerAt(event))}
        onPointerLeave={() => setPointer(null)}
        onClick={(event) => {
          const at = pointerAt(event)
          const node = nodeUnder(boxes, at.x, Math.floor((at.y + scrollTop) / ROW))
          if (node < 0) return
          onZoom(node)
          setSelectedPath(pathOf(tree, node))
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
      {pointer && hovered >= 0 && (
        <Tooltip x={pointer.clientX} y={pointer.clientY}>
          <div className="tooltip-title">{nameOf(hovered)}</div>
          <div className="tooltip-sub">{imagePathOf(hovered)}</div>
          <Facts facts={factsOf(tree, hovered)} />
        </Tooltip>
      )}
    </>
  )
}
