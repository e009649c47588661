// SPDX-License-Identifier: Apache-2.0
// Opens a file by its address: as a remote file when its server answers
// ranges, else downloaded whole, with a warning. A failure is a sentence that
// says what the owner of the server can do about it.
import { fetchRange, type RangeAnswer, type RemoteFile } from './remote-file'
import { fail, ok, type Result } from './result'

/** `warning` is empty, or a sentence for the reader. */
export type OpenedUrl = { name: string; file: File | RemoteFile; warning: string }
export type UrlProgress = (bytesDone: number, bytesTotal: number | null) => void

/** The last part of an address's path, for people. */
export function nameOfUrl(url: URL): string {
  const last = url.pathname.split('/').findLast((part) => part !== '') ?? url.host
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}

function corsSentence(url: URL, page: string): string {
  return (
    `${url.host} gave no answer that this page may read. Either it cannot be reached, or it does not allow pages of ${page} to read ` +
    `${nameOfUrl(url)} (CORS): it must send "Access-Control-Allow-Origin: ${page}" and "Access-Control-Expose-Headers: Content-Range, ETag".`
  )
}

function statusSentence(url: URL, status: number): string {
  const what = `${nameOfUrl(url)} could not be opened: ${url.host} answered HTTP ${status}`
  if (status === 401 || status === 403)
    return `${what}, access refused. A link must be readable without signing in, or carry its own signature.`
  if (status === 404 || status === 410) return `${what}, there is no such file (any more).`
  return `${what}.`
}

/** The address, or why it cannot be one; `page` is the origin that asks. */
export function parseUrl(text: string, page: string): Result<URL, string> {
  let url: URL
  try {
    url = new URL(text, page)
  } catch {
    return fail(`"${text}" is not an address: it should begin with https://.`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return fail(`${url.protocol} addresses cannot be opened, only https: and http:.`)
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (page.startsWith('https:') && url.protocol === 'http:' && !local)
    return fail(`${url.host} is asked by http:, which a page that came by https: may not read: use an https: address.`)
  return ok(url)
}

export async function openUrl(
  text: string,
  page: string,
  onProgress: UrlProgress = () => undefined,
  signal?: AbortSignal,
): Promise<Result<OpenedUrl, string>> {
  const parsed = parseUrl(text, page)
  if (!parsed.ok) return parsed
  const url = parsed.value
  const name = nameOfUrl(url)
  try {
    const probe = await fetchRange(url.href, 0, 1, signal)
    if (probe.status === 206 && !probe.headers.has('content-encoding')) {
      const total = totalOf(probe) ?? (await lengthOf(url, signal))
      if (total !== null) {
        const etag = probe.headers.get('etag') ?? ''
        return ok({ name, warning: '', file: { url: url.href, start: 0, size: total, total, etag, sealed: null } })
      }
    }
    if (probe.status !== 206 && probe.status !== 200 && probe.status !== 416) return fail(statusSentence(url, probe.status))
    return await download(url, onProgress, signal)
  } catch {
    if (signal?.aborted) return fail(`Opening ${name} was cancelled.`)
    return fail((await wasForbidden(url)) ? policySentence(url, page) : corsSentence(url, page))
  }
}

const forbidden = new Set<string>()
/** Hears of what the page's own policy does not let it read; nothing where there is none (Node). */
if (typeof document !== 'undefined')
  document.addEventListener('securitypolicyviolation', (event) => {
    if (event.effectiveDirective === 'connect-src' && URL.canParse(event.blockedURI)) forbidden.add(new URL(event.blockedURI).origin)
  })

/** The browser tells of a violation a moment after the request has failed. */
async function wasForbidden(url: URL): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 0))
  return forbidden.has(url.origin)
}

const policySentence = (url: URL, page: string): string =>
  `${page} lets this page open traces of some hosts only, and ${url.host} is none of them: open the file itself, or ask who runs ${page} (PTARMIGAN_OPEN_FROM).`

function totalOf({ headers }: RangeAnswer): number | null {
  const total = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1]
  return total === undefined ? null : Number(total)
}

/** For servers that hide Content-Range: the size by a whole answer that is not read. */
async function lengthOf(url: URL, signal?: AbortSignal): Promise<number | null> {
  const stop = new AbortController()
  const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal })
  const length = response.headers.get('content-length')
  stop.abort()
  return response.ok && length !== null && !response.headers.has('content-encoding') ? Number(length) : null
}

async function download(url: URL, onProgress: UrlProgress, signal?: AbortSignal): Promise<Result<OpenedUrl, string>> {
  const response = await fetch(url, { ...(signal && { signal }) })
  if (!response.ok) return fail(statusSentence(url, response.status))
  const name = nameOfUrl(url)
  const length = response.headers.get('content-length')
  const total = length === null || response.headers.has('content-encoding') ? null : Number(length)
  let done = 0
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      done += chunk.length
      onProgress(done, total)
      controller.enqueue(chunk)
    },
  })
  const blob = response.body ? await new Response(response.body.pipeThrough(count)).blob() : new Blob()
  if (total !== null && blob.size !== total) return fail(`${url.host} sent ${blob.size} of the ${total} bytes of ${name}: open it again.`)
  const warning = `${url.host} does not answer ranges, so all of ${name} was downloaded before it could be opened.`
  return ok({ name, file: new File([blob], name), warning })
}
