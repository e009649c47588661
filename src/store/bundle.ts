// SPDX-License-Identifier: Apache-2.0
// Makes a bundle of the open trace, for the share dialog to show, save and upload.
import { fail, ok, type Result } from '../lib/result'
import { makeBundle, type BundleWish, type Contents } from '../share/make-bundle'
import { BlobSource, chunksOf } from '../share/pieces'
import { sourceRow } from '../model/source-texts'
import { engine } from './engine-access'
import { sourceOf } from './open-bundle'
import { markWork } from './pending'
import { useStore } from './store'

/** `linkValue`: what a link that holds all of it says behind "bundle=", or why it does not fit. */
export type BundleFile = { file: File; contents: Contents; linkValue(): Promise<Result<string, string>> }

/** What the page wishes: `withSources`: the source texts at hand that the executed code is of. */
export type ExportWish = Omit<BundleWish, 'sources'> & { withSources: boolean }

async function sourceTexts(paths: readonly string[]): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { sources } = useStore.getState().session
  const known = sources.map(({ path }) => path)
  const texts = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const path of paths) {
    const one = sources[sourceRow(known, path)]
    if (one) texts.set(path, new Uint8Array(await one.file.arrayBuffer()))
  }
  return texts
}

/** The bundle as a file; what is not in memory yet is read from the trace. Fails soon after `signal` says that nobody wants it any more. */
export async function exportBundle({ withSources, ...rest }: ExportWish, signal?: AbortSignal): Promise<Result<BundleFile, string>> {
  const { file, fileName } = useStore.getState().session
  if (!file) return fail('No trace is open.')
  const wish: BundleWish = { ...rest, ...(withSources && { sources: sourceTexts }) }
  const done = markWork()
  try {
    const from = await engine()
    const made = await makeBundle(sourceOf(fileName, file), fileName, (name, request) => from.query(name, request, signal), wish)
    if (!made.ok) return made
    const parts: BlobPart[] = []
    for (const piece of made.value.pieces) {
      if (piece instanceof Uint8Array) parts.push(piece)
      else if (piece.source instanceof BlobSource) parts.push(piece.source.blob.slice(piece.offset, piece.offset + piece.length))
      else for await (const chunk of chunksOf([piece])) parts.push(chunk)
    }
    const name = `${fileName.replace(/\.(perf\.)?data$|\.ptarmigan$/, '') || 'trace'}.ptarmigan`
    return ok({ file: new File(parts, wish.redaction.paths ? 'trace.ptarmigan' : name), contents: made.value.contents, linkValue: made.value.linkValue })
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  } finally {
    done()
  }
}
