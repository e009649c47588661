// SPDX-License-Identifier: Apache-2.0
// The colour scheme in force and, for canvases, the values behind the tokens of
// theme.css. Knows the choice (system, light, dark), not where it is stored.
import { useSyncExternalStore } from 'react'

export type Scheme = 'light' | 'dark'
export type SchemeChoice = 'system' | Scheme

const tokens = {
  bg: '--bg',
  sunken: '--bg-sunken',
  raised: '--bg-raised',
  selected: '--bg-selected',
  text: '--text',
  muted: '--text-muted',
  faint: '--text-faint',
  line: '--line',
  lineStrong: '--line-strong',
  accent: '--accent',
  accentSoft: '--accent-soft',
  match: '--match',
  matchText: '--match-text',
  gapLost: '--gap-lost',
  gapLostFill: '--gap-lost-fill',
  gapOff: '--gap-off',
  gapOffFill: '--gap-off-fill',
  density: '--density',
  densityFill: '--density-fill',
  densityPending: '--density-pending',
} as const

/** Colours as a canvas understands them. */
export type Palette = { readonly [Name in keyof typeof tokens]: string } & {
  readonly scheme: Scheme
  readonly mono: string
  readonly ui: string
}

const dark = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : null
const watchers = new Set<() => void>()
let choice: SchemeChoice = 'system'
const palettes = new Map<Scheme, Palette>()

const notify = () => watchers.forEach((changed) => changed())
dark?.addEventListener('change', notify)

function scheme(): Scheme {
  if (choice !== 'system') return choice
  return dark?.matches ? 'dark' : 'light'
}

/** Puts the reader's choice in force. */
export function applyScheme(wanted: SchemeChoice): void {
  choice = wanted
  if (wanted === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = wanted
  notify()
}

// light-dark() is only resolved in a used property, hence the probe.
function readPalette(): Palette {
  const probe = document.createElement('span')
  document.body.append(probe)
  const color = (token: string) => {
    probe.style.color = `var(${token})`
    return getComputedStyle(probe).color
  }
  const colors = Object.fromEntries(Object.entries(tokens).map(([name, token]) => [name, color(token)])) as {
    [Name in keyof typeof tokens]: string
  }
  const font = (token: string) => getComputedStyle(document.documentElement).getPropertyValue(token) || 'sans-serif'
  const palette = { ...colors, scheme: scheme(), mono: font('--font-mono'), ui: font('--font-ui') }
  probe.remove()
  return palette
}

function palette(): Palette {
  const now = scheme()
  const known = palettes.get(now)
  if (known) return known
  const read = readPalette()
  palettes.set(now, read)
  return read
}

const subscribe = (changed: () => void) => {
  watchers.add(changed)
  return () => watchers.delete(changed)
}

/** The palette in force; the component draws again when it changes. */
export function usePalette(): Palette {
  useSyncExternalStore(subscribe, scheme)
  return palette()
}
