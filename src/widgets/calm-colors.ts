// SPDX-License-Identifier: Apache-2.0
// Colours for many boxes in a calm picture: a hue for the group (say, a binary),
// a shade of it for the item (say, a function). Same input, same colour.
import { hcl } from 'd3'
import type { Scheme } from './theme'

/** Hues far enough apart to be told apart at low chroma. */
const hues = [252, 160, 72, 310, 28, 125, 200, 345] as const
const SHADES = 8

export const boxText: Record<Scheme, string> = { light: '#1a1f26', dark: '#f1f3f5' }
export const neutralBox: Record<Scheme, string> = { light: '#d9dde2', dark: '#40474f' }

function shade(scheme: Scheme, hue: number, step: number): string {
  const turn = ((step % 4) - 1.5) * 11
  const lift = step < 4 ? 0 : 1
  return scheme === 'light'
    ? hcl(hue + turn, 21 - lift * 4, 80 + lift * 6).formatHex()
    : hcl(hue + turn, 23 + lift * 3, 34 + lift * 6).formatHex()
}

function table(scheme: Scheme): string[] {
  return hues.flatMap((hue) => Array.from({ length: SHADES }, (_, step) => shade(scheme, hue, step)))
}

const tables: Record<Scheme, string[]> = { light: table('light'), dark: table('dark') }

/** Spreads neighbouring numbers over the shades (Knuth's multiplicative hash). */
const spread = (item: number) => Math.imul(item + 1, 0x9e3779b1) >>> 29

/** Fill of a box; text on it is boxText[scheme]. */
export function calmColor(scheme: Scheme, group: number, item: number): string {
  const index = (group % hues.length) * SHADES + spread(item)
  return tables[scheme][index] ?? neutralBox[scheme]
}
