// SPDX-License-Identifier: Apache-2.0
// The store's door: views and app import this file only; behind it is their
// only way to the engine.
export { exportBundle, type BundleFile } from './bundle'
export { sourceOf } from './open-bundle'
export { setEngine } from './engine-access'
export { markWork } from './pending'
export { useStore } from './store'
export { useDetail, useKept, useKeptScroll, useKeptTop } from './use-detail'
export { askAhead, useIdle, useTable } from './use-table'
export { showVisit } from './visit-of'
export type * from './types'
export type { ImageOutcome, Progress } from '../engine/protocol'
