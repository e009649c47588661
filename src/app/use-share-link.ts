// SPDX-License-Identifier: Apache-2.0
// Opens the share that the page's address names (#share=…), at the start and
// when a link is put into an open page.
import { useEffect } from 'react'
import { useStore } from '../store'

export function useShareLink(): void {
  const openShared = useStore((store) => store.openShared)
  useEffect(() => {
    const look = () => {
      const value = new URLSearchParams(location.hash.slice(1)).get('share')
      if (value !== null) void openShared(value)
    }
    look()
    window.addEventListener('hashchange', look)
    return () => window.removeEventListener('hashchange', look)
  }, [openShared])
}
