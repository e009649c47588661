// SPDX-License-Identifier: Apache-2.0
// Ties the page's address to the view: a link is followed once its trace is
// open, the address follows the view, back and forward move between views.
import { useCallback, useEffect, useRef, useState } from 'react'
import { formatBytes } from '../lib/format'
import { openUrl } from '../lib/open-url'
import { assertNever } from '../lib/result'
import { initialViewState } from '../model/view-state'
import { fingerprint, formatLink, isNavigation, LINK_VERSION, parseLink, saysView, type Link, type TraceIdentity } from '../share/permalink'
import { markWork, sourceOf, useStore } from '../store'
import { linkedView, momentOfLink, viewOfLink } from './link-view'

const SETTLE_MS = 250

export type LinkState =
  | { state: 'none' }
  /** The link is of a trace that is not open yet. */
  | { state: 'waiting'; link: Link }
  /** Another trace than the link's was opened. */
  | { state: 'other'; link: Link; opened: TraceIdentity }

export type Links = {
  link: LinkState
  /** Shows the link's view in the trace that is open, whatever it is. */
  follow(): void
  dismiss(): void
  /** Sentence on a link of a newer build; empty for all others. */
  newer: string
  /** Files that the link names by address: under way, what is wrong with them. */
  remote: Remote
  /** Gives up what is under way, and the link. */
  cancelRemote(): void
}

export type Remote = { state: 'none' | 'opening' | 'failed' | 'open'; sentences: string[] }

const noRemote: Remote = { state: 'none', sentences: [] }
/** How far a download is, is told this often. */
const TELL_MS = 250

const tables = () => {
  const { info, threads, functions } = useStore.getState().session
  return { info, threads, functions }
}

/** What of a followed link goes on into the address: as long as its trace is the open one. */
type Kept = { of: unknown; others: [string, string][]; sources: Link['sources'] }
const nothingKept: Kept = { of: null, others: [], sources: null }

/** What is in view now as a link's fragment, without #; null while nothing is open. */
function currentFragment(identity: TraceIdentity | null, kept: Kept): string | null {
  const { view, session } = useStore.getState()
  if (!session.info) return null
  const { others, sources } = kept.of === session.file ? kept : nothingKept
  return formatLink({ sources, origin: session.origin, identity, view: linkedView(view, tables()), others })
}

/** The address of what is in view now; null while nothing is open. */
function currentLink(identity: TraceIdentity | null, kept: Kept): string | null {
  const fragment = currentFragment(identity, kept)
  const { href } = new URL(location.href.split('#')[0] ?? '', location.href)
  return fragment === null ? null : `${href}#${fragment}`
}

/** The identity of the open trace, once it is known. */
function useIdentity(): TraceIdentity | null {
  const file = useStore((store) => store.session.file)
  const fileName = useStore((store) => store.session.fileName)
  const [identity, setIdentity] = useState<{ of: unknown; identity: TraceIdentity } | null>(null)
  useEffect(() => {
    if (!file) return
    let current = true
    const source = sourceOf(fileName, file)
    fingerprint(source.size, (offset, length) => source.read(offset, length)).then(
      (print) => current && setIdentity({ of: file, identity: { name: fileName, size: source.size, print } }),
      () => undefined, // The engine tells of a file that cannot be read.
    )
    return () => {
      current = false
    }
  }, [file, fileName])
  return identity && identity.of === file ? identity.identity : null
}

/** One sentence on addresses that are being opened; a server without ranges sends all of the file before. */
function openingSentence(addresses: readonly string[], bytesDone: number, bytesTotal: number | null): string {
  const what = addresses.length === 1 ? addresses[0] : `${addresses.length} files`
  if (bytesDone === 0) return `Opening ${what}…`
  return `Downloading ${what}: ${formatBytes(bytesDone)}${bytesTotal === null ? '' : ` of ${formatBytes(bytesTotal)}`}…`
}

