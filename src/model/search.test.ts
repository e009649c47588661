// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { compileSearch, matchRows } from './search'

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
