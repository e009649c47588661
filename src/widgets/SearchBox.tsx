// SPDX-License-Identifier: Apache-2.0
// A search field with its magnifier, a clear button and room for a hint.
import type { Ref } from 'react'
import { IconButton } from './Button'
import { Icon } from './icons'
import './SearchBox.css'

type Props = {
  label: string
  placeholder: string
  value: string
  onChange(value: string): void
  /** A sentence when the search cannot be understood. */
  problem?: string
  inputRef?: Ref<HTMLInputElement>
}

export function SearchBox({ label, placeholder, value, onChange, problem = '', inputRef }: Props) {
  return (
    <div className="search-box" data-problem={problem !== ''} title={problem || undefined}>
      <Icon name="search" size={14} />
      <input
        ref={inputRef}
        type="text"
        role="searchbox"
        aria-label={label}
        aria-invalid={problem !== ''}
        placeholder={placeholder}
        value={value}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          if (value === '') event.currentTarget.blur()
          else onChange('')
        }}
      />
      {value !== '' ? <IconButton icon="close" label="Clear the search" onClick={() => onChange('')} /> : <kbd aria-hidden="true">/</kbd>}
    </div>
  )
}
