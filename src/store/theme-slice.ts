// SPDX-License-Identifier: Apache-2.0
// The store's theme slice: the reader's choice, remembered in this browser.
import type { StateCreator } from 'zustand'
import type { Theme } from '../model/view-state'
import type { Store } from './types'

type ThemeSlice = { theme: Theme; setTheme(theme: Theme): void }

const KEY = 'ptarmigan-theme'

function remembered(): Theme {
  try {
    const theme = localStorage.getItem(KEY)
    return theme === 'light' || theme === 'dark' ? theme : 'system'
  } catch {
    return 'system' // storage is switched off
  }
}

export const createThemeSlice: StateCreator<Store, [], [], ThemeSlice> = (set) => ({
  theme: remembered(),
  setTheme: (theme) => {
    set({ theme })
    try {
      localStorage.setItem(KEY, theme)
    } catch {
      // Not remembered, but in force.
    }
  },
})
