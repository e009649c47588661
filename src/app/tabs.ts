// SPDX-License-Identifier: Apache-2.0
// The tabs in their order, and the code of each: every views/*/View.tsx is one,
// fetched when it is first opened, or before that, when there is time.
import { lazy, type ComponentType } from 'react'
import type { Tab } from '../model/view-state'

export type TabEntry = { id: Tab; title: string }

/** `prepare`: fetches what the view needs besides its code. */
type ViewModule = { default: ComponentType; prepare?: () => void }

const modules = import.meta.glob<ViewModule>('../views/*/View.tsx')
const fetched = new Map<Tab, ComponentType>()

export const tabs: readonly TabEntry[] = [
  { id: 'flame', title: 'Flame graph' },
  { id: 'timeline', title: 'Timeline' },
  { id: 'instructions', title: 'Instructions' },
  { id: 'blocks', title: 'Blocks' },
  { id: 'packets', title: 'Packets' },
  { id: 'files', title: 'Files' },
]

async function fetchView(id: Tab): Promise<ViewModule> {
  const load = modules[`../views/${id}/View.tsx`]
  if (!load) throw new Error(`This build has no ${id} view.`)
  const view = await load()
  fetched.set(id, view.default)
  return view
}

/** A view's component. Where its code is not there yet, one that suspends: React shows what follows that 300 ms later at the earliest. */
export const viewOf = (id: Tab): ComponentType => fetched.get(id) ?? lazy(() => fetchView(id))

/** Fetches the code of all views, so that the first jump into one does not wait for it. One that fails is tried again when it is opened. */
export function fetchViews(): void {
  for (const { id } of tabs)
    void fetchView(id).then(
      (view) => view.prepare?.(),
      () => undefined,
    )
}
