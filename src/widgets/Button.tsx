// SPDX-License-Identifier: Apache-2.0
// Buttons: plain, primary, quiet (no frame until hovered) and icon only.
import type { ButtonHTMLAttributes } from 'react'
import { Icon, type IconName } from './icons'
import './Button.css'

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { kind?: 'plain' | 'primary' | 'quiet'; icon?: IconName }

export function Button({ kind = 'plain', icon, className = '', children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={`button button-${kind} ${className}`} {...rest}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </button>
  )
}

/** `label` is its accessible name and its tooltip. */
export function IconButton({
  icon,
  label,
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { icon: IconName; label: string }) {
  return (
    <button type="button" className={`button button-quiet button-icon ${className}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  )
}
