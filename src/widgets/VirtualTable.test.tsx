// SPDX-License-Identifier: Apache-2.0
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useState } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { VirtualTable, type VirtualTableProps } from './VirtualTable'
import type { RowSelection } from './virtual-rows'

afterEach(cleanup)

const columns = [
  { id: 'number', title: 'Number', unit: 'rows', width: 80, sort: 'none' as const },
  { id: 'square', title: 'Square', width: 80, align: 'end' as const },
]

function Table(props: Partial<VirtualTableProps>) {
  const [selection, setSelection] = useState<RowSelection | null>(null)
  return (
    <VirtualTable
      label="Numbers"
      columns={columns}
      rowCount={1e10}
      cell={(row, column) => (column === 'number' ? `row ${row}` : row * row)}
      selection={selection}
      onSelect={setSelection}
      {...props}
    />
  )
}

const press = (...keys: string[]) => keys.forEach((key) => fireEvent.keyDown(screen.getByRole('grid'), { key }))
const selected = () => screen.getAllByRole('row', { selected: true }).map((row) => row.getAttribute('aria-rowindex'))

describe('VirtualTable', () => {
  it('makes only what is on screen and says how much there is', () => {
    render(<Table />)
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('10000000001')
    expect(screen.getByText('row 0')).toBeDefined()
    expect(screen.queryByText('row 30')).toBe(null)
  })
  it('goes to the very last row and back', () => {
    render(<Table />)
    press('End')
    expect(screen.getByText('row 9999999999')).toBeDefined()
    expect(selected()).toEqual(['10000000001'])
    press('ArrowUp', 'ArrowUp')
    expect(selected()).toEqual(['9999999999'])
    press('Home')
    expect(screen.getByText('row 0')).toBeDefined()
  })
  it('steps by exactly one row however many there are', () => {
    render(<Table />)
    press('End', 'PageUp', 'ArrowDown')
    const before = selected()
    press('ArrowDown')
    expect(Number(selected()[0]) - Number(before[0])).toBe(1)
  })
  it('extends the selection with shift', () => {
    render(<Table />)
    fireEvent.click(screen.getByText('row 2'))
    fireEvent.click(screen.getByText('row 4'), { shiftKey: true })
    expect(selected()).toEqual(['4', '5', '6'])
  })
  it('names the active row to assistive technology', () => {
    render(<Table />)
    press('ArrowDown')
    const id = screen.getByRole('grid').getAttribute('aria-activedescendant')
    expect(document.getElementById(id ?? '')?.textContent).toBe('row 00')
  })
  it('copies what its owner makes of the selection', () => {
    render(<Table onCopy={({ anchor, active }) => `${anchor} to ${active}`} />)
    fireEvent.click(screen.getByText('row 3'))
    const setData = vi.fn()
    fireEvent.copy(screen.getByRole('grid'), { clipboardData: { setData } })
    expect(setData).toHaveBeenCalledWith('text/plain', '3 to 3')
  })
  it('sorts by a click on a head and says the order', () => {
    const onSort = vi.fn()
    render(<Table onSort={onSort} />)
    fireEvent.click(screen.getByRole('button', { name: /Number/ }))
    expect(onSort).toHaveBeenCalledWith('number')
    expect(screen.getByRole('columnheader', { name: /Number/ }).getAttribute('aria-sort')).toBe('none')
  })
  it('activates with Enter and with a double click', () => {
    const onActivate = vi.fn()
    render(<Table onActivate={onActivate} />)
    press('ArrowDown', 'ArrowDown', 'Enter')
    fireEvent.doubleClick(screen.getByText('row 5'))
    expect(onActivate.mock.calls).toEqual([[1], [5]])
  })
  it('reveals a row that is asked for', () => {
    const { rerender } = render(<Table />)
    rerender(<Table reveal={{ row: 123_456_789 }} />)
    expect(screen.getByText('row 123456789')).toBeDefined()
  })
  it('shows a lead-in above its row and a full row in place of cells', () => {
    render(
      <Table leadIn={(row) => (row === 2 ? { height: 20, node: 'a gap' } : null)} fullRow={(row) => (row === 3 ? 'not here yet' : null)} />,
    )
    expect(screen.getByText('a gap').closest('[role=row]')?.nextElementSibling?.textContent).toBe('row 24')
    expect(screen.getByText('not here yet').getAttribute('aria-colspan')).toBe('2')
  })
  it('explains emptiness', () => {
    render(<Table rowCount={0} empty="There is nothing." />)
    expect(screen.getByText('There is nothing.')).toBeDefined()
    press('ArrowDown', 'End')
    expect(screen.queryAllByRole('row', { selected: true })).toEqual([])
  })
})

it('keeps the last row on screen when rows above turn out taller, as those that arrive after a jump do', () => {
  const { rerender } = render(<Table />)
  press('End')
  rerender(<Table leadIn={(row) => (row > 9_999_999_990 ? { height: 26, node: 'a gap' } : null)} />)
  const rows = [...document.querySelectorAll('.virtual-table-row')].map((row) => Number(row.getAttribute('aria-rowindex')))
  expect(rows.at(-1)).toBe(10_000_000_001)
  expect(rows.length).toBeLessThan(18)
})
