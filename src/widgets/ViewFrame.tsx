// SPDX-License-Identifier: Apache-2.0
// The frame that list views share: a bar on top, the content, a strip about
// what is selected. Also the small pieces that stand in the bar. Domain-free.
import { useEffect, useId, useRef, useState } from 'react'
import type { FormEvent, ReactNode } from 'react'
import { Button } from './Button'
import './ViewFrame.css'

type FrameProps = {
  label: string
  bar: ReactNode
  /** A sentence under the bar: what is limited, what went wrong. */
  notice?: ReactNode
  detail?: ReactNode
  children: ReactNode
}

export function ViewFrame({ label, bar, notice, detail, children }: FrameProps) {
  return (
    <section className="view-frame" aria-label={label}>
      <div className="view-bar">{bar}</div>
      {notice ? <div className="view-notice">{notice}</div> : null}
      <div className="view-content">{children}</div>
      {detail ? <div className="view-detail">{detail}</div> : null}
    </section>
  )
}

/** Pushes what follows to the end of the bar. */
export const BarSpace = () => <span className="bar-space" />

type PickProps = {
  label: string
  value: string
  options: readonly { value: string; text: string }[]
  onPick(value: string): void
}

export function PickBox({ label, value, options, onPick }: PickProps) {
  return (
    <label className="bar-field">
      <span>{label}</span>
      <select className="bar-select" value={value} onChange={(event) => onPick(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </label>
  )
}

type JumpProps = {
  label: string
  placeholder: string
  hint: string
  /** Goes there; a sentence when it cannot. */
  onJump(text: string): string | Promise<string>
}

export function JumpBox({ label, placeholder, hint, onJump }: JumpProps) {
  const [text, setText] = useState('')
  const [failure, setFailure] = useState('')
  const id = useId()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() !== '') setFailure(await onJump(text))
  }
  return (
    <form className="jump-box" role="search" aria-label={label} onSubmit={(event) => void submit(event)}>
      <input
        className="bar-input"
        aria-label={label}
        aria-invalid={failure !== ''}
        aria-describedby={failure === '' ? undefined : id}
        placeholder={placeholder}
        title={hint}
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setText(event.target.value)
          setFailure('')
        }}
        onBlur={() => setFailure('')}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          setText('')
          setFailure('')
        }}
      />
      <Button type="submit">Go</Button>
      {failure === '' ? null : (
        <p id={id} className="jump-failure" role="alert">
          {failure}
        </p>
      )}
    </form>
  )
}

type MenuProps = {
  items: readonly { id: string; text: string }[]
  shown: ReadonlySet<string>
  onToggle(id: string): void
  /** More settings, below the columns. */
  children?: ReactNode
}

/** Which columns are shown. */
export function ColumnMenu({ items, shown, onToggle, children }: MenuProps) {
  const menu = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    const close = (event: Event) => {
      const node = menu.current
      if (node === null || !node.open || (event.target instanceof Node && node.contains(event.target))) return
      node.open = false
    }
    document.addEventListener('pointerdown', close)
    return () => document.removeEventListener('pointerdown', close)
  }, [])
  return (
    <details
      className="column-menu"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || menu.current === null) return
        menu.current.open = false
        menu.current.querySelector('summary')?.focus()
      }}
    >
      <summary className="button button-plain">Columns</summary>
      <div className="column-menu-list">
        {items.map((item) => (
          <label key={item.id}>
            <input type="checkbox" checked={shown.has(item.id)} onChange={() => onToggle(item.id)} />
            {item.text}
          </label>
        ))}
        {children}
      </div>
    </details>
  )
}
