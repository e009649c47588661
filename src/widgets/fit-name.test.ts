// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { fitName } from './fit-name'

const forms = (name: string, ...rooms: number[]) => rooms.map((room) => fitName(name, room)).join(' | ')

test('arguments, templates and scopes go before the name is cut', () => {
  expect(forms('book::Index<int, long>::insert(unsigned long) const', 99, 40, 30, 20, 15, 6, 4, 1)).toBe(
    'book::Index<int, long>::insert(unsigned long) const | book::Index<int, long>::insert | book::Index<int, long>::insert | book::Index::insert | Index::insert | insert | ins… | ',
  )
})

test('brackets that belong to the name stay', () => {
  expect(forms('(anonymous namespace)::run(int)', 30, 10)).toBe('(anonymous namespace)::run | run')
  expect(forms('operator new(unsigned long)', 12)).toBe('operator ne…')
  expect(forms('[libc.so.6+0x1234]', 10)).toBe('[libc.so.…')
  expect(forms('core::ptr::drop_in_place::h1a2b', 20)).toBe('drop_in_place::h1a2b')
})
