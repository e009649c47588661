// SPDX-License-Identifier: Apache-2.0
// Where the decoder's bytes come from: numbered random-access inputs. Here the
// browser kind (File.slice, or ranges of a remote file, read synchronously, so
// only inside a worker); the CLI brings its own over file descriptors.
import { isRemote, type RemoteFile } from '../lib/remote-file'
import { auxPlaces } from './aux-index'
import { KeptFiles, KeptReads } from './kept-reads'
import { ReadAhead } from './read-ahead'
import { RemoteReader } from './remote-reader'

/** Files up to this size are read whole, as many of them as these bytes hold. */
const SMALL_FILE = 4 << 20
const SMALL_FILES = 16 << 20
/** Of reads up to this size, these bytes are kept while a trace is opened: who walks over its records looks there again. */
const SMALL_READ = 64 << 10
const SMALL_READS = 256 << 20
/** Read ahead where a record of AUX data begins: the records just before it, its header, and the first PSB behind it; of so many places at once. */
const PLACE_BYTES = 28 << 10
const BEFORE_PLACE = 2 << 10
const PLACES_AT_ONCE = 64
/** Of what was read ahead, these bytes are kept for who comes back: segments follow each other in time, not in the file. */
const AHEAD_KEPT = 16 << 20

export interface HostSources {
  /** Copies bytes from `offset` into `into`; returns how many (short only at the input's end), -1 on failure. */
  read(source: number, offset: number, into: Uint8Array): number
  /** Why the last read failed, as a sentence; empty when none did. */
  readonly failure: string
}

/** Bytes of a source. */
export type Place = { source: number; offset: number; length: number }

export type NamedFile = { name: string; file: Blob | RemoteFile }

/** Blobs and remote files as sources; `add` gives each its number. */
export class InputSources implements HostSources {
  failure = ''
  /** In order of their numbers. */
  readonly inputs: NamedFile[] = []
  private readonly remote = new RemoteReader()
  private readonly small = new KeptFiles<Blob>(SMALL_FILES)
  private walked: Map<Blob, KeptReads> | null = null
  private readonly ahead = new Map<Blob, ReadAhead>()
  /** At hand, until they are given up. */
  private readonly held = new Map<Place, Uint8Array<ArrayBuffer>>()

  add(name: string, file: Blob | RemoteFile): number {
    return this.inputs.push({ name, file }) - 1
  }

  /** Keeps small reads until `work`, which walks over the trace `source`, is done. */
  whileWalking<Value>(source: number, work: () => Value): Value {
    this.walked = new Map()
    try {
      this.readAhead(this.inputs[source]?.file)
      return work()
    } finally {
      for (const kept of this.walked.values()) for (const bytes of kept.empty()) letGo(bytes)
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

  /** Bytes that another worker will read, in `into` where they fit; null: it reads them itself, and says why it cannot. */
  async fetch(place: Place, into: ArrayBuffer | null): Promise<Uint8Array<ArrayBuffer> | null> {
    const file = this.inputs[place.source]?.file
    if (!file || isRemote(file) || file.size <= SMALL_FILE) return null
    return this.aheadOf(file).read(place.offset, place.length, into).catch(() => null)
  }

  /** Nothing is fetched for now: gives the memory for it back. */
  fetchedAll(): void {
    for (const ahead of this.ahead.values()) ahead.close()
    this.ahead.clear()
  }

  /** Reads of this place are answered with these bytes, until they are given up: reading takes the time it takes, having it read is done beside other work. */
  hold(place: Place, bytes: Uint8Array<ArrayBuffer>): void {
    this.held.set(place, bytes)
  }

  giveUp(place: Place): void {
    this.held.delete(place)
  }

  private aheadOf(file: Blob): ReadAhead {
    const ahead = this.ahead.get(file) ?? new ReadAhead(file, () => AHEAD_KEPT / this.ahead.size)
    this.ahead.set(file, ahead)
    return ahead
  }

  private heldAt(blob: Blob, offset: number, length: number): Uint8Array<ArrayBuffer> | null {
    for (const [place, bytes] of this.held) {
      const start = offset - place.offset
      if (this.inputs[place.source]?.file === blob && start >= 0 && start + length <= bytes.length) return bytes.subarray(start, start + length)
    }
    return null
  }

  /** Asks for all places of a large trace that will be looked at, many with one question. */
  private readAhead(file: Blob | RemoteFile | undefined): void {
    if (!file || isRemote(file) || file.size <= SMALL_FILE) return
    const kept = this.readsOf(file)
    try {
      const found = auxPlaces(file.size, (offset, length) => readNow(file.slice(offset, offset + length)))
      const places = found.map((place) => Math.max(0, place - BEFORE_PLACE))
      for (let first = 0; first < places.length && kept?.hasRoom(); first += PLACES_AT_ONCE) {
        const some = places.slice(first, first + PLACES_AT_ONCE)
        const pieces = some.map((place) => file.slice(place, place + PLACE_BYTES))
        const bytes = readNow(new Blob(pieces))
        let at = 0
        some.forEach((place, index) => kept?.keep(place, bytes.subarray(at, (at += pieces[index]?.size ?? 0))))
      }
    } catch {
      // Whoever reads there next says why it cannot be read.
    }
  }

  private readBlob(name: string, blob: Blob, offset: number, into: Uint8Array): number {
    try {
      const { bytes, isKept } = this.bytesAt(blob, offset, into.length)
      into.set(bytes)
      const { length } = bytes
      if (!isKept) letGo(bytes)
      return length
    } catch (error) {
      const reason = error instanceof Error ? error.name : String(error)
      this.failure = `${name} could not be read at byte ${offset} (${reason}); it may have changed or moved since it was opened: open it again.`
      return -1
    }
  }

  private bytesAt(blob: Blob, offset: number, length: number): { bytes: Uint8Array<ArrayBuffer>; isKept: boolean } {
    if (blob.size <= SMALL_FILE) return { bytes: this.small.bytesOf(blob, () => readNow(blob)).subarray(offset, offset + length), isKept: true }
    const kept = length <= SMALL_READ ? this.readsOf(blob) : null
    const known = kept?.find(offset, length) ?? this.heldAt(blob, offset, length)
    if (known) return { bytes: known, isKept: true }
    const bytes = readNow(blob.slice(offset, offset + length))
    return { bytes, isKept: kept?.keep(offset, bytes) ?? false }
  }

  private readsOf(blob: Blob): KeptReads | null {
    const reads = this.walked?.get(blob) ?? new KeptReads(SMALL_READS)
    this.walked?.set(blob, reads)
    return this.walked && reads
  }
}

const nowhere = (): MessagePort => {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  return port1
}

/** Gives the memory of bytes that nobody needs any more back at once: a collector of garbage would let hundreds of megabytes of them pass before it looks. */
export function letGo({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (buffer.byteLength > 0) nowhere().postMessage(null, [buffer])
}

const readNow = (blob: Blob): Uint8Array<ArrayBuffer> => new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob))
