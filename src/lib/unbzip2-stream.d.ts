// SPDX-License-Identifier: Apache-2.0
// Types of the two inner modules of unbzip2-stream that unpack.ts drives itself:
// the package's own entry is a Node stream.
declare module 'unbzip2-stream/lib/bit_iterator.js' {
  export type BitReader = ((bits: number | null) => number) & { bytesRead: number }
  const bitIterator: (nextBuffer: () => Uint8Array) => BitReader
  export default bitIterator
}
declare module 'unbzip2-stream/lib/bzip2.js' {
  import type { BitReader } from 'unbzip2-stream/lib/bit_iterator.js'
  const bzip2: {
    /** Size of the blocks in units of 100 kB. */
    header(bits: BitReader): number
    /** The stream's checksum so far; null at its end. */
    decompress(bits: BitReader, put: (byte: number) => void, buffer: Int32Array, size: number, checksum: number): number | null
  }
  export default bzip2
}
