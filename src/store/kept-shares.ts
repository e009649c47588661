// SPDX-License-Identifier: Apache-2.0
// What this browser remembers of shares made in it: links and delete tokens,
// and uploads that are not finished, with the bytes they began with. In
// IndexedDB; where that is switched off, nothing is remembered and all else works.
import { createStore, del, entries, set } from 'idb-keyval'
import type { UploadPlan } from '../share/upload'

export type KeptShare = { kind: 'share'; id: string; server: string; link: string; token: string; name: string; expires_ms: number }
export type KeptUpload = { kind: 'upload'; id: string; plan: UploadPlan; file: Blob; name: string; expires_ms: number }
export type Kept = KeptShare | KeptUpload

const database = () => createStore('ptarmigan-shares', 'kept')

/** Those that have not expired, the last to expire first. */
export async function readKept(now = Date.now()): Promise<Kept[]> {
  try {
    const all = (await entries<string, Kept>(database())).map(([, kept]) => kept)
    for (const { id, expires_ms } of all) if (expires_ms <= now) await del(id, database())
    return all.filter(({ expires_ms }) => expires_ms > now).toSorted((a, b) => b.expires_ms - a.expires_ms)
  } catch {
    return []
  }
}

/** Takes the place of what was kept under the same id. */
export async function keep(kept: Kept): Promise<void> {
  await set(kept.id, kept, database()).catch(() => undefined)
}

export async function forget(id: string): Promise<void> {
  await del(id, database()).catch(() => undefined)
}
