// SPDX-License-Identifier: Apache-2.0
// A line across the page that tells something and may offer what to do.
import type { ReactNode } from 'react'
import { IconButton } from './Button'
import { Icon } from './icons'
import './Banner.css'

type Props = { kind: 'danger' | 'warn' | 'note'; children: ReactNode; actions?: ReactNode; onClose?: () => void }

export function Banner({ kind, children, actions, onClose }: Props) {
  return (
    <div className={`banner banner-${kind}`} role={kind === 'danger' ? 'alert' : 'status'}>
      <Icon name={kind === 'note' ? 'info' : 'warning'} size={14} />
      <div className="banner-text">{children}</div>
      {actions}
      {onClose && <IconButton icon="close" label="Hide this message" onClick={onClose} />}
    </div>
  )
}
