// SPDX-License-Identifier: Apache-2.0
// Field srccode of `script`: the decoder says which line of which file (a line of
// its own: \x01 thread \x01 line \x01 path), here its text is put in place, as perf does: not
// again while a thread stays on it, and nothing where the file is not on this machine.
import { readFileSync } from 'node:fs'

const MARK = 1
const LINE_END = 10
const MOST_BYTES = 256 << 20

/** A file's bytes and where its lines begin; null: it cannot be read. */
type SourceFile = { bytes: Uint8Array; starts: number[] } | null

export function sourceFile(bytes: Uint8Array | null): SourceFile {
  if (bytes === null || bytes.length > MOST_BYTES) return null
  const starts = [0]
  for (let at = bytes.indexOf(LINE_END); at >= 0; at = bytes.indexOf(LINE_END, at + 1)) starts.push(at + 1)
  return { bytes, starts }
}

function readSource(path: string): SourceFile {
  try {
    return sourceFile(readFileSync(path))
  } catch {
    return null
  }
}

export class SourceCode {
  private readonly files = new Map<string, SourceFile>()
  /** What each thread was shown last. */
  private readonly shown = new Map<string, string>()

  constructor(private readonly read: (path: string) => SourceFile = readSource) {}

  /** Whole lines of `script`, with the source in them. */
  put(lines: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    let done = 0
    for (let at = lines.indexOf(MARK); at >= 0; at = lines.indexOf(MARK, at + 1)) {
      // Anywhere else it is part of a name.
      if (at > 0 && lines[at - 1] !== LINE_END) continue
      parts.push(lines.subarray(done, at))
      const end = lines.indexOf(LINE_END, at)
      done = end < 0 ? lines.length : end + 1
      parts.push(...this.line(Buffer.from(lines.subarray(at + 1, done - 1)).toString()))
    }
    return parts.length === 0 ? lines : Buffer.concat([...parts, lines.subarray(done)])
  }

  private line(place: string): Uint8Array[] {
    const [thread = '', line = '', path = ''] = place.split('\x01')
    const key = `${line} ${path}`
    if (this.shown.get(thread) === key) return []
    const text = this.textOf(path, Number(line))
    if (text === null) return []
    this.shown.set(thread, key)
    return [Buffer.from(`|${line.padEnd(8)} `), text, Buffer.from('\n')]
  }

  private textOf(path: string, line: number): Uint8Array | null {
    let file = this.files.get(path)
    if (file === undefined) this.files.set(path, (file = this.read(path)))
    const start = file?.starts[line - 1]
    if (!file || start === undefined || start >= file.bytes.length) return null
    const end = file.starts[line]
    return file.bytes.subarray(start, end === undefined ? file.bytes.length : end - 1)
  }
}
