// SPDX-License-Identifier: Apache-2.0
// Where on this machine the binaries that a trace names may be: under a symfs
// directory, or where perf looks. Lists candidates; the decoder judges them.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { homedir, release as runningKernel } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'

/** `file` is to be opened; `as` is the path to offer it under. */
export type Candidate = { file: string; as: string }

const MOST_FILES = 200_000
const CACHED_OF_KERNELS = ['elf', 'kallsyms', 'kcore']

export interface ImageFinder {
  /** Best first. `build_id` in hex, empty when the trace does not say. */
  candidates(path: string, build_id: string): Candidate[]
  /** Files with the symbols and lines that were split from the binary at `path`; `link`: its .gnu_debuglink, empty: none. */
  debugFiles(path: string, build_id: string, link: string): Candidate[]
  /** Files with the units that were split from the binary at `path` (-gsplit-dwarf): packages of them. */
  packages(path: string, build_id: string, link: string): Candidate[]
  /** The .dwo file of one such unit: `name` and `directory` as the binary has them. */
  splitFiles(path: string, build_id: string, name: string, directory: string): Candidate[]
  /** The file that several binaries share debug information in, as dwz makes it: `name` as the binary has it, and its build-id. */
  alternates(path: string, build_id: string, link: string, name: string, id: string): Candidate[]
  /** Files of this machine with the lines of a binary that was found elsewhere: perf's addr2line takes them, perf's names are not from there. */
  lineFiles(build_id: string): Candidate[]
  /** Files that may hold the code or the names of a Linux kernel of this build-id and release; all that fit are used. */
  kernelFiles(build_id: string, release: string): Candidate[]
}

/** What perf calls the kernel. */
export const KERNEL = '[kernel.kallsyms]'

const asItself = (file: string): Candidate => ({ file, as: file })

/** Where distributions put a vmlinux. */
const kernelPaths = (release: string) =>
  release === ''
    ? []
    : [
        `/usr/lib/debug/boot/vmlinux-${release}`,
        `/usr/lib/debug/lib/modules/${release}/vmlinux`,
        `/boot/vmlinux-${release}`,
        `/lib/modules/${release}/build/vmlinux`,
      ]

const identifiedPath = (build_id: string) =>
  build_id === '' ? [] : [`/usr/lib/debug/.build-id/${build_id.slice(0, 2)}/${build_id.slice(2)}.debug`]

/** Where gdb and perf look for what was split from a binary. */
function debugPaths(path: string, build_id: string, link: string): string[] {
  const folder = dirname(path)
  const linked = link === '' ? [] : [join(folder, link), join(folder, '.debug', link), join('/usr/lib/debug', folder, link)]
  const named = [`/usr/lib/debug${path}.debug`, `/usr/lib/debug${path}`]
  return [...(path.startsWith('/') ? [...linked, ...named] : []), ...identifiedPath(build_id)]
}

/** As gdb looks for packages: beside the binary, and beside what was split from it. */
const packagesBeside = (files: readonly Candidate[]) => files.map(({ file }) => `${file}.dwp`).filter(isFile).map(asItself)

/** As gdb looks for .dwo files: where they were built, then by their name beside the binary. */
const splitFilesOf = (root: string, binaries: readonly Candidate[], name: string, directory: string) =>
  [
    ...(isAbsolute(name) || isAbsolute(directory) ? [join(root, isAbsolute(name) ? name : join(directory, name))] : []),
    ...binaries.flatMap(({ file }) => [...(isAbsolute(name) ? [] : [join(dirname(file), name)]), join(dirname(file), basename(name))]),
  ]
    .filter(isFile)
    .map(asItself)

/** As gdb looks for what dwz split off; a relative name counts from the file that has it. */
const alternatesOf = (root: string, files: readonly Candidate[], name: string, id: string) =>
  [
    ...(isAbsolute(name) ? [join(root, name)] : files.map(({ file }) => join(dirname(file), name))),
    ...identifiedPath(id).map((path) => join(root, path)),
    join(root, '/usr/lib/debug/.dwz', basename(name)),
  ]
    .filter(isFile)
    .map(asItself)

/** What perf's cache of build-ids has of one, where it is there. */
const cachedFiles = (cache: string, build_id: string, kinds: readonly string[]) =>
  build_id === '' ? [] : kinds.map((kind) => join(cache, build_id.slice(0, 2), build_id.slice(2), kind)).filter(isFile)

/** perf's --symfs: its cache of build-ids, which is in .debug or (as perf archive packs it) `directory` itself; the mapped path under `directory`; then any file there of the same name. */
export class SymfsFinder implements ImageFinder {
  private byName: Map<string, string[]> | null = null
  private readonly caches: string[]

