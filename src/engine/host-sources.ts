// SPDX-License-Identifier: Apache-2.0
// Where the decoder's bytes come from: numbered random-access inputs. Here the
// browser kind (File.slice, or ranges of a remote file, read synchronously, so
// only inside a worker); the CLI brings its own over file descriptors.
import { isRemote, type RemoteFile } from '../lib/remote-file'
import { KeptFiles, KeptReads } from './kept-reads'
import { RemoteReader } from './remote-reader'

/** Files up to this size are read whole, as many of them as these bytes hold. */
const SMALL_FILE = 4 << 20
const SMALL_FILES = 16 << 20
/** Of reads up to this size, these bytes are kept while a trace is opened: who walks over its records looks there again. */
const SMALL_READ = 64 << 10
const SMALL_READS = 128 << 20

export interface HostSources {
  /** Copies bytes from `offset` into `into`; returns how many (short only at the input's end), -1 on failure. */
  read(source: number, offset: number, into: Uint8Array): number
  /** Why the last read failed, as a sentence; empty when none did. */
  readonly failure: string
}

export type NamedFile = { name: string; file: Blob | RemoteFile }

/** Blobs and remote files as sources; `add` gives each its number. */
export class InputSources implements HostSources {
  failure = ''
  /** In order of their numbers. */
  readonly inputs: NamedFile[] = []
  private readonly remote = new RemoteReader()
  private readonly small = new KeptFiles<Blob>(SMALL_FILES)
  private walked: Map<Blob, KeptReads> | null = null

  add(name: string, file: Blob | RemoteFile): number {
    return this.inputs.push({ name, file }) - 1
  }

  /** Keeps small reads until `work` is done. */
  whileWalking<Value>(work: () => Value): Value {
    this.walked = new Map()
    try {
      return work()
    } finally {
      this.walked = null
    }
  }

  read(source: number, offset: number, into: Uint8Array): number {
    const input = this.inputs[source]
    if (!input) return -1
    const { name, file } = input
    if (!isRemote(file)) return this.readBlob(name, file, offset, into)
    const got = this.remote.read(name, file, offset, into)
    if (got < 0) this.failure = this.remote.failure
    return got
  }

  private readBlob(name: string, blob: Blob, offset: number, into: Uint8Array): number {
    try {
      const bytes = this.bytesAt(blob, offset, into.length)
      into.set(bytes)
      return bytes.length
    } catch (error) {
      const reason = error instanceof Error ? error.name : String(error)
      this.failure = `${name} could not be read at byte ${offset} (${reason}); it may have changed or moved since it was opened: open it again.`
      return -1
    }
  }

  private bytesAt(blob: Blob, offset: number, length: number): Uint8Array {
    if (blob.size <= SMALL_FILE) return this.small.bytesOf(blob, () => readNow(blob)).subarray(offset, offset + length)
    const kept = length <= SMALL_READ ? this.readsOf(blob) : null
    const known = kept?.find(offset, length)
    if (known) return known
    const bytes = readNow(blob.slice(offset, offset + length))
    kept?.keep(offset, bytes)
    return bytes
  }

  private readsOf(blob: Blob): KeptReads | null {
    const reads = this.walked?.get(blob) ?? new KeptReads(SMALL_READS)
    this.walked?.set(blob, reads)
    return this.walked && reads
  }
}

const readNow = (blob: Blob): Uint8Array => new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob))
