// SPDX-License-Identifier: Apache-2.0
// What readers of links, bundles and messages do with anything at all: an answer
// or a sentence, never an exception, never more work than the input is large.
// Seeded: a failure names the seed that shows it again. PTARMIGAN_FUZZ=N runs N
// times as many.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundleValue, parseBundleValue } from './bundle-link'
import { openBundle, packBundle, readMember, type About } from './container'
import { fromBase64Url, openLabel, deriveKeys, sealLabel, toBase64Url } from './crypto'
import { parseLink as parseShareLink, parseShareValue } from './link'
import { below, LONGEST_MS, many } from './fuzz-for-tests'
import { selectPerfData } from './perf-data'
import { formatLink, parseLink } from './permalink'
import { bytesOfAll, MemorySource } from './pieces'
import { noRedaction, StandIns } from './redaction'

/** A damaged copy: bytes changed, cut, doubled, or numbers put in that are very large. */
function damaged(random: () => number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let made = bytes.slice() as Uint8Array<ArrayBuffer>
  for (let change = below(random, 6) + 1; change > 0 && made.length > 8; change--) {
    const at = below(random, made.length - 8)
    switch (below(random, 5)) {
      case 0:
        made[at] = below(random, 256)
        break
      case 1:
        made[at] = (made[at] ?? 0) ^ (1 << below(random, 8))
        break
      case 2:
        made = made.slice(0, at)
        break
      case 3:
        made.copyWithin(below(random, made.length), below(random, at + 1), at)
        break
      default:
        new DataView(made.buffer).setBigUint64(at, [0n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn, 1n << 53n][below(random, 4)] ?? 0n, true)
    }
  }
  return made
}

const letters = '#&=%+.@-,0123456789abcdefxvtrackelfnshuiztopdgm/:?\u00e4\n '
const words = ['v=1', 'tab=', 'range=', 'zoom=', 'at=', 'call=', 'folded=', 'top=', 'packet=', 'flame=', 'share=', 'bundle=', 'trace=', 'elf=', '1.2@3', '9'.repeat(30), '%', '%E0%A4']

function randomText(random: () => number): string {
  let text = ''
  for (let count = below(random, 24); count > 0; count--)
    text += random() < 0.4 ? (words[below(random, words.length)] ?? '') : (letters[below(random, letters.length)] ?? '')
  return text
}

const about: About = { by: 'Ptarmigan', title: 't', note: 'n', view: 'tab=flame', left: ['x'] }
const trace = new Uint8Array(readFileSync(join(resolve(import.meta.dirname, '../..'), 'wasm/test/fixtures/signals-event.perf.data')))
let bundle: Uint8Array<ArrayBuffer>
beforeAll(async () => {
  const members = [
    { role: 'trace' as const, path: 'perf.data', size: trace.length, pieces: [trace] },
    { role: 'image' as const, path: '/bin/app', size: 9000, extents: [0, 64, 4096, 100], pieces: [new Uint8Array(164).fill(7)] },
  ]
  bundle = await bytesOfAll(await packBundle(members, about))
})

describe('anything at all', () => {
  it('as a link to a view is read or is none, and what was read comes back', async () => {
    await many(20_000, (random) => {
      const link = parseLink(`#${randomText(random)}`)
      if (link) expect(parseLink(formatLink(link))).toEqual({ ...link, version: 1 })
    })
  }, LONGEST_MS)

  it('as a link to a share is read or has a sentence', async () => {
    await many(5000, (random) => {
      for (const parsed of [parseShareLink(`https://host/#share=${randomText(random)}`), parseShareLink(randomText(random)), parseShareValue(randomText(random))])
        if (!parsed.ok) expect(parsed.error).not.toBe('')
    })
  }, LONGEST_MS)

  it('as a bundle opens or has a sentence, and so do its members', async () => {
    await many(1500, async (random) => {
      const source = new MemorySource(damaged(random, bundle))
      const opened = await openBundle(source)
      if (!opened.ok) return expect(opened.error).not.toBe('')
      for (const member of opened.value.index.members) {
        const bytes = await readMember(source, opened.value, member)
        if (!bytes.ok) expect(bytes.error).not.toBe('')
      }
    })
  }, LONGEST_MS)

  it('as an index that inflates, with wrong numbers in it, opens or has a sentence', async () => {
    const values: unknown[] = [-1, 1.5, 2 ** 53, 1e308, null, 'x', [], {}, true, 0, 2 ** 40]
    await many(1500, async (random) => {
      const pick = () => values[below(random, values.length)]
      const member: Record<string, unknown> = { role: 'image', path: 'a', size: 4, at: 0, stored: 4, method: 'stored' }
      for (const key of ['role', 'path', 'size', 'at', 'stored', 'method', 'extents']) if (random() < 0.25) member[key] = key === 'extents' ? [pick(), pick(), pick(), pick()] : pick()
      const index = new TextEncoder().encode(JSON.stringify({ members: random() < 0.9 ? [member] : pick(), about: random() < 0.8 ? about : pick() }))
      const packed = new Uint8Array(await new Response(new Blob([index]).stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer())
      const file = new Uint8Array(24 + packed.length + 16)
      file.set(new TextEncoder().encode('PTMBUNDL'))
      const view = new DataView(file.buffer)
      view.setUint32(8, 1, true)
      view.setUint32(12, packed.length, true)
      view.setUint32(16, index.length, true)
      file.set(packed, 24)
      const source = new MemorySource(file)
      const opened = await openBundle(source)
      if (opened.ok) for (const one of opened.value.index.members) await readMember(source, opened.value, one)
      else expect(opened.error).not.toBe('')
    })
  }, LONGEST_MS)

  it('as a bundle in a link opens or has a sentence', async () => {
    const made = await bundleValue([bundle])
    if (!made.ok) throw new Error(made.error)
    await many(1500, async (random) => {
      const at = below(random, made.value.length)
      const value = random() < 0.5 ? made.value.slice(0, at) + randomText(random) + made.value.slice(at + below(random, 4)) : made.value.slice(0, at)
      const parsed = await parseBundleValue(value)
      if (parsed.ok) expect(parsed.value).toEqual(bundle)
      else expect(parsed.error).toMatch(/^The bundle in this link (is damaged|was made by a newer)/)
    })
  }, LONGEST_MS)

  it('as a trace to be cut gives pieces or a sentence', async () => {
    const names = new StandIns({ ...noRedaction, comms: true, paths: true })
    await many(1500, async (random) => {
      const aux = random() < 0.5 ? null : [{ index: 0, fileOffset: below(random, trace.length), size: below(random, 4096), clock: '' }]
      const made = await selectPerfData(new MemorySource(damaged(random, trace)), { names, records: random() < 0.5 ? null : new Set([below(random, trace.length)]), aux, unpacked: [], joined: null, onlyMapped: false })
      if (!made.ok) expect(made.error).toMatch(/^The trace cannot be cut: /)
    })
  }, LONGEST_MS)

  it('as a sealed label is opened or is not', async () => {
    const { label } = await deriveKeys(new Uint8Array(32))
    const sealed = await sealLabel(label, { name: 'a', note: 'b', file: 'c' })
    const bytes = fromBase64Url(sealed ?? '') ?? new Uint8Array()
    await many(500, async (random) => {
      const other = damaged(random, bytes)
      const opened = await openLabel(label, toBase64Url(other))
      expect(opened).toEqual(toBase64Url(other) === sealed ? { name: 'a', note: 'b', file: 'c' } : null)
    })
  }, LONGEST_MS)
})
