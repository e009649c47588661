// SPDX-License-Identifier: Apache-2.0
// Opens a bundle for a command: its trace as a source, its images offered.
import { fail, ok, type Result } from '../lib/result'
import { openBundle, readMember, type Member, type Opened } from '../share/container'
import type { ByteSource } from '../share/pieces'
import type { Session } from '../engine/session'
import type { FileSources, OpenFile } from './file-sources'
import { say } from './output'

export type BundleFiles = { trace: OpenFile; name: string; images: { path: string; file: OpenFile }[]; about: Opened['index']['about'] }

/** A source of the decoder's, for the code that reads bundles. */
export const byteSource = (sources: FileSources, { source, size }: OpenFile): ByteSource => ({
  size,
  read: (offset, length) => {
    const bytes = new Uint8Array(Math.min(length, Math.max(0, size - offset)))
    const got = sources.read(source, offset, bytes)
    if (got < 0) return Promise.reject(new Error(sources.failure))
    return Promise.resolve(bytes.subarray(0, got))
  },
})

/** The files in the bundle `file`, which `path` names. */
export async function bundleFiles(sources: FileSources, file: OpenFile, path: string): Promise<Result<BundleFiles, string>> {
  const source = byteSource(sources, file)
  const opened = await openBundle(source)
  if (!opened.ok) return fail(`${path}: ${opened.error}`)
  const { members, about } = opened.value.index
  const trace = members.find(({ role }) => role === 'trace')
  if (!trace) return fail(`${path}: the bundle holds no trace.`)
  const place = async (member: Member): Promise<Result<OpenFile, string>> => {
    if (member.method === 'stored' && !member.extents)
      return ok(sources.part(file.source, member.path, opened.value.membersAt + member.at, member.size))
    const bytes = await readMember(source, opened.value, member)
    return bytes.ok ? ok(sources.memory(member.path, bytes.value, member.size, member.extents)) : fail(`${path}: ${bytes.error}`)
  }
  const placed = await place(trace)
  if (!placed.ok) return placed
  const images: BundleFiles['images'] = []
  for (const member of members.filter(({ role }) => role === 'image')) {
    const image = await place(member)
    if (!image.ok) return image
    images.push({ path: member.path, file: image.value })
  }
  return ok({ trace: placed.value, name: trace.path, images, about })
}

/** Offers a bundle's images to the session that has its trace open. */
export function offerBundle(session: Session, { images }: BundleFiles): Result<void, string> {
  for (const { path, file } of images) {
    const outcome = session.addImage(file.source, file.size, path)
    if (!outcome.ok) return fail(outcome.error.sentence)
    if (outcome.value.state !== 'used') say(`${path} in the bundle: ${outcome.value.sentence}`)
  }
  return ok(undefined)
}
