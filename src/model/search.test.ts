// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { makeTable } from '../test-support/make-table'
import { compileSearch, findFunctions, matchRows } from './search'

const names = ['main', 'book::Match', 'match_all', 'free']

function found(search: string): string {
  const compiled = compileSearch(search)
  if (!compiled.ok) return compiled.error
  const rows = matchRows(compiled.value, names.length, (row) => names[row] ?? '')
  return rows ? names.filter((_, row) => rows[row]).join(' ') : 'everything'
}

test('text is found without regard to case', () => {
  expect(found(' MATCH ')).toBe('book::Match match_all')
  expect(found('::')).toBe('book::Match')
  expect(found('nothing')).toBe('')
})

test('a regular expression stands between slashes', () => {
  expect(found('/^ma/')).toBe('main match_all')
  expect(found('/M/i')).toBe('main book::Match match_all')
  expect(found('/(/')).toMatch(/^This is not a regular expression: /)
})

test('an empty search finds no one in particular', () => {
  expect(found('  ')).toBe('everything')
})

test('functions are found by the name that is shown and by that of the symbol', () => {
  const functions = makeTable('functions', [{}, { name: '_D3std5stdio7writelnFZv', image: 1 }, { name: '$s4main3fooyyF', image: 1 }, { name: 'main', image: 1 }])
  const searched = (search: string) => {
    const compiled = compileSearch(search)
    return compiled.ok ? findFunctions(compiled.value, { functions, images: null }) : null
  }
  expect(['stdio.writeln', '/^_D3std/', 'main', '4main3foo', '/^$/'].map((search) => [...(searched(search) ?? [])].join(''))).toEqual(['0100', '0100', '0011', '0010', '0000'])
  expect(searched('')).toBe(null)
})
