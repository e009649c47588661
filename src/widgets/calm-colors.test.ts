// SPDX-License-Identifier: Apache-2.0
import { lab } from 'd3'
import { expect, test } from 'vitest'
import { boxText, calmColor, neutralBox } from './calm-colors'
import type { Scheme } from './theme'

const channel = (value: number) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
function luminance(color: string): number {
  const { r, g, b } = lab(color).rgb()
  return 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255)
}
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

test.each<Scheme>(['light', 'dark'])('text on every box of the %s scheme has a contrast of at least 4.5', (scheme) => {
  const poor: string[] = []
  for (let group = 0; group < 8; group++)
    for (let item = 0; item < 64; item++) {
      const fill = calmColor(scheme, group, item)
      if (contrast(fill, boxText[scheme]) < 4.5) poor.push(fill)
    }
  if (contrast(neutralBox[scheme], boxText[scheme]) < 4.5) poor.push(neutralBox[scheme])
  expect(poor).toEqual([])
})
