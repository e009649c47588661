// SPDX-License-Identifier: Apache-2.0
// The tabs in their order, and the code of each: every views/*/View.tsx is one,
// fetched when it is first opened, or before that, when there is time.
import { lazy, type ComponentType, type LazyExoticComponent } from 'react'
import type { Tab } from '../model/view-state'

export type TabEntry = { id: Tab; title: string; View: LazyExoticComponent<ComponentType> }

const modules = import.meta.glob<{ default: ComponentType }>('../views/*/View.tsx')

const titles: readonly (readonly [Tab, string])[] = [
  ['flame', 'Flame graph'],
  ['timeline', 'Timeline'],
  ['instructions', 'Instructions'],
  ['blocks', 'Blocks'],
  ['packets', 'Packets'],
  ['files', 'Files'],
]

const missing = (title: string) => () => Promise.reject(new Error(`This build has no ${title} view.`))

export const tabs: readonly TabEntry[] = titles.map(([id, title]) => ({
  id,
  title,
  View: lazy(modules[`../views/${id}/View.tsx`] ?? missing(title)),
}))

/** Fetches the code of all views, so that the first jump into one does not wait for it. One that fails is tried again when it is opened. */
export const fetchViews = (): void => Object.values(modules).forEach((load) => void load().catch(() => undefined))
