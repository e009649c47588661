// SPDX-License-Identifier: Apache-2.0
// Bundles among offered files, unpacked: their trace and images take their
// place. A trace that is stored as it is stays where it is and is read in place.
import { isRemote, readRemote, sliceRemote, type RemoteFile } from '../lib/remote-file'
import { fail, ok, type Result } from '../lib/result'
import { isBundle, openBundle, readMember, type About, type Member, type Opened } from '../share/container'
import { BlobSource, type ByteSource } from '../share/pieces'
import type { LocalFile, OfferedFile } from './classify'

/** `about` is of the last bundle among the files; `bundles` were unpacked, into `members` and `sources`. */
export type Unpacked = { files: OfferedFile[]; about: About | null; problems: string[]; bundles: OfferedFile[]; members: OfferedFile[]; sources: LocalFile[] }

const ZEROS = new Uint8Array(1 << 20)

/** Any file of the store's as a source of bytes; reading throws with a sentence. */
export function sourceOf(name: string, file: Blob | RemoteFile): ByteSource {
  if (!isRemote(file)) return new BlobSource(file)
  return {
    size: file.size,
    read: async (offset, length) => {
      const bytes = await readRemote(name, file, offset, length)
      if (!bytes.ok) throw new Error(bytes.error)
      return bytes.value
    },
  }
}

/** A file with holes: stretches of one block of zeros, which take no room, between the extents. */
function sparseFile(name: string, bytes: Uint8Array<ArrayBuffer>, size: number, extents: readonly number[]): File {
  const zeros = new Blob([ZEROS])
  const parts: BlobPart[] = []
  let at = 0
  let taken = 0
  const skipTo = (offset: number) => {
    for (; at < offset; at += Math.min(ZEROS.length, offset - at)) parts.push(zeros.slice(0, Math.min(ZEROS.length, offset - at)))
  }
  for (let row = 0; row < extents.length; row += 2) {
    const length = extents[row + 1] ?? 0
    skipTo(extents[row] ?? 0)
    parts.push(bytes.subarray(taken, taken + length))
    taken += length
    at += length
  }
  skipTo(size)
  return new File(parts, name)
}

const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1) || path

async function unpackMember(source: ByteSource, of: OfferedFile, opened: Opened, member: Member): Promise<Result<OfferedFile, string>> {
  const { path, size, at, extents } = member
  const whose = member.of === undefined ? {} : { of: member.of }
  if (member.method === 'stored' && !extents) {
    const start = opened.membersAt + at
    const file = isRemote(of.file)
      ? sliceRemote(of.file, start, start + size)
      : new File([of.file.slice(start, start + size)], nameIn(path))
    return ok({ file, path, ...whose })
  }
  const bytes = await readMember(source, opened, member)
  if (!bytes.ok) return bytes
  return ok({ file: extents ? sparseFile(nameIn(path), bytes.value, size, extents) : new File([bytes.value], nameIn(path)), path, ...whose })
}

async function unpack(of: OfferedFile, name: string): Promise<Result<{ files: OfferedFile[]; sources: LocalFile[]; about: About }, string>> {
  const source = sourceOf(name, of.file)
  const opened = await openBundle(source)
  if (!opened.ok) return opened
  const { members, about } = opened.value.index
  if (!members.some(({ role }) => role === 'trace')) return fail('The bundle holds no trace.')
  const files: OfferedFile[] = []
  for (const member of members.filter(({ role }) => role !== 'source')) {
    const file = await unpackMember(source, of, opened.value, member)
    if (!file.ok) return file
    files.push(file.value)
  }
  const sources: LocalFile[] = []
  for (const member of members.filter(({ role }) => role === 'source')) {
    const bytes = await readMember(source, opened.value, member)
    if (!bytes.ok) return bytes
    sources.push({ file: new File([bytes.value], nameIn(member.path)), path: member.path })
  }
  return ok({ files, sources, about })
}

/** Puts the contents of bundles in their place; all other files stay. */
export async function unpackBundles(offered: readonly OfferedFile[]): Promise<Unpacked> {
  const unpacked: Unpacked = { files: [], about: null, problems: [], bundles: [], members: [], sources: [] }
  for (const one of offered) {
    const name = nameIn(one.path)
    try {
      // Bundles come alone or by two or three: whole folders are not looked through twice.
      const head = offered.length <= 16 ? await sourceOf(name, one.file).read(0, 8) : new Uint8Array()
      if (!isBundle(head)) {
        unpacked.files.push(one)
        continue
      }
      const made = await unpack(one, name)
      if (made.ok) {
        unpacked.files.push(...made.value.files)
        unpacked.members.push(...made.value.files)
        unpacked.sources.push(...made.value.sources)
        unpacked.bundles.push(one)
        unpacked.about = made.value.about
      } else unpacked.problems.push(`${name}: ${made.error}`)
    } catch (error) {
      if (error instanceof Error && error.message !== '') unpacked.problems.push(`${name}: ${error.message}`)
      unpacked.files.push(one)
    }
  }
  return unpacked
}
