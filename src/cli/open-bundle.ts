// SPDX-License-Identifier: Apache-2.0
// A bundle on the command line: its trace and the images that came along in it.
import { fail, ok, type Result } from '../lib/result'
import { isBundle, openBundle, readMember, type Member, type Opened as OpenedBundle } from '../share/container'
import type { ByteSource } from '../share/pieces'
import { headOf, openPart, type FilePart, type FileSources, type Opened } from './file-sources'
import type { TraceInputs } from './trace-inputs'

/** Holes of files are read out of this. */
const ZEROS = new Uint8Array(1 << 20)

/** A source of the decoder's, for the code that makes and reads bundles. */
export const byteSource = (sources: FileSources, { source, size }: Opened): ByteSource => ({
  size,
  read: (offset, length) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
    const got = sources.read(source, offset, bytes)
    if (got < 0) return Promise.reject(new Error(sources.failure))
    return Promise.resolve(bytes.subarray(0, got))
  },
})

/** What the file at `path` holds when it is a bundle; null when it is none. */
export async function bundleInputs(path: string, sources: FileSources): Promise<Result<(TraceInputs & { name: string }) | null, string>> {
  const part = openPart(path)
  // Whatever else it is, traceInputs will say.
  if (!part.ok || !isBundle(headOf(part.value, 8))) return ok(null)
  const source = byteSource(sources, sources.add(path, [part.value]))
  const opened = await openBundle(source)
  if (!opened.ok) return fail(`${path}: ${opened.error}`)
  const { members } = opened.value.index
  const trace = members.find(({ role }) => role === 'trace')
  if (!trace) return fail(`${path}: the bundle holds no trace.`)
  const placed = await place(trace, part.value, source, opened.value)
  if (!placed.ok) return fail(`${path}: ${placed.error}`)
  const images: TraceInputs['images'] = []
  for (const member of members.filter(({ role }) => role === 'image')) {
    const parts = await place(member, part.value, source, opened.value)
    if (!parts.ok) return fail(`${path}: ${parts.error}`)
    images.push({ ...sources.add(member.path, parts.value), as: member.path, ...(member.of !== undefined && { of: member.of }) })
  }
  return ok({ trace: sources.add(trace.path, placed.value), data: [], images, name: trace.path })
}

/** Where a member's bytes are: in the file itself, or inflated, with zeros for its holes. */
async function place(
  member: Member,
  whole: FilePart,
  source: ByteSource,
  opened: OpenedBundle,
): Promise<Result<(FilePart | Uint8Array)[], string>> {
  const { method, at, size, extents } = member
  if (method === 'stored' && !extents) return ok([{ descriptor: whole.descriptor, offset: whole.offset + opened.membersAt + at, size }])
  const bytes = await readMember(source, opened, member)
  if (!bytes.ok) return bytes
  const parts: Uint8Array[] = []
  let reached = 0
  let taken = 0
  const skipTo = (offset: number) => {
    for (; reached < offset; reached += Math.min(ZEROS.length, offset - reached))
      parts.push(ZEROS.subarray(0, Math.min(ZEROS.length, offset - reached)))
  }
  const list = extents ?? [0, size]
  for (let row = 0; row < list.length; row += 2) {
    const length = list[row + 1] ?? 0
    skipTo(list[row] ?? 0)
    parts.push(bytes.value.subarray(taken, taken + length))
    taken += length
    reached += length
  }
  skipTo(size)
  return ok(parts)
}
