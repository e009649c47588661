// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { initialViewState } from '../model/view-state'
import { makeTable } from '../test-support/make-table'
import { linkedView, viewOfLink } from './link-view'

test('a link says functions by their symbols, which no demangler changes', () => {
  const names = ['main', '_D3std5stdio7writelnFZv', '$s4main3fooyyF']
  const tables = (order: readonly string[]) => ({ info: null, threads: null, functions: makeTable('functions', [{}, ...order.map((name) => ({ name, image: 1 }))]) })
  const link = linkedView({ ...initialViewState, flamePath: [1, 2, 3], flameAt: [1, 2] }, tables(names))
  expect([link.flame, link.flameAt]).toEqual([names, names.slice(0, 2)])
  const view = viewOfLink(link, tables(names.toReversed()), initialViewState)
  expect([view.flamePath, view.flameAt]).toEqual([[3, 2, 1], [3, 2]])
})
