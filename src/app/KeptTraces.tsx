// SPDX-License-Identifier: Apache-2.0
// The list of traces kept in this browser, with what they take and the room
// there is: on the start page and in the library dialog.
import { useEffect, useState } from 'react'
import { formatBytes } from '../lib/format'
import { useStore } from '../store'
import { Button } from '../widgets/Button'
import { Icon } from '../widgets/icons'
import { dateText } from './share-text'
import './KeptTraces.css'

/** Opens what the list's rows say, with the view it was kept with. */
export function useOpenKept(): (id: string) => Promise<void> {
  const openKept = useStore((store) => store.openKept)
  return async (id) => {
    const view = useStore.getState().library.traces.find((trace) => trace.id === id)?.view ?? ''
    await openKept(id)
    // The address says what to show (use-links.ts hears of it).
    if (view !== '' && useStore.getState().session.keptId === id) location.hash = view
  }
}

export function Room() {
  const { usedBytes, quotaBytes, persisted } = useStore((store) => store.library.room)
  const persistLibrary = useStore((store) => store.persistLibrary)
  const [refused, setRefused] = useState(false)
  if (usedBytes === null || quotaBytes === null) return null
  return (
    <div className="kept-room">
      <p>
        {formatBytes(usedBytes)} of {formatBytes(quotaBytes)} that the browser gives this site are used.{' '}
        {persisted
          ? 'The browser keeps them until you remove them.'
          : refused
            ? 'The browser did not agree: it may clear them when the disk runs full.'
            : 'It may clear them by itself when the disk runs full.'}
      </p>
      {!persisted && !refused && (
        <Button kind="quiet" onClick={() => void persistLibrary().then((agreed) => setRefused(!agreed))}>
          Ask it not to
        </Button>
      )}
    </div>
  )
}

/** `open`: shows it and closes what is around the list. */
export function KeptList({ onOpen }: { onOpen(id: string): void }) {
  const traces = useStore((store) => store.library.traces)
  const openId = useStore((store) => store.session.keptId)
  const removeKept = useStore((store) => store.removeKept)
  return (
    <ul className="kept-list" aria-label="Kept traces">
      {traces.map(({ id, name, bytes, kept_ms, files }) => (
        <li key={id}>
          <button type="button" className="kept-open" onClick={() => onOpen(id)} title={files.map(({ path }) => path).join('\n')}>
            <Icon name="file" size={14} />
            <span className="kept-name">{name}</span>
            {id === openId && <span className="kept-is-open">open</span>}
          </button>
          <span className="kept-facts">
            {formatBytes(bytes)} · {files.length === 1 ? '1 file' : `${files.length} files`} · {dateText(kept_ms)}
          </span>
          <Button kind="quiet" onClick={() => void removeKept(id)} aria-label={`Remove ${name}`}>
            Remove
          </Button>
        </li>
      ))}
    </ul>
  )
}

export function KeptProblem() {
  const problem = useStore((store) => store.library.problem)
  return problem === '' ? null : (
    <p className="kept-problem" role="alert">
      {problem}
    </p>
  )
}

/** Nothing while nothing is kept. */
export function KeptOnStart() {
  const count = useStore((store) => store.library.traces.length)
  const problem = useStore((store) => store.library.problem)
  const refreshLibrary = useStore((store) => store.refreshLibrary)
  const open = useOpenKept()
  useEffect(() => void refreshLibrary(), [refreshLibrary])
  if (count === 0 && problem === '') return null
  return (
    <section aria-labelledby="start-kept">
      <h2 id="start-kept">Kept in this browser</h2>
      <KeptProblem />
      <KeptList onOpen={(id) => void open(id)} />
      <Room />
    </section>
  )
}
