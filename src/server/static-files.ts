// SPDX-License-Identifier: Apache-2.0
// The built page's files, found once at the start: only what was found is ever
// served, so no path can lead anywhere else. Types are pinned by extension.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}
const compressible = new Set(['.html', '.js', '.css', '.json', '.map', '.webmanifest', '.svg', '.wasm', '.txt'])

export type StaticFile = { path: string; type: string; bytes: number; etag: string; cacheControl: string; compressible: boolean }

/** By URL path; the page itself is "/". */
export type StaticFiles = ReadonlyMap<string, StaticFile>

/** dist/cli is the command line program: not a part of the page. */
const leftOut = new Set(['/cli'])

export function findStaticFiles(root: string): StaticFiles {
  const found = new Map<string, StaticFile>()
  const walk = (folder: string, at: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const url = `${at}/${entry.name}`
      if (entry.isDirectory() && !leftOut.has(url)) walk(join(folder, entry.name), url)
      else if (entry.isFile() && !entry.name.startsWith('.')) found.set(url, describe(join(folder, entry.name), url))
    }
  }
  walk(root, '')
  const index = found.get('/index.html')
  if (index) found.set('/', index)
  return found
}

function describe(path: string, url: string): StaticFile {
  const extension = extname(path).toLowerCase()
  return {
    path,
    type: types[extension] ?? 'application/octet-stream',
    bytes: statSync(path).size,
    etag: `"${createHash('sha256').update(readFileSync(path)).digest('base64url').slice(0, 22)}"`,
    // Names in assets/ carry a hash of their content.
    cacheControl: url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    compressible: compressible.has(extension),
  }
}

const compress = promisify(gzip)

/** Contents, compressed once when asked for so; the page is small enough to be kept. */
export class StaticContents {
  private readonly zipped = new Map<string, Promise<Buffer>>()

  async read(file: StaticFile, acceptsGzip: boolean): Promise<{ body: Buffer; encoding: string | null }> {
    if (!acceptsGzip || !file.compressible || file.bytes < 1024) return { body: await readFile(file.path), encoding: null }
    let zipped = this.zipped.get(file.path)
    if (!zipped) {
      zipped = readFile(file.path).then((body) => compress(body))
      this.zipped.set(file.path, zipped)
      zipped.catch(() => this.zipped.delete(file.path))
    }
    return { body: await zipped, encoding: 'gzip' }
  }
}
