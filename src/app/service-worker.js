// SPDX-License-Identifier: Apache-2.0
// The service worker: keeps the files of one build, so that the page works with
// the network off, and never more than asked for: no other host's answers, no
// data. A new build is fetched beside the old one and waits until the page says
// that it may take over. The two lines of placeholders are filled in by the
// build (vite.config.ts).
const VERSION = '__VERSION__'
const FILES = ['__FILES__']

const CACHE = `ptarmigan-${VERSION}`
const scope = self.registration.scope

self.addEventListener('install', (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE)
    // Past the HTTP cache: a stale file beside new ones would break the page.
    await cache.addAll(FILES.map((file) => new Request(new URL(file, scope), { cache: 'reload' })))
  }
  event.waitUntil(keep())
})

self.addEventListener('activate', (event) => {
  const clean = async () => {
    for (const name of await caches.keys()) if (name.startsWith('ptarmigan-') && name !== CACHE) await caches.delete(name)
    await self.clients.claim()
  }
  event.waitUntil(clean())
})

self.addEventListener('message', (event) => {
  if (event.data === 'take over') void self.skipWaiting()
})

/** Addresses of pages and their files. */
const pages = new Map([
  [scope, new URL('index.html', scope).href],
  [new URL('hand-over', scope).href, new URL('hand-over.html', scope).href],
])
const kept = new Set(FILES.map((file) => new URL(file, scope).href))

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || request.headers.has('range')) return
  const url = new URL(request.url)
  url.hash = ''
  url.search = ''
  const asked = pages.get(url.href) ?? url.href
  if (!kept.has(asked)) return
  event.respondWith(caches.open(CACHE).then(async (cache) => (await cache.match(asked)) ?? fetch(request)))
})
