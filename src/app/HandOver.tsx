// SPDX-License-Identifier: Apache-2.0
// Takes traces from the page that opened this one (hand-over.ts): asks the
// reader first, naming who it is from.
import { useCallback, useEffect, useState } from 'react'
import { formatBytes } from '../lib/format'
import { useStore } from '../store'
import { Button } from '../widgets/Button'
import { Dialog } from '../widgets/Dialog'
import { HAND_OVER_VERSION, kindOf, originText, readOpen, type HandedOver } from './hand-over'
import './KeptTraces.css'

type Offer = { origin: string; from: Window; handed: HandedOver }

const MOST_NAMES = 6

/** A page without an origin of its own cannot be named as the one to answer. */
const answer = ({ from, origin }: Pick<Offer, 'from' | 'origin'>, message: unknown) => from.postMessage(message, origin === 'null' ? '*' : origin)

function useOffer(): [Offer | null, () => void] {
  const [offer, setOffer] = useState<Offer | null>(null)
  useEffect(() => {
    const { opener } = window as { opener: Window | null }
    if (!opener) return
    const hear = (event: MessageEvent<unknown>) => {
      const kind = event.source === opener ? kindOf(event.data) : null
      const to = { from: opener, origin: event.origin }
      if (kind === 'ping') answer(to, { ptarmigan: 'ready', version: HAND_OVER_VERSION })
      if (kind !== 'open') return
      const handed = readOpen(event.data)
      if (handed.ok) setOffer((now) => now ?? { ...to, handed: handed.value })
      else answer(to, { ptarmigan: 'refused', sentence: handed.error })
    }
    window.addEventListener('message', hear)
    // Says nothing but that the page is there: whoever opened it may know.
    opener.postMessage({ ptarmigan: 'ready', version: HAND_OVER_VERSION }, '*')
    return () => window.removeEventListener('message', hear)
  }, [])
  return [offer, useCallback(() => setOffer(null), [])]
}

export function HandOver() {
  const [offer, done] = useOffer()
  const openFiles = useStore((store) => store.openFiles)
  const isOpen = useStore((store) => store.session.info !== null)
  if (!offer) return null
  const { origin, handed } = offer
  const take = () => {
    done()
    void openFiles(handed.files).then(() => {
      const { info, failure } = useStore.getState().session
      if (info && handed.view !== '') location.hash = handed.view
      answer(offer, info ? { ptarmigan: 'opened' } : { ptarmigan: 'refused', sentence: failure })
    })
  }
  const refuse = () => {
    done()
    answer(offer, { ptarmigan: 'refused', sentence: 'The reader did not want it.' })
  }
  const bytes = handed.files.reduce((sum, { file }) => sum + file.size, 0)
  const names = handed.files.slice(0, MOST_NAMES).map(({ path }) => path)
  return (
    <Dialog title="Open what another page hands over?" onClose={refuse}>
      <div className="kept">
        <p>
          <strong>{originText(origin)}</strong> wants to open {handed.files.length === 1 ? 'a file' : `${handed.files.length} files`} here (
          {formatBytes(bytes)}). It stays in this tab, as if you had dropped it; the other page cannot see what you do with it.
          {isOpen && ' The trace that is open now is closed.'}
        </p>
        <ul className="hand-over-files">
          {names.map((name) => (
            <li key={name}>{name}</li>
          ))}
          {handed.files.length > names.length && <li>and {handed.files.length - names.length} more</li>}
        </ul>
        <div className="share-buttons">
          <Button kind="primary" onClick={take}>
            Open
          </Button>
          <Button onClick={refuse}>Do not open</Button>
        </div>
      </div>
    </Dialog>
  )
}
