// SPDX-License-Identifier: Apache-2.0
// Which key does what, everywhere and in each view: what the sheet shows, and
// the mapping of the global ones.
import type { Tab } from '../model/view-state'
import { tabs } from './tabs'

export type Action =
  { kind: 'tab'; tab: Tab } | { kind: 'search' } | { kind: 'help' } | { kind: 'clear' } | { kind: 'widen' } | { kind: 'theme' } | { kind: 'share' } | { kind: 'copy-link' }
export type Press = { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean }

/** What a key means outside of text fields; null: nothing. */
export function actionOf({ key, ctrlKey, metaKey, altKey }: Press): Action | null {
  if (ctrlKey || metaKey || altKey) return null
  const tab = /^[1-9]$/.test(key) ? tabs[Number(key) - 1] : undefined
  if (tab) return { kind: 'tab', tab: tab.id }
  switch (key) {
    case '/':
      return { kind: 'search' }
    case '?':
      return { kind: 'help' }
    case 'Escape':
      return { kind: 'clear' }
    case 'z':
      return { kind: 'widen' }
    case 'S':
      return { kind: 'share' }
    case 'l':
      return { kind: 'copy-link' }
    case 't':
      return { kind: 'theme' }
    default:
      return null
  }
}

export const sheet: readonly { title: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    title: 'Everywhere',
    keys: [
      ['1 – 6', 'Open a tab'],
      ['/', 'Search'],
      ['Z', 'Widen the time range'],
      ['Escape', 'Clear the search, then the time range'],
      ['L', 'Copy a link to this view'],
      ['Shift S', 'Share'],
      ['T', 'Next theme'],
      ['?', 'This sheet'],
    ],
  },
  {
    title: 'Time range',
    keys: [
      ['Drag', 'Select, move or resize on the overview'],
      ['← →', 'Move the focused edge by 1%'],
      ['Shift ← →', 'By 10%'],
      ['Alt ← →', 'By 0.01%'],
      ['Double click', 'Whole trace'],
    ],
  },
  {
    title: 'Flame graph',
    keys: [
      ['← → ↑ ↓', 'Move between functions'],
      ['Enter, click', 'Zoom in'],
      ['Backspace', 'Zoom out to the caller'],
      ['Escape', 'Show all'],
    ],
  },
  {
    title: 'Timeline',
    keys: [
      ['W S, wheel', 'Zoom'],
      ['A D, ← →, drag', 'Pan'],
      ['Shift drag', 'Select a time range'],
      ['Shift ← → ↑ ↓', 'Move between calls'],
      ['M, Shift M', 'Next, last mark (samples, PT events)'],
      ['Enter, double click', 'Zoom to a call'],
      ['F', 'Fit the selection'],
      ['Home', 'Whole trace'],
    ],
  },
  {
    title: 'Tables',
    keys: [
      ['↑ ↓', 'Select the row above, below'],
      ['Page Up, Page Down', 'By a page'],
      ['Home End', 'First, last row'],
      ['Shift with these', 'Extend the selection'],
      ['Ctrl C', 'Copy the selected rows'],
      ['Enter, double click', 'Open the row'],
      ['P', 'Packet of the instruction'],
      ['B', 'Block of the instruction'],
    ],
  },
]