/** All of these, and how far they are, told while they are under way. */
async function openAll(addresses: readonly string[], tell: (sentence: string) => void, signal: AbortSignal) {
  const done = addresses.map((): { bytes: number; total: number | null } => ({ bytes: 0, total: null }))
  const show = () => {
    const bytes = done.reduce((sum, one) => sum + one.bytes, 0)
    const totals = done.filter((one) => one.bytes > 0).map(({ total }) => total)
    tell(openingSentence(addresses, bytes, totals.includes(null) ? null : totals.reduce<number>((sum, total) => sum + (total ?? 0), 0)))
  }
  show()
  const timer = setInterval(show, TELL_MS)
  try {
    return await Promise.all(addresses.map((address, row) => openUrl(address, location.origin, (bytes, total) => (done[row] = { bytes, total }), signal)))
  } finally {
    clearInterval(timer)
  }
}

/** Opens the files that a link names by address; each warning and failure is a sentence. */
function useRemote(link: LinkState): { remote: Remote; cancel(): void } {
  const [remote, setRemote] = useState(noRemote)
  const openFiles = useStore((store) => store.openFiles)
  const sources = link.state === 'waiting' ? link.link.sources : null
  const opened = useRef('')
  const given = useRef(new AbortController())
  useEffect(() => {
    const key = JSON.stringify(sources)
    if (!sources || opened.current === key) return
    opened.current = key
    const { signal } = (given.current = new AbortController())
    const done = markWork()
    void openAll([sources.trace, ...sources.elf], (sentence) => signal.aborted || setRemote({ state: 'opening', sentences: [sentence] }), signal)
      .then((answers) => {
        if (signal.aborted) return
        const files = answers.flatMap((answer) => (answer.ok ? [{ file: answer.value.file, path: answer.value.name }] : []))
        const sentences = answers.flatMap((answer) => (answer.ok ? (answer.value.warning ? [answer.value.warning] : []) : [answer.error]))
        const [trace] = answers
        setRemote({ state: trace?.ok ? 'open' : 'failed', sentences })
        return trace?.ok ? openFiles(files) : undefined
      })
      .finally(done)
  }, [sources, openFiles])
  const cancel = useCallback(() => {
    given.current.abort()
    opened.current = ''
    setRemote(noRemote)
  }, [])
  return { remote, cancel }
}

/** Applies a link's view; the flame's path when functions are known. */
function show(link: Link): void {
  const { showView, selectMoment } = useStore.getState()
  showView(viewOfLink(link.view, tables(), initialViewState))
  const moment = momentOfLink(link.view, tables())
  if (moment) void selectMoment(moment.thread, moment.time_ns, moment.nth)
}

