// SPDX-License-Identifier: Apache-2.0
// One choice of a few, side by side: a radio group to the keyboard. A choice
// that cannot be made stays focusable and says why.
import './Segmented.css'

export type Choice<Value extends string> = { value: Value; label: React.ReactNode; title?: string; disabledBecause?: string }

type Props<Value extends string> = { label: string; value: Value; choices: readonly Choice<Value>[]; onChange(value: Value): void }

export function Segmented<Value extends string>({ label, value, choices, onChange }: Props<Value>) {
  const move = (event: React.KeyboardEvent, by: number) => {
    event.preventDefault()
    event.stopPropagation()
    const open = choices.filter((choice) => !choice.disabledBecause)
    const now = open.findIndex((choice) => choice.value === value)
    const next = open[(now + by + open.length) % open.length]
    if (!next) return
    onChange(next.value)
    const buttons = event.currentTarget.querySelectorAll('button')
    buttons[choices.indexOf(next)]?.focus()
  }
  return (
    <div
      className="segmented"
      role="radiogroup"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === 'ArrowRight' || event.key === 'ArrowDown') move(event, 1)
        else if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') move(event, -1)
      }}
    >
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          role="radio"
          aria-checked={choice.value === value}
          aria-disabled={choice.disabledBecause ? true : undefined}
          title={choice.disabledBecause ?? choice.title}
          tabIndex={choice.value === value ? 0 : -1}
          onClick={() => !choice.disabledBecause && onChange(choice.value)}
        >
          {choice.label}
          {choice.disabledBecause && <span className="visually-hidden">: {choice.disabledBecause}</span>}
        </button>
      ))}
    </div>
  )
}
