// SPDX-License-Identifier: Apache-2.0
// Takes dropped files anywhere in it and shows that it would. What is in them
// is the caller's business.
import { useRef, useState, type ReactNode } from 'react'
import './DropZone.css'

type Props = { label: string; onDrop(data: DataTransfer): void; className?: string; children: ReactNode }

const hasFiles = (event: React.DragEvent) => event.dataTransfer.types.includes('Files')

export function DropZone({ label, onDrop, className = '', children }: Props) {
  // Enter and leave come for every child: count them.
  const depth = useRef(0)
  const [over, setOver] = useState(false)
  const enter = (event: React.DragEvent, by: 1 | -1) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    depth.current = Math.max(0, depth.current + by)
    setOver(depth.current > 0)
  }
  return (
    <div
      className={`drop-zone ${className}`}
      data-over={over}
      onDragEnter={(event) => enter(event, 1)}
      onDragLeave={(event) => enter(event, -1)}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={(event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        depth.current = 0
        setOver(false)
        onDrop(event.dataTransfer)
      }}
    >
      {children}
      {over && <div className="drop-zone-over">{label}</div>}
    </div>
  )
}
