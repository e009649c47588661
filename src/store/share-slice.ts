// SPDX-License-Identifier: Apache-2.0
// The store's share slice: what the server can do, the upload under way, the
// shares made in this browser. Nothing is sent before `startShare`.
import type { StateCreator } from 'zustand'
import { readConfig } from '../share/api'
import { parseBundleValue } from '../share/bundle-link'
import { openShare } from '../share/download'
import { parseLink, parseShareValue } from '../share/link'
import { beginUpload, deleteShare, upload, uploadedOf, type UploadPlan } from '../share/upload'
import { forget, keep, readKept } from './kept-shares'
import type { ShareActions, ShareSlice, Store } from './types'

/** Where this page came from: the share server, if there is one. */
export const pageServer = (): string => new URL(import.meta.env.BASE_URL, location.href.split('#')[0]).href

const insecure =
  'This page came by http: from another machine, and browsers encrypt and decrypt only on secure pages: open it by https:, or on localhost.'

/** What a page without WebCrypto cannot do, as a sentence; empty on a secure page. */
const insecureSentence = (): string => (globalThis.isSecureContext ? '' : insecure)

export const emptyShare: ShareSlice = { server: 'unknown', upload: { state: 'none' }, kept: [] }

export const createShareSlice: StateCreator<Store, [], [], { share: ShareSlice } & ShareActions> = (set, get) => {
  let running: AbortController | null = null

  const change = (share: Partial<ShareSlice>) => set((store) => ({ share: { ...store.share, ...share } }))
  const refreshKept = async () => change({ kept: await readKept() })

  async function send(plan: UploadPlan, file: Blob, name: string): Promise<void> {
    const stop = new AbortController()
    running = stop
    change({ upload: { state: 'sending', name, bytesDone: 0, bytesTotal: file.size, waiting: '' } })
    await keep({ kind: 'upload', id: plan.id, plan, file, name, expires_ms: plan.expires_ms })
    try {
      const done = await upload(plan, file, {
        signal: stop.signal,
        onProgress: ({ bytesDone, bytesTotal, waiting }) => change({ upload: { state: 'sending', name, bytesDone, bytesTotal, waiting } }),
      })
      if (done.ok) {
        const { link, token, expires_ms } = done.value
        await keep({ kind: 'share', id: plan.id, server: plan.server, link, token, name, expires_ms })
        change({ upload: { state: 'done', id: plan.id, name, link, token, expires_ms } })
      } else change({ upload: { state: 'failed', sentence: done.error.sentence } })
    } catch (error) {
      if (!stop.signal.aborted) throw error
      change({ upload: { state: 'none' } })
    } finally {
      if (running === stop) running = null
    }
    await refreshKept()
  }

  return {
    share: emptyShare,
    lookForServer: async () => {
      const insecurePage = insecureSentence()
      const [config] = await Promise.all([insecurePage ? null : readConfig(pageServer()), refreshKept()])
      change({ server: config })
    },
    startShare: async ({ file, name, note, fileName, lives_s }) => {
      change({ upload: { state: 'sending', name: name || fileName, bytesDone: 0, bytesTotal: file.size, waiting: '' } })
      const plan = await beginUpload({ server: pageServer(), file, label: { name, note, file: fileName }, lives_s })
      if (plan.ok) await send(plan.value, file, name || fileName)
      else change({ upload: { state: 'failed', sentence: plan.error.sentence } })
    },
    resumeShare: async (id) => {
      const kept = get().share.kept.find((one) => one.id === id)
      if (kept?.kind === 'upload' && !running) await send(kept.plan, kept.file, kept.name)
    },
    stopShare: () => running?.abort(),
    newShare: () => change({ upload: { state: 'none' } }),
    deleteShared: async (id) => {
      const kept = get().share.kept.find((one) => one.id === id)
      if (!kept) return ''
      const { server, token } = kept.kind === 'share' ? kept : { server: kept.plan.server, token: uploadedOf(kept.plan).token }
      const deleted = await deleteShare(server, id, token)
      const gone = deleted.ok || ['deleted', 'expired', 'not-found'].includes(deleted.error.code)
      if (gone) await forget(id)
      await refreshKept()
      return gone || deleted.ok ? '' : deleted.error.sentence
    },
    deleteByToken: async (link, token) => {
      const parsed = parseLink(link)
      if (!parsed.ok) return parsed.error
      const { server, id } = parsed.value
      if (new URL(server).origin !== location.origin) return `That share is kept by ${new URL(server).host}: delete it there.`
      const deleted = await deleteShare(server, id, token.trim())
      if (!deleted.ok) return deleted.error.sentence
      await forget(id)
      await refreshKept()
      return ''
    },
    openLinked: async (value) => {
      const bytes = await parseBundleValue(value)
      if (!bytes.ok)
        return set((store) => ({ session: { ...store.session, status: store.session.info ? store.session.status : 'failed', failure: bytes.error } }))
      const name = 'bundle in the link.ptarmigan'
      await get().openFiles([{ file: new File([bytes.value], name), path: name }])
      set((store) => (store.session.info ? { session: { ...store.session, origin: `bundle=${value}` } } : store))
    },
    openShared: async (value) => {
      const fail = (failure: string) =>
        set((store) => ({ session: { ...store.session, status: store.session.info ? store.session.status : 'failed', failure } }))
      const parsed = parseShareValue(value)
      if (!parsed.ok) return fail(parsed.error)
      const insecurePage = insecureSentence()
      if (insecurePage) return fail(insecurePage)
      if (!get().session.info)
        set((store) => ({ session: { ...store.session, status: 'opening', fileName: 'the shared trace', failure: '' } }))
      const wasOpen = get().session.info !== null
      const opened = await openShare({ server: pageServer(), ...parsed.value })
      // Cancelled meanwhile.
      if (!wasOpen && get().session.status === 'empty') return
      if (!opened.ok) return fail(opened.error)
      const { label, file } = opened.value
      await get().openFiles([{ file, path: label.file }])
      set((store) => (store.session.info ? { session: { ...store.session, origin: `share=${value}` } } : store))
      const story = [label.name, label.note].filter((text) => text !== '').map((text) => text.replace(/[.\s]*$/, '.'))
      set((store) => ({ session: { ...store.session, story: story.join(' ') } }))
    },
  }
}
