// SPDX-License-Identifier: Apache-2.0
// The text and the JSON of info, report and packets, from small tables.
import { expect, it } from 'vitest'
import { textColumn } from '../lib/text-column'
import { emptyTable } from '../engine/columns'
import { ALL } from '../model/tables.gen'
import { indexText, infoText, sumGaps } from './info'
import { jsonRow } from './json'
import { PacketLines } from './packets'
import { hottestBlocks, sumFunctions } from './report'

it('sums functions over paths and counts recursion once', () => {
  // 0 root > 1 f > 2 f > 3 g, and 0 root > 4 g
  const tree = emptyTable('call_tree', 5)
  tree.parent.set([ALL, 0, 1, 2, 0])
  tree.function.set([0, 1, 1, 2, 2])
  tree.calls.set([0, 3, 4, 5, 6])
  tree.self_ns.set([1, 10, 20, 40, 80])
  tree.self_cycles.fill(Number.NaN)
  expect(sumFunctions(tree, 'time').map(({ function: id, calls, self, total }) => [id, calls, self.time, total.time])).toEqual([
    [2, 11, 120, 120],
    [1, 7, 30, 70],
    [0, 0, 1, 151],
  ])
})

it('puts blocks without a measurement last', () => {
  const blocks = emptyTable('blocks', 3)
  blocks.cycles.set([5, Number.NaN, 9])
  expect(hottestBlocks(blocks, 'cycles')).toEqual([2, 0, 1])
})

it('prints packets as perf dumps them, padding with the packet before', () => {
  const packets = emptyTable('packets', 6)
  packets.offset.set([0, 16, 24, 26, 27, 28])
  packets.bytes = textColumn(['02 82 02 82 02 82 02 82 02 82 02 82 02 82 02 82', '19dad3a3df7bfa00', '59 ee', '00', '00', '02 23'])
  packets.name = textColumn(['PSB', 'TSC', 'MTC', 'PAD', 'PAD', 'PSBEND'])
  packets.text = textColumn(['', '0xfa7bdfa3d3da', '0xee', '', '', ''])
  const lines = new PacketLines()
  expect((lines.add(packets) + lines.end()).split('\n')).toEqual([
    '.  00000000:  02 82 02 82 02 82 02 82 02 82 02 82 02 82 02 82 PSB',
    '.  00000010:  19 da d3 a3 df 7b fa 00                         TSC 0xfa7bdfa3d3da',
    '.  00000018:  59 ee 00 00                                     MTC 0xee',
    '.  0000001c:  02 23                                           PSBEND',
    '',
  ])
})

it('adds gaps up by reason, losses first', () => {
  const gaps = emptyTable('gaps', 3)
  gaps.reason.set([8, 1, 8])
  gaps.lost.set([0, 1, 0])
  gaps.missing_ns.set([5, 30, 0])
  gaps.bytes.set([0, 7, 0])
  gaps.text = textColumn(['off', 'overflow at 7', 'off'])
  expect(sumGaps(gaps)).toEqual([
    { reason: 'overflow', lost: true, count: 1, bytes: 7, ns: 30, example: 'overflow at 7' },
    { reason: 'not_traced', lost: false, count: 2, bytes: 0, ns: 5, example: 'off' },
  ])
})

it('writes info as text', () => {
  const info = {
    ...emptyTable('info', 4),
    key: textColumn(['arch', 'start_time_ns', 'duration_ns', 'event_width']),
    label: textColumn(['Architecture', 'Start', 'Duration', '']),
    value: textColumn(['x86_64', '86409526717718', '389221', '11']),
  }
  const queues = emptyTable('queues', 1)
  queues.aux_bytes[0] = 5168
  const threads = { ...emptyTable('threads', 2), comm: textColumn(['', 'hello']) }
  threads.pid[1] = threads.tid[1] = 42
  threads.instructions[1] = 31578
  const images = { ...emptyTable('images', 2), path: textColumn(['', '/bin/hello']), message: textColumn(['', 'Not given: 3 gaps.']) }
  expect(infoText('perf.data', { info, queues, threads, images, gaps: emptyTable('gaps', 0) })).toBe(
    `perf.data
  Architecture  x86_64
  Start         86409.526717718 s
  Duration      389 µs

Queues of trace: 1
  0  CPU 0  5.05 KiB  0 packets  0 instructions

Threads with trace: 1
  hello  42/42  31,578 instructions  0 branches  0 ns traced

Binaries: 1
  /bin/hello  missing    Not given: 3 gaps.

Decoding lost nothing of what could be read.
`,
  )
})

it('writes what the index of a large trace tells', () => {
  const info = {
    ...emptyTable('info', 2),
    key: textColumn(['arch', 'instructions']),
    label: textColumn(['Architecture', 'Instructions decoded']),
    value: textColumn(['x86_64', '0']),
  }
  const queues = emptyTable('queues', 1)
  queues.aux_bytes[0] = 5 * 2 ** 30
  const threads = { ...emptyTable('threads', 2), comm: textColumn(['', 'hello']) }
  threads.pid.set([-1, 42])
  threads.tid.set([-1, 43])
  const images = { ...emptyTable('images', 2), path: textColumn(['', '/bin/hello']), message: textColumn(['', 'Not given.']) }
  expect(indexText('perf.data', { info, queues, threads, images, gaps: emptyTable('gaps', 0) })).toBe(
    `perf.data
  Architecture  x86_64

Queues of trace: 1
  0  CPU 0  5.00 GiB

Threads: 1
  hello  42/43

Binaries: 1
  /bin/hello  missing    Not given.

Not decoded: 5.00 GiB of trace. What was executed and what was lost is counted with --decode.
`,
  )
})

it('writes rows as JSON with null for what is not known', () => {
  const gaps = emptyTable('gaps', 1)
  gaps.thread[0] = ALL
  gaps.start_ns[0] = Number.NaN
  gaps.ip[0] = 0xffffffff81000000n
  expect(jsonRow('gaps', gaps, 0)).toMatchObject({ thread: null, start_ns: null, end_ns: 0, ip: '0xffffffff81000000', text: '' })
})
