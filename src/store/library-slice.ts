// SPDX-License-Identifier: Apache-2.0
// The store's library slice: traces kept in this browser, keeping the open one,
// opening and removing them.
import type { StateCreator } from 'zustand'
import { askToPersist, keepFiles, libraryWorks, listKept, openKept, removeKept, roomLeft } from './library'
import type { LibraryActions, LibrarySlice, Store } from './types'

export const emptyLibrary: LibrarySlice = {
  works: libraryWorks(),
  traces: [],
  room: { usedBytes: null, quotaBytes: null, persisted: false },
  copying: null,
  problem: '',
}

const sizeOf = (files: readonly { file: { size: number } }[]): number => files.reduce((sum, { file }) => sum + file.size, 0)

export const createLibrarySlice: StateCreator<Store, [], [], { library: LibrarySlice } & LibraryActions> = (set, get) => {
  let running: AbortController | null = null
  const change = (library: Partial<LibrarySlice>) => set((store) => ({ library: { ...store.library, ...library } }))
  const refresh = async () => {
    const [traces, room] = await Promise.all([listKept(), roomLeft()])
    change({ traces, room })
  }

  return {
    library: emptyLibrary,
    refreshLibrary: refresh,
    keepTrace: async (view) => {
      const { files, fileName, story, keptId } = get().session
      if (files.length === 0 || running) return
      const stop = new AbortController()
      running = stop
      const bytesTotal = sizeOf(files)
      change({ problem: '', copying: { bytesDone: 0, bytesTotal } })
      const made = await keepFiles(
        { name: fileName, files, view, story },
        (bytesDone) => change({ copying: { bytesDone, bytesTotal } }),
        stop.signal,
      )
      running = null
      change({ copying: null, problem: made.ok ? '' : made.error })
      if (made.ok && get().session.files === files) {
        // The newer copy takes the older one's place.
        if (keptId !== '') await removeKept(keptId)
        set((store) => ({ session: { ...store.session, keptId: made.value.id, keptFiles: files } }))
      }
      await refresh()
    },
    stopKeeping: () => running?.abort(),
    openKept: async (id) => {
      const trace = get().library.traces.find((one) => one.id === id)
      if (!trace) return
      const files = await openKept(trace)
      if (!files.ok) {
        change({ problem: files.error })
        return refresh()
      }
      change({ problem: '' })
      await get().openFiles(files.value)
      set((store) =>
        store.session.info === null
          ? store
          : { session: { ...store.session, keptId: id, keptFiles: store.session.files, story: store.session.story || trace.story } },
      )
    },
    removeKept: async (id) => {
      const problem = await removeKept(id)
      if (problem === '' && get().session.keptId === id) set((store) => ({ session: { ...store.session, keptId: '', keptFiles: null } }))
      change({ problem })
      await refresh()
    },
    persistLibrary: async () => {
      const persisted = await askToPersist()
      await refresh()
      return persisted
    },
  }
}
