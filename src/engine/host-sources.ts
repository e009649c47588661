// SPDX-License-Identifier: Apache-2.0
// Where the decoder's bytes come from: numbered random-access inputs. Here the
// browser kind (File.slice, or ranges of a remote file, read synchronously, so
// only inside a worker); the CLI brings its own over file descriptors.
import { isRemote, type RemoteFile } from '../lib/remote-file'
import { RemoteReader } from './remote-reader'

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

  add(name: string, file: Blob | RemoteFile): number {
    return this.inputs.push({ name, file }) - 1
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
      const slice = blob.slice(offset, offset + into.length)
      const bytes = new Uint8Array(new FileReaderSync().readAsArrayBuffer(slice))
      into.set(bytes)
      return bytes.length
    } catch (error) {
      const reason = error instanceof Error ? error.name : String(error)
      this.failure = `${name} could not be read at byte ${offset} (${reason}); it may have changed or moved since it was opened: open it again.`
      return -1
    }
  }
}
