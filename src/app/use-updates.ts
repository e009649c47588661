// SPDX-License-Identifier: Apache-2.0
// Keeps the page for use without network, and hears of a new version. It takes
// over only when the reader says so: a trace that is open stays open.
import { useCallback, useEffect, useState } from 'react'

export type Updates = { ready: boolean; takeOver(): void }

export function useUpdates(): Updates {
  const [waiting, setWaiting] = useState<ServiceWorker | null>(null)
  useEffect(() => {
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
    let stopped = false
    const watch = (registration: ServiceWorkerRegistration) => {
      const look = () => {
        // The first one ever has nothing to replace.
        if (!stopped && registration.waiting && navigator.serviceWorker.controller) setWaiting(registration.waiting)
      }
      look()
      registration.addEventListener('updatefound', () => {
        registration.installing?.addEventListener('statechange', look)
      })
    }
    navigator.serviceWorker.register(`${import.meta.env.BASE_URL}service-worker.js`).then(watch, () => undefined)
    return () => {
      stopped = true
    }
  }, [])
  const takeOver = useCallback(() => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
    waiting?.postMessage('take over')
  }, [waiting])
  return { ready: waiting !== null, takeOver }
}
