// SPDX-License-Identifier: Apache-2.0
// Shares in S3-compatible storage. Browsers send parts and read ranges there
// themselves, by presigned URLs; this server only signs, and keeps the records:
//
//   PREFIX/records/ID.json          the record
//   PREFIX/data/ID                  the sealed object, once complete (a multipart upload until then)
//   PREFIX/index/DUE-BYTES-ID       empty: a listing tells what is due and what the quota holds
//
// One PUT replaces an object as a whole; the record is written before the index
// loses its old entry, so a crash in between leaves at most an entry too many.
import { AwsClient } from 'aws4fetch'
import { ID_PATTERN, partCount, partRange } from '../share/wire'
import { bytesOf, dueOf, parseRecord, type LiveRecord, type ShareRecord, type ShareStore, type StoreEntry } from './store'

export type S3Options = {
  endpoint: string
  bucket: string
  prefix: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

const UPLOAD_URL_S = 3600
const READ_URL_S = 3600
const ATTEMPTS = 3

const texts = (xml: string, tag: string): string[] =>
  [...xml.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map((match) => plain(match[1] ?? ''))

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const plain = (xml: string): string =>
  xml.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16))
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
      return entities[name ?? ''] ?? whole
    },
  )

/** Due times sort as their text does. */
const entryKey = ({ id, bytes, due_ms }: StoreEntry): string => `index/${due_ms.toString(16).padStart(12, '0')}-${bytes.toString(16)}-${id}`

export class S3Store implements ShareStore {
  readonly name: string
  readonly origins: readonly string[]
  private readonly client: AwsClient
  private readonly base: string
  private readonly prefix: string

