// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { oneOf, orderBy, someOf, yesOrNo } from './detail-codecs'

describe('settings of views', () => {
  it('are empty as a view begins', () => {
    expect([yesOrNo.format(false), oneOf('a', 'b').format('a'), orderBy(['x', 'y'], 'x').format({ column: 'x', direction: 'descending' })]).toEqual(['', '', ''])
  })
  it('come back as they went', () => {
    const order = orderBy(['x', 'y'], 'x')
    const some = someOf(['a', 'b', 'c'], () => new Set(['a']))
    expect(order.parse(order.format({ column: 'y', direction: 'ascending' }))).toEqual({ column: 'y', direction: 'ascending' })
    expect([...some.parse(some.format(new Set(['c', 'b'])))]).toEqual(['b', 'c'])
    expect([...some.parse(some.format(new Set()))]).toEqual([])
    expect(yesOrNo.parse(yesOrNo.format(true))).toBe(true)
  })
  it('of a newer build are read as far as they are known', () => {
    expect([...someOf(['a', 'b'], () => new Set(['a'])).parse('b,hologram')]).toEqual(['b'])
    expect([...someOf(['a', 'b'], () => new Set(['a'])).parse('hologram')]).toEqual(['a'])
    expect(oneOf('a', 'b').parse('hologram')).toBe('a')
    expect(orderBy(['x', 'y'], 'x').parse('hologram.up')).toEqual({ column: 'x', direction: 'descending' })
  })
})
