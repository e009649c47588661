// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { emptyView, fingerprint, formatLink, isNavigation, parseLink, type LinkedView } from './permalink'

const view: LinkedView = {
  tab: 'flame',
  thread: { pid: 1200, tid: 1204 },
  range: { start: 1_000_000_000_123_456_789n, end: 1_000_000_000_123_999_999n },
  weight: 'cycles',
  search: 'std::map<int, "x">',
  instruction: { thread: { pid: 1200, tid: 1204 }, ordinal: 123_456_789_012 },
  packet: { queue: 2, offset: 4096 },
  block: 0x7fff_1234_5678n,
  flame: ['main', 'match(Order const&)', 'operator new'],
}
const identity = { name: 'perf.data', size: 4_294_967_296, print: '0123456789abcdef' }

describe('a link', () => {
  it('says the whole view in words', () => {
    expect(formatLink({ sources: null, identity, view: { ...emptyView, tab: 'timeline', thread: view.thread }, others: [] })).toBe(
      'v=1&file=perf.data&size=4294967296&print=0123456789abcdef&tab=timeline&thread=1200.1204',
    )
  })
  it('comes back as it went', () => {
    const sources = { trace: 'https://ci.example/a b/perf.data?x=1&y=2', elf: ['https://ci.example/app', 'https://ci.example/lib.so'] }
    const link = { sources, identity, view, others: [['later', 'on']] as [string, string][] }
    expect(parseLink(`#${formatLink(link)}`)).toEqual({ version: 1, ...link })
  })
  it('of a newer build keeps what this one does not know, and says its version', () => {
    const link = parseLink('#v=9&tab=hologram&depth=3&search=main')
    expect(link).toEqual({ version: 9, sources: null, identity: null, view: { ...emptyView, search: 'main' }, others: [['depth', '3']] })
  })
  it.each(['', '#', '#section', '#unknown=1', '#/i/abc'])('is not %j', (fragment) => expect(parseLink(fragment)).toBeNull())
  it('with broken parts shows what is whole', () => {
    expect(parseLink('#tab=flame&range=9-3&thread=x.y&at=1.2@-3&packet=1&block=zz&size=-1&print=ab')).toEqual({
      version: 1,
      sources: null,
      identity: null,
      view: { ...emptyView, tab: 'flame' },
      others: [],
    })
  })
})

it('steps back to another tab, thread or place, not to another range', () => {
  expect(isNavigation(view, { ...view, tab: 'blocks' })).toBe(true)
  expect(isNavigation(view, { ...view, flame: ['main'] })).toBe(true)
  expect(isNavigation(view, { ...view, range: null, search: '' })).toBe(false)
})

it('tells files of the same size apart by their bytes', async () => {
  const bytes = new Uint8Array(100_000).map((_, at) => (at * 7) & 255)
  const other = bytes.slice()
  other[99_999] = 1
  const of = (from: Uint8Array) => fingerprint(from.length, (offset, length) => Promise.resolve(from.slice(offset, offset + length)))
  expect([await of(bytes), await of(bytes), await of(other)]).toEqual(['aab97881b92aa20a', 'aab97881b92aa20a', '8366fbdd560a8857'])
})