export function useLinks(): Links & { copy(): Promise<boolean>; fragment(): string } {
  const [link, setLink] = useState<LinkState>(() => {
    const parsed = parseLink(location.hash)
    return parsed && (parsed.sources || saysView(parsed)) ? { state: 'waiting', link: parsed } : { state: 'none' }
  })
  const [newest, setNewest] = useState(LINK_VERSION)
  const identity = useIdentity()
  const { remote, cancel } = useRemote(link)
  const bundle = useStore((store) => store.bundle)
  const isOpen = useStore((store) => store.session.info !== null)
  const status = useStore((store) => store.session.status)
  /** Keys and sources of the link that was followed: the address keeps them. */
  const kept = useRef(nothingKept)

  const apply = useCallback((followed: Link) => {
    kept.current = { of: useStore.getState().session.file, others: followed.others, sources: followed.sources }
    setNewest(followed.version)
    show(followed)
    setLink({ state: 'none' })
  }, [])

  /** What links can be followed to: a trace that is there and decoded, for a flame's path needs the functions. */
  const opened = isOpen && (status === 'ready' || status === 'cancelled') ? identity : null
  useEffect(() => {
    if (link.state !== 'waiting' || !opened) return
    queueMicrotask(() => (isOf(link.link, opened) ? apply(link.link) : setLink({ state: 'other', link: link.link, opened })))
  }, [link, opened, apply])

  // Until then the page is not at rest: what it shows is about to change.
  const isComing = link.state === 'waiting' && isOpen
  useEffect(() => (isComing ? markWork() : undefined), [isComing])

  // A bundle brings its own view; a link that was followed to it goes first.
  useEffect(() => {
    const parsed = bundle && parseLink(bundle.view)
    if (!parsed) return
    const sourcesOf = (now: LinkState) => (now.state === 'waiting' ? now.link.sources : null)
    queueMicrotask(() =>
      setLink((now) => (now.state === 'waiting' && saysView(now.link) ? now : { state: 'waiting', link: { ...parsed, sources: sourcesOf(now) } })),
    )
  }, [bundle])

  useAddress(identity, link.state !== 'none', kept, (fragment) => {
    const parsed = parseLink(fragment)
    if (!parsed || !(parsed.sources || saysView(parsed))) return
    if (opened && !parsed.sources && isOf(parsed, opened)) apply(parsed)
    else setLink({ state: 'waiting', link: parsed })
  })

  return {
    link,
    remote,
    cancelRemote: () => {
      setLink({ state: 'none' })
      cancel()
    },
    newer: newest > LINK_VERSION ? `The link was made by a newer Ptarmigan (links of version ${newest}, this one knows ${LINK_VERSION}): some of its view may be missing.` : '',
    follow: () => link.state === 'other' && apply(link.link),
    dismiss: () => setLink({ state: 'none' }),
    // For the trace itself, wherever it came from.
    fragment: () => {
      const { view, session } = useStore.getState()
      return session.info ? formatLink({ sources: null, origin: '', identity, view: linkedView(view, tables()), others: [] }) : ''
    },
    copy: async () => {
      const text = currentLink(identity, kept.current)
      if (text === null) return false
      return navigator.clipboard.writeText(text).then(
        () => true,
        () => false,
      )
    },
  }
}

const isOf = (link: Link, trace: TraceIdentity): boolean => !link.identity || link.identity.print === trace.print

/** Writes the view into the address once it has settled, and hears of back, forward and links put in by hand. */
function useAddress(
  identity: TraceIdentity | null,
  waiting: boolean,
  kept: React.RefObject<Kept>,
  onFragment: (fragment: string) => void,
): void {
  const heard = useRef(onFragment)
  useEffect(() => {
    heard.current = onFragment
  })
  useEffect(() => {
    const hear = () => heard.current(location.hash)
    window.addEventListener('popstate', hear)
    return () => window.removeEventListener('popstate', hear)
  }, [])
  const view = useStore((store) => store.view)
  const status = useStore((store) => store.session.status)
  useEffect(() => {
    if (waiting || !identity || status === 'opening' || status === 'empty') return
    const timer = setTimeout(() => {
      const next = currentLink(identity, kept.current)
      if (next === null || next === location.href) return
      const before = parseLink(location.hash)
      const after = parseLink(new URL(next).hash)
      const step = before?.identity?.print === identity.print && after !== null && isNavigation(before.view, after.view)
      // The old entry keeps the range it was left with.
      if (step) history.pushState(null, '', next)
      else history.replaceState(null, '', next)
    }, SETTLE_MS)
    return () => clearTimeout(timer)
  }, [view, identity, waiting, status, kept])
}

/** One sentence on the link that waits. */
export function linkSentence(state: LinkState): string {
  switch (state.state) {
    case 'none':
      return ''
    case 'waiting':
      return state.link.identity ? `This link shows a view of ${named(state.link.identity)}. Open that file and the view appears.` : ''
    case 'other':
      return `The link shows a view of ${state.link.identity ? named(state.link.identity) : 'another trace'}; ${named(state.opened)} is another file.`
    default:
      return assertNever(state)
  }
}

const named = ({ name, size }: TraceIdentity): string => `${name || 'a trace'} (${size.toLocaleString('en')} bytes)`
