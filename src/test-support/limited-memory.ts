// SPDX-License-Identifier: Apache-2.0
// The decoder's module with another limit of its memory: how tests make it run out.

const MEMORY_SECTION = 5

/** A copy of a module's bytes whose one memory has `pages` of 64 kB, from the start and at most; numbers stay as long as they were. */
export function limitedMemory(module: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(module)
  let at = 8
  const number = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0
      value |= (byte & 127) << shift
      if (byte < 128) return value
    }
  }
  const overwrite = () => {
    const start = at
    number()
    for (let place = start; place < at; place++) bytes[place] = ((pages >> (7 * (place - start))) & 127) | (place + 1 < at ? 128 : 0)
  }
  for (;;) {
    const section = bytes[at++]
    const size = number()
    if (section !== MEMORY_SECTION) {
      at += size
      continue
    }
    at += 2
    overwrite()
    overwrite()
    return bytes
  }
}
