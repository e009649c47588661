// SPDX-License-Identifier: Apache-2.0
// For tests: s3rver on this machine. Two calls of S3 that it lacks, ListParts
// and AbortMultipartUpload, are answered here from its own folder.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from 's3rver'
import type { S3Options } from './s3-store'

/** Lets pages of every origin write parts and read ranges, as docs/serve.md says a bucket must. */
const cors = `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>
<AllowedHeader>*</AllowedHeader><ExposeHeader>Content-Range</ExposeHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule></CORSConfiguration>`

type Context = { method: string; path: string; query: Record<string, string | undefined>; status: number; type: string; body: string }

export type RunningS3 = { options: S3Options; folder: string; stop(): Promise<void> }

export async function startS3rver(bucket: string, prefix: string): Promise<RunningS3> {
  const folder = await mkdtemp(join(tmpdir(), 'ptarmigan-s3-'))
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: bucket, configs: [cors] }],
  })
  server.middleware.unshift(async (context: Context, next: () => Promise<void>) => {
    const { uploadId } = context.query
    const unfinished = uploadId === undefined ? '' : join(folder, bucket, '._S3rver_uploads', uploadId)
    if (unfinished !== '' && context.method === 'GET') await listParts(context, unfinished)
    else if (unfinished !== '' && context.method === 'DELETE') {
      await rm(unfinished, { recursive: true, force: true })
      context.status = 204
    } else await next()
  })
  const { port } = await server.run()
  const options = {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    prefix,
    region: 'us-east-1',
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
  }
  const stop = async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { options, folder, stop }
}

async function listParts(context: Context, unfinished: string): Promise<void> {
  const names = await readdir(unfinished).catch(() => null)
  context.type = 'application/xml'
  if (!names) {
    context.status = 404
    context.body = '<Error><Code>NoSuchUpload</Code></Error>'
    return
  }
  const parts: string[] = []
  for (const name of names.filter((one) => /^\d+$/.test(one) && names.includes(`${one}.md5`)).toSorted((a, b) => Number(a) - Number(b))) {
    const etag = await readFile(join(unfinished, `${name}.md5`), 'utf8')
    const { size } = await stat(join(unfinished, name))
    parts.push(`<Part><PartNumber>${name}</PartNumber><ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size></Part>`)
  }
  context.status = 200
  context.body = `<ListPartsResult><IsTruncated>false</IsTruncated>${parts.join('')}</ListPartsResult>`
}
