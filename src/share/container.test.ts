// SPDX-License-Identifier: Apache-2.0
// The bundle file: what goes in comes out, and damage of any kind is a sentence.
import { describe, expect, it } from 'vitest'
import { openBundle, packBundle, readMember, type About } from './container'
import { viewOf } from './little-endian'
import { bytesOfAll, MemorySource } from './pieces'

const about: About = { by: 'test', title: 'a title', note: 'a note', view: 'tab=flame', left: ['Nothing.'] }
const text = (words: string) => new TextEncoder().encode(words)
const repeated = text('push rbp; mov rbp, rsp; '.repeat(40))

async function packed(): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = await packBundle(
    [
      { role: 'trace', path: 'perf.data', size: repeated.length, pieces: [repeated] },
      { role: 'image', path: '/bin/app', size: 10_000, extents: [0, 3, 5000, 2], pieces: [text('ELF'), text('xy')] },
    ],
    about,
  )
  return bytesOfAll(pieces)
}

async function contentsOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const source = new MemorySource(bytes)
  const opened = await openBundle(source)
  if (!opened.ok) return opened.error
  const lines: string[] = []
  for (const member of opened.value.index.members) {
    const read = await readMember(source, opened.value, member)
    lines.push(`${member.role} ${member.path} ${member.size}: ${read.ok ? new TextDecoder().decode(read.value).slice(0, 12) : read.error}`)
  }
  return lines.join('\n')
}

describe('a bundle', () => {
  it('gives back its members and what it says of itself', async () => {
    const bytes = await packed()
    const opened = await openBundle(new MemorySource(bytes))
    expect(opened.ok && opened.value.index.about).toEqual(about)
    expect(opened.ok && opened.value.index.members).toEqual([
      { role: 'trace', path: 'perf.data', size: 960, at: 0, stored: 39, method: 'deflate' },
      { role: 'image', path: '/bin/app', size: 10_000, at: 39, stored: 5, method: 'stored', extents: [0, 3, 5000, 2] },
    ])
    expect(await contentsOf(bytes)).toBe('trace perf.data 960: push rbp; mo\nimage /bin/app 10000: ELFxy')
  })

  it('of a newer format is refused by name', async () => {
    const bytes = await packed()
    viewOf(bytes).setUint32(8, 7, true)
    expect(await contentsOf(bytes)).toBe(
      'The bundle is of format 7, made by a newer Ptarmigan; this one reads up to format 1: reload the page, or update.',
    )
  })

  it('with fields and kinds of members that this build does not know opens all the same', async () => {
    const pieces = await packBundle([{ role: 'trace', path: 'perf.data', size: 3, pieces: [text('abc')] }], about)
    const bytes = await bytesOfAll(pieces)
    const opened = await openBundle(new MemorySource(bytes))
    if (!opened.ok) throw new Error(opened.error)
    const index: unknown = { ...opened.value.index, members: [{ role: 'film', reel: 1 }, ...opened.value.index.members], more: true }
    expect(await contentsOf(await withIndex(bytes, opened.value.membersAt, index))).toBe('trace perf.data 3: abc')
  })

  it.each([
    ['a member behind the end', { at: 5000 }],
    ['a member that inflates without end', { size: 1e12, method: 'deflate' }],
    ['extents that overlap', { size: 100, extents: [0, 2, 1, 1] }],
    ['extents behind the end of their file', { size: 2, extents: [0, 1, 1, 2] }],
    ['a size that is no number', { size: '3' }],
  ])('that says %s is damaged', async (_, change) => {
    const bytes = await bytesOfAll(await packBundle([{ role: 'trace', path: 'perf.data', size: 3, pieces: [text('abc')] }], about))
    const opened = await openBundle(new MemorySource(bytes))
    if (!opened.ok) throw new Error(opened.error)
    const index = { ...opened.value.index, members: opened.value.index.members.map((member) => ({ ...member, ...change })) }
    expect(await contentsOf(await withIndex(bytes, opened.value.membersAt, index))).toMatch(/damaged/)
  })

  it('cut anywhere is a sentence', async () => {
    const bytes = await packed()
    for (let length = 0; length < bytes.length; length += 3) expect(await contentsOf(bytes.slice(0, length))).toMatch(/^This is not a bundle|cut short|copy it again|damaged/)
  })

  it('with any byte changed gives the same bytes or a sentence, never others', async () => {
    const bytes = await packed()
    const whole = await contentsOf(bytes)
    for (let at = 0; at < bytes.length - 5; at++) {
      const damaged = bytes.slice()
      damaged[at] = (damaged[at] ?? 0) ^ 0x55
      const got = await contentsOf(damaged)
      if (got !== whole) expect(got).toMatch(/not a bundle|cut short|damaged|newer|copy/)
    }
  })
})

/** The same bundle with another index. */
async function withIndex(bytes: Uint8Array<ArrayBuffer>, membersAt: number, index: unknown): Promise<Uint8Array<ArrayBuffer>> {
  const json = text(JSON.stringify(index))
  const stream = new Blob([json]).stream().pipeThrough(new CompressionStream('deflate'))
  const stored = new Uint8Array(await new Response(stream).arrayBuffer())
  const head = bytes.slice(0, 24)
  viewOf(head).setUint32(12, stored.length, true)
  viewOf(head).setUint32(16, json.length, true)
  return bytesOfAll([head, stored, bytes.slice(membersAt)])
}
