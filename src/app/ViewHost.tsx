// SPDX-License-Identifier: Apache-2.0
// Shows the chosen view. Views that were open before keep their state, hidden
// and without asking the engine for anything.
import { Activity, Suspense, useEffect, useState, type ComponentType } from 'react'
import type { Tab } from '../model/view-state'
import { markWork, useStore } from '../store'
import { EmptyState } from '../widgets/EmptyState'
import { ErrorBoundary } from './ErrorBoundary'
import { tabs, viewOf } from './tabs'
import './ViewHost.css'

export function ViewHost() {
  const tab = useStore((store) => store.view.tab)
  const [opened, setOpened] = useState<ReadonlyMap<Tab, ComponentType>>(() => new Map([[tab, viewOf(tab)]]))
  if (!opened.has(tab)) setOpened(new Map(opened).set(tab, viewOf(tab)))
  return (
    <div id="view-panel" className="view-host" role="tabpanel" aria-labelledby={`tab-${tab}`}>
      {tabs.map(({ id, title }) => {
        const View = opened.get(id)
        return View ? (
          <Activity key={id} mode={id === tab ? 'visible' : 'hidden'}>
            <div className="view-slot">
              <ErrorBoundary name={title}>
                <Suspense fallback={<Opening title={title} />}>
                  <View />
                </Suspense>
              </ErrorBoundary>
            </div>
          </Activity>
        ) : null
      })}
    </div>
  )
}

/** Shown while a view's code is on its way; the page is not idle meanwhile. */
function Opening({ title }: { title: string }) {
  useEffect(() => markWork(), [])
  return <EmptyState title={`Opening ${title}…`} />
}