  constructor(options: S3Options) {
    const { endpoint, bucket, prefix, region, accessKeyId, secretAccessKey, sessionToken } = options
    this.client = new AwsClient({ accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }), service: 's3', region, retries: 0 })
    this.base = `${endpoint.replace(/\/$/, '')}/${bucket}`
    this.prefix = prefix === '' ? '' : `${prefix}/`
    this.name = `s3://${bucket}/${prefix} at ${new URL(endpoint).host}`
    this.origins = [new URL(endpoint).origin]
  }

  private url(key: string, query: Record<string, string> = {}): string {
    const url = new URL(`${this.base}/${this.prefix}${key}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url.href
  }

  /** Asks the storage; an answer that is neither good nor one of `expected` is an error without secrets in it. */
  private async ask(method: string, url: string, expected: readonly number[] = [], body?: string): Promise<Response> {
    let problem = ''
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        const response = await this.client.fetch(url, { method, ...(body !== undefined && { body }) })
        if (response.ok || expected.includes(response.status)) return response
        const [code] = texts(await response.text(), 'Code')
        problem = `HTTP ${response.status}${code ? ` ${code}` : ''}`
        if (response.status < 500) break
      } catch (error) {
        problem = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      }
    }
    throw new Error(`the object storage refused ${method} (${problem})`)
  }

  async readRecord(id: string): Promise<ShareRecord | null> {
    const response = await this.ask('GET', this.url(`records/${id}.json`), [404])
    const text = await response.text()
    return response.ok ? parseRecord(text) : null
  }

  private indexKey(id: string, record: ShareRecord): string {
    return entryKey({ id, bytes: bytesOf(record), due_ms: dueOf(record) })
  }

  async writeRecord(id: string, record: ShareRecord, before: ShareRecord | null): Promise<void> {
    await this.ask('PUT', this.url(this.indexKey(id, record)), [], '')
    await this.ask('PUT', this.url(`records/${id}.json`), [], JSON.stringify(record))
    if (before && this.indexKey(id, before) !== this.indexKey(id, record))
      await this.ask('DELETE', this.url(this.indexKey(id, before)), [404])
  }

  async begin(id: string): Promise<string> {
    const response = await this.ask('POST', this.url(`data/${id}`, { uploads: '' }))
    const [upload] = texts(await response.text(), 'UploadId')
    if (!upload) throw new Error('the object storage began no upload')
    return upload
  }

  /** Number, size and ETag of each part that has arrived. */
  private async listParts(id: string, record: LiveRecord): Promise<{ number: number; size: number; etag: string }[]> {
    const parts: { number: number; size: number; etag: string }[] = []
    for (let after = '0'; ;) {
      const query = { uploadId: record.upload, 'part-number-marker': after, 'max-parts': '1000' }
      const response = await this.ask('GET', this.url(`data/${id}`, query), [404])
      const xml = await response.text()
      if (!response.ok) return parts
      for (const [, part = ''] of xml.matchAll(/<Part>([\s\S]*?)<\/Part>/g))
        parts.push({
          number: Number(texts(part, 'PartNumber')[0]),
          size: Number(texts(part, 'Size')[0]),
          etag: texts(part, 'ETag')[0] ?? '',
        })
      const next = texts(xml, 'NextPartNumberMarker')[0] ?? ''
      if (texts(xml, 'IsTruncated')[0] !== 'true' || next === after || next === '') return parts
      after = next
    }
  }

  async receivedParts(id: string, record: LiveRecord): Promise<Set<number>> {
    const whole = await this.sizeOf(id)
    const count = partCount(record.bytes, record.partBytes)
    // Complete already, by a server that died before it could write so down.
    if (whole === record.bytes) return new Set(Array.from({ length: count }, (_, index) => index + 1))
    const received = new Set<number>()
    for (const { number, size } of await this.listParts(id, record)) {
      const { start, end } = partRange(number, record.bytes, record.partBytes)
      if (number <= count && size === end - start) received.add(number)
    }
    return received
  }

  private async sizeOf(id: string): Promise<number | null> {
    const response = await this.ask('HEAD', this.url(`data/${id}`), [404])
    return response.ok ? Number(response.headers.get('content-length')) : null
  }

  partUrl(id: string, record: LiveRecord, number: number): Promise<string> {
    const query = { partNumber: String(number), uploadId: record.upload, 'X-Amz-Expires': String(UPLOAD_URL_S) }
    return this.sign('PUT', this.url(`data/${id}`, query))
  }

  private async sign(method: string, url: string): Promise<string> {
    return (await this.client.sign(url, { method, aws: { signQuery: true } })).url
  }

  putPart(): Promise<boolean> {
    return Promise.reject(new Error('parts go to the object storage'))
  }

  async finish(id: string, record: LiveRecord): Promise<void> {
    if ((await this.sizeOf(id)) !== record.bytes) {
      const parts = (await this.listParts(id, record)).toSorted((a, b) => a.number - b.number)
      const list = parts.map(
        ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag.replaceAll('"', '&quot;')}</ETag></Part>`,
      )
      const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`
      const response = await this.ask('POST', this.url(`data/${id}`, { uploadId: record.upload }), [404], body)
      // A failure after the answer began comes as 200 with an Error in it.
      await response.text()
    }
    const size = await this.sizeOf(id)
    if (size !== record.bytes) throw new Error(`the object storage holds ${size ?? 'none'} of ${record.bytes} bytes after completion`)
  }

  async read(id: string): Promise<{ url: string }> {
    return { url: await this.sign('GET', this.url(`data/${id}`, { 'X-Amz-Expires': String(READ_URL_S) })) }
  }

  async removeData(id: string, record: LiveRecord): Promise<void> {
    if (record.upload !== '') await this.ask('DELETE', this.url(`data/${id}`, { uploadId: record.upload }), [404])
    await this.ask('DELETE', this.url(`data/${id}`), [404])
  }

  async removeRecord(id: string, record: ShareRecord): Promise<void> {
    await this.ask('DELETE', this.url(`records/${id}.json`), [404])
    await this.ask('DELETE', this.url(this.indexKey(id, record)), [404])
  }

  async *entries(): AsyncGenerator<StoreEntry> {
    const query: Record<string, string> = { 'list-type': '2', prefix: `${this.prefix}index/` }
    for (;;) {
      const listing = new URL(this.base)
      for (const [name, value] of Object.entries(query)) listing.searchParams.set(name, value)
      const xml = await (await this.ask('GET', listing.href)).text()
      for (const key of texts(xml, 'Key')) {
        const [, due, bytes, id] = /index\/([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)$/.exec(key) ?? []
        if (due && bytes && id && ID_PATTERN.test(id)) yield { id, bytes: parseInt(bytes, 16), due_ms: parseInt(due, 16) }
      }
      const [next] = texts(xml, 'NextContinuationToken')
      if (texts(xml, 'IsTruncated')[0] !== 'true' || !next) return
      query['continuation-token'] = next
    }
  }

  async dropEntry(entry: StoreEntry): Promise<void> {
    await this.ask('DELETE', this.url(entryKey(entry)), [404])
  }

  async check(): Promise<void> {
    await this.ask('PUT', this.url('checked'), [], 'ok')
  }
}
