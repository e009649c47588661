// SPDX-License-Identifier: Apache-2.0
// The row of tabs, and beside it what holds for all of them: thread and search.
import { useMemo, type RefObject } from 'react'
import { threadLabel, threadsInTime } from '../model/names'
import type { Tables } from '../model/tables.gen'
import { compileSearch } from '../model/search'
import { useStore } from '../store'
import { shortCount } from '../widgets/number-text'
import { SearchBox } from '../widgets/SearchBox'
import { tabs } from './tabs'
import './TabStrip.css'

/** How much is known of a thread: instructions, or else samples. */
function amountOf(threads: Tables['threads'] | null, row: number): string {
  const instructions = threads?.instructions[row] ?? 0
  const samples = threads?.samples[row] ?? 0
  return instructions > 0 || samples === 0 ? shortCount(instructions) : `${shortCount(samples)} samples`
}

function ThreadPicker() {
  const threads = useStore((store) => store.session.threads)
  const thread = useStore((store) => store.view.thread)
  const setThread = useStore((store) => store.setThread)
  const rows = useMemo(() => threadsInTime(threads), [threads])
  return (
    <select
      className="thread-picker"
      aria-label="Thread"
      value={thread ?? ''}
      onChange={(event) => setThread(event.target.value === '' ? null : Number(event.target.value))}
    >
      <option value="">All threads ({rows.length})</option>
      {rows.map((row) => (
        <option key={row} value={row}>
          {threadLabel(threads, row)} · {amountOf(threads, row)}
        </option>
      ))}
    </select>
  )
}

export function TabStrip({ missing, searchRef }: { missing: number; searchRef: RefObject<HTMLInputElement | null> }) {
  const tab = useStore((store) => store.view.tab)
  const setTab = useStore((store) => store.setTab)
  const search = useStore((store) => store.view.search)
  const setSearch = useStore((store) => store.setSearch)
  const compiled = useMemo(() => compileSearch(search), [search])
  const onKey = (event: React.KeyboardEvent) => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (by === 0) return
    event.preventDefault()
    event.stopPropagation()
    const next = tabs[(tabs.findIndex(({ id }) => id === tab) + by + tabs.length) % tabs.length]
    if (!next) return
    setTab(next.id)
    document.getElementById(`tab-${next.id}`)?.focus()
  }
  return (
    <div className="tab-row">
      <div className="tab-strip" role="tablist" aria-label="Views" onKeyDown={onKey}>
        {tabs.map(({ id, title }, index) => (
          <button
            key={id}
            id={`tab-${id}`}
            type="button"
            role="tab"
            aria-selected={id === tab}
            aria-controls="view-panel"
            tabIndex={id === tab ? 0 : -1}
            title={`${title} (${index + 1})`}
            onClick={() => setTab(id)}
          >
            {title}
            {id === 'files' && missing > 0 && (
              <span className="tab-badge">
                {missing}
                <span className="visually-hidden"> missing</span>
              </span>
            )}
          </button>
        ))}
      </div>
      <div className="tab-tools">
        <ThreadPicker />
        <SearchBox
          label="Search functions"
          placeholder="Search functions"
          value={search}
          onChange={setSearch}
          problem={compiled.ok ? '' : compiled.error}
          inputRef={searchRef}
        />
      </div>
    </div>
  )
}
