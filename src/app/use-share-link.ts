// SPDX-License-Identifier: Apache-2.0
// Opens what the page's address names or holds (#share=…, #bundle=…), at the
// start and when a link is put into an open page.
import { useEffect } from 'react'
import { useStore } from '../store'

export function useShareLink(): void {
  const openShared = useStore((store) => store.openShared)
  const openLinked = useStore((store) => store.openLinked)
  useEffect(() => {
    const look = () => {
      const parameters = new URLSearchParams(location.hash.slice(1))
      const share = parameters.get('share')
      const bundle = parameters.get('bundle')
      const { origin } = useStore.getState().session
      // The address goes on naming what is open: going back and forth in it opens nothing again.
      if (share !== null && origin !== `share=${share}`) void openShared(share)
      else if (share === null && bundle !== null && origin !== `bundle=${bundle}`) void openLinked(bundle)
    }
    look()
    window.addEventListener('hashchange', look)
    return () => window.removeEventListener('hashchange', look)
  }, [openShared, openLinked])
}
