// SPDX-License-Identifier: Apache-2.0
// Where the decoder's bytes come from: numbered random-access inputs. Here the
// browser kind (File.slice, read synchronously, so only inside a worker); the
// CLI brings its own over file descriptors.

export interface HostSources {
  /** Copies bytes from `offset` into `into`; returns how many (short only at the input's end), -1 on failure. */
  read(source: number, offset: number, into: Uint8Array): number
  /** Why the last read failed, as a sentence; empty when none did. */
  readonly failure: string
}

/** Blobs as sources; `add` gives a blob its number. */
export class BlobSources implements HostSources {
  failure = ''
  private readonly inputs: { name: string; blob: Blob }[] = []

  add(name: string, blob: Blob): number {
    return this.inputs.push({ name, blob }) - 1
  }

  read(source: number, offset: number, into: Uint8Array): number {
    const input = this.inputs[source]
    if (!input) return -1
    try {
      const slice = input.blob.slice(offset, offset + into.length)
      const bytes = new Uint8Array(new FileReaderSync().readAsArrayBuffer(slice))
      into.set(bytes)
      return bytes.length
    } catch (error) {
      const reason = error instanceof Error ? error.name : String(error)
      this.failure = `${input.name} could not be read at byte ${offset} (${reason}); it may have changed or moved since it was opened: open it again.`
      return -1
    }
  }
}
