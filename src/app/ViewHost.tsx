// SPDX-License-Identifier: Apache-2.0
// Shows the chosen view. Views that were open before keep their state, hidden
// and without asking the engine for anything.
import { Activity, Suspense, useState } from 'react'
import { useStore } from '../store'
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
                <Suspense fallback={<EmptyState title={`Opening ${title}…`} />}>
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
