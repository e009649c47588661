// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { emptyView, fingerprint, formatLink, isNavigation, parseLink, viewParameters, type LinkedView } from './permalink'

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
  flameAt: ['main', 'match(Order const&)', 'operator new', 'malloc'],
  zoom: { start: 1_000_000_000_123_456_789_250n, end: 1_000_000_000_123_456_799_000n },
  folded: [
    { pid: 1200, tid: 1200 },
    { pid: 1200, tid: 1201 },
  ],
  call: { thread: { pid: 1200, tid: 1204 }, start: 1_000_000_000_123_456_789_500n, depth: 12 },
  top: { thread: { pid: 1200, tid: 1204 }, ordinal: 123_456_789_000 },
  packetTop: { queue: 2, ordinal: 77 },
  moment: { thread: { pid: 1200, tid: 1204 }, time: 1_000_000_000_123_456_789_500n, nth: 3 },
  details: { 'flame.threads': '1', 'blocks.order': 'ipc.up', 'instructions.columns': 'time,address' },
}
const identity = { name: 'perf.data', size: 4_294_967_296, print: '0123456789abcdef' }

describe('a link', () => {
  it('says the whole view in words', () => {
    expect(formatLink({ sources: null, origin: '', identity, view: { ...emptyView, tab: 'timeline', thread: view.thread }, others: [] })).toBe(
      'v=1&file=perf.data&size=4294967296&print=0123456789abcdef&tab=timeline&thread=1200.1204',
    )
  })
  it('says every part of the view', () => {
    expect([...viewParameters(view)].map((pair) => pair.join('=')).join('\n')).toBe(`tab=flame
thread=1200.1204
range=1000000000123456789-1000000000123999999
weight=cycles
search=std::map<int, "x">
at=1200.1204@123456789012
packet=2.4096
block=7fff12345678
flame=main
match(Order const&)
operator new
flame-at=main
match(Order const&)
operator new
malloc
zoom=1000000000123456789250-1000000000123456799000
folded=1200.1200,1200.1201
call=1200.1204@1000000000123456789500.12
top=1200.1204@123456789000
packet-top=2.77
moment=1200.1204@1000000000123456789500.3
flame.threads=1
instructions.columns=time,address
blocks.order=ipc.up`)
  })
  it('of the first build still opens', () => {
    const link = parseLink('#v=1&file=perf.data&size=100&print=0123456789abcdef&tab=blocks&thread=7.8&range=10-20&at=7.8@5&packet=0.64&block=401000')
    expect(link).toEqual({
      version: 1,
      sources: null,
      origin: '',
      identity: { name: 'perf.data', size: 100, print: '0123456789abcdef' },
      view: {
        ...emptyView,
        tab: 'blocks',
        thread: { pid: 7, tid: 8 },
        range: { start: 10n, end: 20n },
        instruction: { thread: { pid: 7, tid: 8 }, ordinal: 5 },
        packet: { queue: 0, offset: 64 },
        block: 0x401000n,
      },
      others: [],
    })
  })
  it('of this build keeps its meaning in the first one: what that knew is written as before', () => {
    const old = new Set(['v', 'file', 'size', 'print', 'tab', 'thread', 'range', 'weight', 'search', 'at', 'packet', 'block', 'flame'])
    const known = [...new URLSearchParams(formatLink({ sources: null, origin: '', identity, view, others: [] }))].filter(([key]) => old.has(key))
    const before: LinkedView = { ...emptyView, ...view, flameAt: [], zoom: null, folded: [], call: null, top: null, packetTop: null, moment: null, details: {} }
    expect(known).toEqual([...new URLSearchParams(formatLink({ sources: null, origin: '', identity, view: before, others: [] }))])
  })
  it('comes back as it went', () => {
    const sources = { trace: 'https://ci.example/a b/perf.data?x=1&y=2', elf: ['https://ci.example/app', 'https://ci.example/lib.so'] }
    const link = { sources, origin: 'share=0123.abc', identity, view, others: [['later', 'on']] as [string, string][] }
    expect(parseLink(`#${formatLink(link)}`)).toEqual({ version: 1, ...link })
  })
  it('of a newer build keeps what this one does not know, and says its version', () => {
    const link = parseLink('#v=9&tab=hologram&depth=3&search=main')
    expect(link).toEqual({ version: 9, sources: null, origin: '', identity: null, view: { ...emptyView, search: 'main' }, others: [['depth', '3']] })
  })
  it.each(['', '#', '#section', '#unknown=1', '#/i/abc'])('is not %j', (fragment) => expect(parseLink(fragment)).toBeNull())
  it('with broken parts shows what is whole', () => {
    expect(parseLink('#tab=flame&range=9-3&thread=x.y&at=1.2@-3&packet=1&block=zz&size=-1&print=ab&zoom=5&folded=1,a.b&call=1.2@3&top=@&packet-top=x.1')).toEqual({
      version: 1,
      sources: null,
      origin: '',
      identity: null,
      view: { ...emptyView, tab: 'flame' },
      others: [],
    })
  })
})

it('steps back to another tab, thread or zoom, not to another range or selection', () => {
  expect(isNavigation(view, { ...view, tab: 'blocks' })).toBe(true)
  expect(isNavigation(view, { ...view, flame: ['main'] })).toBe(true)
  expect(isNavigation(view, { ...view, range: null, search: '' })).toBe(false)
  expect(isNavigation(view, { ...view, zoom: null, folded: [], call: null, top: null, details: {} })).toBe(false)
  expect(isNavigation(view, { ...view, instruction: null, packet: { queue: 2, offset: 4104 }, block: 1n, flameAt: [] })).toBe(false)
})

it('tells files of the same size apart by their bytes', async () => {
  const bytes = new Uint8Array(100_000).map((_, at) => (at * 7) & 255)
  const other = bytes.slice()
  other[99_999] = 1
  const of = (from: Uint8Array) => fingerprint(from.length, (offset, length) => Promise.resolve(from.slice(offset, offset + length)))
  expect([await of(bytes), await of(bytes), await of(other)]).toEqual(['aab97881b92aa20a', 'aab97881b92aa20a', '8366fbdd560a8857'])
})
