// SPDX-License-Identifier: Apache-2.0
// Files as the browser gives them (chosen, a chosen folder, dropped files and
// folders) as one flat list with paths. What they are is the store's business.

export type OfferedFile = { file: File; path: string }

const MOST_FILES = 50_000
const DEEPEST = 32

/** Files of an <input type="file">, folder or not. */
export function chosenFiles(list: FileList | null): OfferedFile[] {
  return Array.from(list ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name }))
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))

/** readEntries gives a hundred or so at a time, and none at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  while (all.length < MOST_FILES) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) break
    all.push(...some)
  }
  return all
}

async function collect(entry: FileSystemEntry, depth: number, into: OfferedFile[]): Promise<void> {
  if (into.length >= MOST_FILES || depth > DEEPEST) return
  try {
    if (isFile(entry)) into.push({ file: await fileOf(entry), path: entry.fullPath.replace(/^\//, '') })
    else if (isFolder(entry)) for (const inner of await entriesOf(entry)) await collect(inner, depth + 1, into)
  } catch {
    // A file or folder that vanished or may not be read is as if it were not there.
  }
}

/** Everything that was dropped, folders opened, at most fifty thousand files. */
export async function droppedFiles(data: DataTransfer): Promise<OfferedFile[]> {
  // The list is emptied when the event ends: take all entries before the first await.
  const entries = Array.from(data.items, (item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null))
  const plain = Array.from(data.files, (file) => ({ file, path: file.name }))
  const found: OfferedFile[] = []
  for (const entry of entries) if (entry) await collect(entry, 0, found)
  return entries.some((entry) => entry !== null) ? found : plain
}
