// SPDX-License-Identifier: Apache-2.0
// A made-up trace of an order book, for the demo engine: calls of several
// threads grown from a small grammar with a fixed seed, and the gaps between.

/** Indices below are rows: of functions, of images, of threads. */
export const images = [
  { path: '', status: 0, lost: 0 },
  { path: '/usr/local/bin/orderbook', status: 1, lost: 0 },
  { path: '/usr/lib/x86_64-linux-gnu/libc.so.6', status: 1, lost: 0 },
  { path: '/usr/lib/x86_64-linux-gnu/libstdc++.so.6', status: 1, lost: 0 },
  { path: '/opt/feed/libfeed.so.2', status: 0, lost: 131_072 },
  { path: '[vdso]', status: 1, lost: 0 },
] as const

type Rule = { name: string; image: number; self: readonly [number, number]; calls?: readonly (readonly [string, number, number, number])[] }

// Children: name, probability, fewest and most times.
const rules: readonly Rule[] = [
  { name: '', image: 0, self: [0, 0] },
  { name: 'main', image: 1, self: [100, 400] },
  { name: 'market::EventLoop::run()', image: 1, self: [80, 300], calls: [['market::Session::on_message(market::Packet const&)', 1, 1, 6]] },
  {
    name: 'market::Session::on_message(market::Packet const&)',
    image: 1,
    self: [120, 500],
    calls: [
      ['market::Parser::parse(std::span<std::byte const>)', 1, 1, 1],
      ['book::OrderBook::add(book::Order const&)', 0.7, 1, 2],
      ['book::OrderBook::cancel(unsigned long)', 0.4, 1, 2],
      ['book::OrderBook::match()', 0.5, 1, 1],
      ['journal::Journal::append(journal::Record const&)', 0.6, 1, 1],
    ],
  },
  {
    name: 'market::Parser::parse(std::span<std::byte const>)',
    image: 1,
    self: [200, 700],
    calls: [
      ['market::read_varint(std::byte const*&)', 0.9, 2, 6],
      ['__memcpy_avx_unaligned_erms', 0.7, 1, 2],
    ],
  },
  { name: 'market::read_varint(std::byte const*&)', image: 1, self: [12, 40] },
  {
    name: 'book::OrderBook::add(book::Order const&)',
    image: 1,
    self: [150, 400],
    calls: [
      ['book::PriceLevels::find(long)', 1, 1, 1],
      ['operator new(unsigned long)', 0.5, 1, 1],
      ['book::OrderIndex::insert(unsigned long, book::Order*)', 1, 1, 1],
    ],
  },
  { name: 'book::PriceLevels::find(long)', image: 1, self: [60, 260], calls: [['book::compare_price(long, long)', 0.8, 2, 5]] },
  { name: 'book::compare_price(long, long)', image: 1, self: [6, 14] },
  {
    name: 'book::OrderIndex::insert(unsigned long, book::Order*)',
    image: 1,
    self: [40, 160],
    calls: [['book::OrderIndex::rehash(unsigned long)', 0.012, 1, 1]],
  },
  {
    name: 'book::OrderIndex::rehash(unsigned long)',
    image: 1,
    self: [4000, 9000],
    calls: [
      ['operator new(unsigned long)', 1, 1, 1],
      ['book::OrderIndex::move_bucket(unsigned int)', 1, 60, 120],
      ['operator delete(void*)', 1, 1, 1],
    ],
  },
  { name: 'book::OrderIndex::move_bucket(unsigned int)', image: 1, self: [80, 300] },
  {
    name: 'book::OrderBook::cancel(unsigned long)',
    image: 1,
    self: [100, 300],
    calls: [
      ['book::PriceLevels::find(long)', 1, 1, 1],
      ['operator delete(void*)', 0.7, 1, 1],
    ],
  },
  {
    name: 'book::OrderBook::match()',
    image: 1,
    self: [200, 900],
    calls: [
      ['book::PriceLevels::find(long)', 1, 1, 3],
      ['book::fill(book::Order&, book::Order&)', 0.8, 1, 4],
    ],
  },
  { name: 'book::fill(book::Order&, book::Order&)', image: 1, self: [90, 300], calls: [['clock_gettime', 0.5, 1, 1]] },
  { name: 'clock_gettime', image: 2, self: [10, 20], calls: [['__vdso_clock_gettime', 1, 1, 1]] },
  { name: '__vdso_clock_gettime', image: 5, self: [20, 40] },
  { name: 'operator new(unsigned long)', image: 3, self: [15, 40], calls: [['malloc', 1, 1, 1]] },
  { name: 'operator delete(void*)', image: 3, self: [10, 30], calls: [['free', 1, 1, 1]] },
  { name: 'malloc', image: 2, self: [40, 160], calls: [['_int_malloc', 0.3, 1, 1]] },
  { name: '_int_malloc', image: 2, self: [120, 500] },
  { name: 'free', image: 2, self: [30, 90], calls: [['_int_free', 0.3, 1, 1]] },
  { name: '_int_free', image: 2, self: [90, 300] },
  { name: '__memcpy_avx_unaligned_erms', image: 2, self: [20, 90] },
  {
    name: 'journal::Journal::append(journal::Record const&)',
    image: 1,
    self: [80, 260],
    calls: [
      ['journal::encode(journal::Record const&, std::byte*)', 1, 1, 1],
      ['__memcpy_avx_unaligned_erms', 1, 1, 1],
    ],
  },
  { name: 'journal::encode(journal::Record const&, std::byte*)', image: 1, self: [100, 300] },
  {
    name: 'journal::Journal::flush()',
    image: 1,
    self: [2000, 6000],
    calls: [
      ['__write', 1, 1, 2],
      ['journal::crc32(std::byte const*, unsigned long)', 1, 1, 3],
    ],
  },
  { name: '__write', image: 2, self: [300, 900] },
  { name: 'journal::crc32(std::byte const*, unsigned long)', image: 1, self: [1500, 5000] },
  { name: 'stats::Sampler::tick()', image: 1, self: [300, 1500], calls: [['stats::Histogram::record(unsigned long)', 1, 4, 16]] },
  { name: 'stats::Histogram::record(unsigned long)', image: 1, self: [20, 70] },
]
const byName = new Map(rules.map(({ name }, row) => [name, row]))
export const functions = rules.map(({ name, image }, row) => ({ name, image, address: BigInt(0x1000 + row * 0x240), size: 0x1c0n }))

