// SPDX-License-Identifier: Apache-2.0
// The one zustand store, put together from its slices.
import { create } from 'zustand'
import { engine } from './engine-access'
import { createLibrarySlice } from './library-slice'
import { createSessionSlice } from './session-slice'
import { createShareSlice } from './share-slice'
import { createThemeSlice } from './theme-slice'
import type { Store } from './types'
import { createViewSlice } from './view-slice'

export const useStore = create<Store>()((...tools) => ({
  ...createSessionSlice(...tools),
  ...createShareSlice(...tools),
  ...createLibrarySlice(...tools),
  ...createViewSlice(...tools),
  ...createThemeSlice(...tools),
}))

// What is in view is decoded first.
useStore.subscribe(({ view, session }, before) => {
  if (view.range !== before.view.range && session.status !== 'empty') void engine().then((from) => from.prefer(view.range))
})
