// SPDX-License-Identifier: Apache-2.0
// Texts that are nearly of a form, to see that what reads them holds: always the same ones.

/** `count` texts, each one of `texts` with some letters put in, left out, or taken from another. */
export function garbled(texts: readonly string[], count: number): string[] {
  let state = 1
  const random = (limit: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return Math.floor(state / 65536) % limit
  }
  const one = () => texts[random(texts.length)] ?? ''
  return Array.from({ length: count }, () => {
    let text = one()
    for (let left = random(4); left >= 0; left--) {
      const at = 2 + random(Math.max(text.length - 2, 1))
      const other = one()
      const from = random(other.length)
      const put = random(2) === 0 ? String.fromCharCode(33 + random(90)) : other.slice(from, from + random(30))
      text = text.slice(0, at) + put + text.slice(at + random(3))
    }
    return text
  })
}