export const DURATION_NS = 84_200_000
export const threads = [
  { pid: -1, tid: -1, comm: '', top: '', every: 0 },
  { pid: 4127, tid: 4127, comm: 'orderbook', top: 'market::EventLoop::run()', every: 16_000 },
  { pid: 4127, tid: 4131, comm: 'matcher-0', top: 'market::EventLoop::run()', every: 21_000 },
  { pid: 4127, tid: 4132, comm: 'matcher-1', top: 'market::EventLoop::run()', every: 26_000 },
  { pid: 4127, tid: 4133, comm: 'journal', top: 'journal::Journal::flush()', every: 160_000 },
  { pid: 4127, tid: 4134, comm: 'stats', top: 'stats::Sampler::tick()', every: 1_000_000 },
] as const

export const GAP_OVERFLOW = 1
export const GAP_NO_CODE = 4
export const GAP_NOT_TRACED = 8

export type DemoCall = { thread: number; depth: number; start: number; end: number; fn: number; self: number; flags: number }
export type DemoGap = { thread: number; start: number; end: number; reason: number }
export type DemoTrace = { calls: DemoCall[]; gaps: DemoGap[] }

/** A small generator of numbers that look random (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function makeDemoTrace(seed = 7): DemoTrace {
  const calls: DemoCall[] = []
  const gaps: DemoGap[] = []
  const random = generator(seed)
  const between = (low: number, high: number) => low + random() * (high - low)

  function grow(thread: number, fn: number, depth: number, start: number): number {
    const rule = rules[fn]
    if (!rule) return start
    const call: DemoCall = { thread, depth, start, end: start, fn, self: 0, flags: 0 }
    calls.push(call)
    let at = start
    const spend = (ns: number) => {
      at += ns
      call.self += ns
    }
    const self = between(...rule.self)
    spend(self / 2)
    for (const [name, chance, fewest, most] of rule.calls ?? []) {
      if (random() > chance) continue
      const times = Math.round(between(fewest, most))
      for (let time = 0; time < times; time++) {
        at = grow(thread, byName.get(name) ?? 0, depth + 1, at)
        spend(2 + random() * 6)
      }
    }
    spend(self / 2)
    call.end = at
    return at
  }

  function gap(thread: number, start: number, end: number): void {
    const dice = random()
    const reason = dice < 0.012 ? GAP_OVERFLOW : dice < 0.02 ? GAP_NO_CODE : GAP_NOT_TRACED
    const lostEnd = reason === GAP_NOT_TRACED ? end : end + between(100_000, 500_000)
    gaps.push({ thread, start, end: lostEnd, reason })
  }

  threads.forEach(({ top, every }, thread) => {
    if (every === 0) return
    let at = between(0, 900_000)
    if (at > 0) gaps.push({ thread, start: 0, end: at, reason: GAP_NOT_TRACED })
    for (let message = 0; at < DURATION_NS - 40_000 && message < 20_000; message++) {
      const end = grow(thread, byName.get(top) ?? 0, 1, at)
      const pause = random() < 0.4 ? between(every * 0.2, every * 3) : between(40, 120)
      if (pause > 1000) {
        gap(thread, end, end + pause)
        at = gaps[gaps.length - 1]?.end ?? end + pause
      } else at = end + pause
    }
    calls.push({ thread, depth: 0, start: 0, end: DURATION_NS, fn: 1, self: 0, flags: 3 })
  })
  calls.sort((a, b) => a.thread - b.thread || a.start - b.start || a.depth - b.depth)
  return { calls, gaps }
}
