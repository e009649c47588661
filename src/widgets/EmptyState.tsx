// SPDX-License-Identifier: Apache-2.0
// What stands where a picture would be: why there is none and what to do.
import type { ReactNode } from 'react'
import './EmptyState.css'

export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty-state">
      <h3>{title}</h3>
      {children && <div>{children}</div>}
    </div>
  )
}