  constructor(private readonly directory: string) {
    this.caches = ['.debug/.build-id', '.build-id'].map((place) => join(directory, place))
  }

  candidates(path: string, build_id = ''): Candidate[] {
    const direct = join(this.directory, path)
    const exact = [...this.cached(build_id, ['elf', 'vdso']), ...[direct].filter(isFile)].map((file) => ({ file, as: path }))
    const named = this.filesNamed(basename(path)).filter((file) => file !== direct)
    return [...exact, ...named.map((file) => ({ file, as: file.slice(this.directory.length) || file }))]
  }

  debugFiles(path: string, build_id: string, link: string): Candidate[] {
    const places = debugPaths(path, build_id, link).map((place) => join(this.directory, place))
    return [...this.cached(build_id, ['debug']), ...places.filter(isFile)].map(asItself)
  }

  packages(path: string, build_id: string, link: string): Candidate[] {
    return packagesBeside([...this.candidates(path, build_id), ...this.debugFiles(path, build_id, link)])
  }

  splitFiles(path: string, build_id: string, name: string, directory: string): Candidate[] {
    return splitFilesOf(this.directory, this.candidates(path, build_id), name, directory)
  }

  alternates(path: string, build_id: string, link: string, name: string, id: string): Candidate[] {
    return alternatesOf(this.directory, [...this.debugFiles(path, build_id, link), ...this.candidates(path, build_id)], name, id)
  }

  lineFiles(build_id: string): Candidate[] {
    return identifiedPath(build_id).filter(isFile).map(asItself)
  }

  kernelFiles(build_id: string, release: string): Candidate[] {
    const places = kernelPaths(release).map((path) => join(this.directory, path))
    return [...this.cached(build_id, CACHED_OF_KERNELS), ...places.filter(isFile)].map(asItself)
  }

  private cached(build_id: string, kinds: readonly string[]): string[] {
    return this.caches.flatMap((cache) => cachedFiles(cache, build_id, kinds))
  }

  private filesNamed(name: string): string[] {
    this.byName ??= filesBelow(this.directory)
    return this.byName.get(name) ?? []
  }
}

/** Without --symfs: perf's build-id cache, then the path as it is on this machine. */
export class MachineFinder implements ImageFinder {
  constructor(private readonly cache: string = join(homedir(), '.debug', '.build-id')) {}

  candidates(path: string, build_id: string): Candidate[] {
    const cached = cachedFiles(this.cache, build_id, ['elf', 'vdso'])
    return [...cached, ...(path.startsWith('/') ? [path] : [])].filter(isFile).map((file) => ({ file, as: path }))
  }

  debugFiles(path: string, build_id: string, link: string): Candidate[] {
    const cached = cachedFiles(this.cache, build_id, ['debug'])
    return [...cached, ...debugPaths(path, build_id, link)].filter(isFile).map(asItself)
  }

  packages(path: string, build_id: string, link: string): Candidate[] {
    return packagesBeside([...this.candidates(path, build_id), ...this.debugFiles(path, build_id, link)])
  }

  splitFiles(path: string, build_id: string, name: string, directory: string): Candidate[] {
    return splitFilesOf('/', this.candidates(path, build_id), name, directory)
  }

  alternates(path: string, build_id: string, link: string, name: string, id: string): Candidate[] {
    return alternatesOf('/', [...this.debugFiles(path, build_id, link), ...this.candidates(path, build_id)], name, id)
  }

  lineFiles(): Candidate[] {
    return []
  }

  kernelFiles(build_id: string, release: string): Candidate[] {
    const cached = cachedFiles(this.cache, build_id, CACHED_OF_KERNELS)
    // The running kernel's names are wrong for any other, and a trace does not always tell enough to notice.
    const running = release === runningKernel() ? ['/proc/kallsyms'] : []
    return [...cached, ...kernelPaths(release), ...running].filter(isFile).map(asItself)
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

function filesBelow(directory: string): Map<string, string[]> {
  const byName = new Map<string, string[]>()
  const waiting = [directory]
  let seen = 0
  for (let next = waiting.pop(); next !== undefined && seen < MOST_FILES; next = waiting.pop()) {
    for (const entry of entriesOf(next)) {
      seen++
      const path = join(next, entry.name)
      // Links to directories are not followed: they may lead in circles.
      if (entry.isDirectory()) waiting.push(path)
      else if (isFile(path)) byName.set(entry.name, [...(byName.get(entry.name) ?? []), path])
    }
  }
  return byName
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}
