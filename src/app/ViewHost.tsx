// SPDX-License-Identifier: Apache-2.0
// Shows the chosen view. Views that were open before keep their state, hidden
// and without asking the engine for anything.
import { Activity, Suspense, useEffect, useState } from 'react'
import { markWork, useStore } from '../store'
import { EmptyState } from '../widgets/EmptyState'
import { ErrorBoundary } from './ErrorBoundary'
import { tabs } from './tabs'
import './ViewHost.css'

export function ViewHost() {
  const tab = useStore((store) => store.view.tab)
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set([tab]))
  if (!opened.has(tab)) setOpened(new Set(opened).add(tab))
  return (
    <div id="view-panel" className="view-host" role="tabpanel" aria-labelledby={`tab-${tab}`}>
      {tabs.map(({ id, title, View }) =>
        opened.has(id) ? (
          <Activity key={id} mode={id === tab ? 'visible' : 'hidden'}>
            <div className="view-slot">
              <ErrorBoundary name={title}>
                <Suspense fallback={<Opening title={title} />}>
                  <View />
                </Suspense>
              </ErrorBoundary>
            </div>
          </Activity>
        ) : null,
      )}
    </div>
  )
}

/** Shown while a view's code is on its way; the page is not idle meanwhile. */
function Opening({ title }: { title: string }) {
  useEffect(() => markWork(), [])
  return <EmptyState title={`Opening ${title}…`} />
}
