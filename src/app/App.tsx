// SPDX-License-Identifier: Apache-2.0
// The page: start page or a trace with its frame and views; files may be
// dropped anywhere; global keys.
import { useEffect, useMemo, useRef, useState } from 'react'
import { traceDuration } from '../model/names'
import { useIdle, useStore } from '../store'
import { DropZone } from '../widgets/DropZone'
import { applyScheme } from '../widgets/theme'
import { Banners } from './Banners'
import { droppedFiles } from './open-files'
import { HandOver } from './HandOver'
import { LibraryDialog } from './LibraryDialog'
import { LinkBanner } from './LinkBanner'
import { RangeBar } from './RangeBar'
import { GuestDialog } from './GuestDialog'
import { RawDialog } from './RawDialog'
import { widenRange } from './range-layout'
import { ShareDialog } from './ShareDialog'
import { actionOf, type Action } from './shortcuts'
import { ShortcutsSheet } from './ShortcutsSheet'
import { StartPage } from './StartPage'
import { TabStrip } from './TabStrip'
import { nextTheme } from './ThemeToggle'
import { TopBar } from './TopBar'
import { missingImages } from './trace-facts'
import { fetchViews } from './tabs'
import { useUpdates, type Updates } from './use-updates'
import { useLinks, type Links } from './use-links'
import { useShareLink } from './use-share-link'
import { ViewHost } from './ViewHost'
import './App.css'

/** What tests wait for: no decoding and no question under way. */
function useIdleMark(): void {
  const idle = useIdle()
  const status = useStore((store) => store.session.status)
  const busy = !idle || status === 'opening' || status === 'decoding'
  useEffect(() => {
    document.documentElement.dataset.idle = String(!busy)
    document.documentElement.dataset.session = status
  }, [busy, status])
}

function useTheme(): void {
  const theme = useStore((store) => store.theme)
  useEffect(() => applyScheme(theme), [theme])
}

/** All views' code, once decoding leaves room for it. */
function useFetchedViews(): void {
  const status = useStore((store) => store.session.status)
  const isAtRest = status === 'ready' || status === 'cancelled'
  useEffect(() => {
    if (isAtRest) fetchViews()
  }, [isAtRest])
}

/** What Escape takes back: the search first, then the range. */
function clearOne(): void {
  const { view, setSearch, setRange } = useStore.getState()
  if (view.search !== '') setSearch('')
  else setRange(null)
}

function widen(): void {
  const { view, session, setRange } = useStore.getState()
  if (view.range) setRange(widenRange(view.range, traceDuration(session.info)))
}

const isTyping = (target: EventTarget | null) => target instanceof HTMLElement && target.closest('input, select, textarea, dialog') !== null

function useShortcuts(onAction: (action: Action) => unknown): void {
  const latest = useRef(onAction)
  useEffect(() => {
    latest.current = onAction
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return
      const action = actionOf(event)
      if (!action) return
      event.preventDefault()
      latest.current(action)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
}

type OpenTraceProps = { links: Links; updates: Updates; onHelp(): void; onShare(): void; onKeep(): void; searchRef: React.RefObject<HTMLInputElement | null> }

function OpenTrace({ links, updates, onHelp, onShare, onKeep, searchRef }: OpenTraceProps) {
  const images = useStore((store) => store.session.images)
  const queues = useStore((store) => store.session.queues)
  const missing = useMemo(
    () => missingImages(images, queues ? queues.aux_bytes.reduce((sum, bytes) => sum + bytes, 0) : 0),
    [images, queues],
  )
  return (
    <div className="app">
      <TopBar onHelp={onHelp} onShare={onShare} onKeep={onKeep} />
      <main>
        <TabStrip missing={missing?.count ?? 0} searchRef={searchRef} />
        <LinkBanner links={links} updates={updates} />
        <Banners missing={missing} />
        <RangeBar />
        <ViewHost />
      </main>
    </div>
  )
}

export function App() {
  const isOpen = useStore((store) => store.session.info !== null)
  const fileName = useStore((store) => store.session.fileName)
  const openFiles = useStore((store) => store.openFiles)
  const [help, setHelp] = useState(false)
  const search = useRef<HTMLInputElement>(null)
  useTheme()
  useFetchedViews()
  useIdleMark()
  const links = useLinks()
  const updates = useUpdates()
  const [sharing, setSharing] = useState(false)
  const [keeping, setKeeping] = useState(false)
  useShareLink()
  useShortcuts((action) => {
    const { setTab, theme, setTheme } = useStore.getState()
    switch (action.kind) {
      case 'help':
        return setHelp(true)
      case 'theme':
        return setTheme(nextTheme(theme))
      case 'search':
        return search.current?.focus()
      case 'clear':
        return clearOne()
      case 'widen':
        return widen()
      case 'share':
        return isOpen && setSharing(true)
      case 'copy-link':
        return isOpen && void links.copy()
      case 'tab':
        return isOpen && setTab(action.tab)
    }
  })
  useEffect(() => {
    document.title = isOpen ? `${fileName} · Ptarmigan` : 'Ptarmigan'
  }, [isOpen, fileName])
  return (
    <DropZone
      label={isOpen ? 'Drop to add binaries or open another trace' : 'Drop to open'}
      onDrop={(data) => void droppedFiles(data).then(openFiles)}
    >
      {isOpen ? (
        <OpenTrace links={links} updates={updates} onHelp={() => setHelp(true)} onShare={() => setSharing(true)} onKeep={() => setKeeping(true)} searchRef={search} />
      ) : (
        <>
          <LinkBanner links={links} updates={updates} />
          <StartPage />
        </>
      )}
      {sharing && isOpen && <ShareDialog onCopyLink={links.copy} onClose={() => setSharing(false)} />}
      {keeping && isOpen && <LibraryDialog view={links.fragment} onClose={() => setKeeping(false)} />}
      <RawDialog />
      <GuestDialog />
      <HandOver />
      {help && <ShortcutsSheet onClose={() => setHelp(false)} />}
    </DropZone>
  )
}
