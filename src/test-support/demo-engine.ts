// SPDX-License-Identifier: Apache-2.0
// An Engine that answers from the made-up trace of demo-trace.ts: a test double
// for the store and the views, and what ?demo shows in development. Never built
// into the product.
import type { Engine, ImageOutcome, Progress, TableRequest } from '../engine/protocol'
import { fail, ok } from '../lib/result'
import { ALL, type TableName, type Tables } from '../model/tables.gen'
import {
  DURATION_NS,
  GAP_NO_CODE,
  GAP_NOT_TRACED,
  GAP_OVERFLOW,
  functions,
  images,
  makeDemoTrace,
  threads,
  type DemoCall,
} from './demo-trace'
import { makeTable } from './make-table'

export type DemoOptions = { decodeMs: number; cycles: boolean }

const AUX_BYTES = 40_260_000
const PER_NS = 3.1
const CYCLES_PER_NS = 2.4
const TICK_MS = 60

type Window = { start: number; end: number; thread: number | undefined }

const overlap = (start: number, end: number, window: Window) => Math.max(0, Math.min(end, window.end) - Math.max(start, window.start))

export function demoEngine({ decodeMs, cycles }: DemoOptions): Engine {
  const trace = makeDemoTrace()
  let decoded = 0
  let stop = false

  const windowOf = ({ thread, start_ns = 0, end_ns = 0 }: TableRequest): Window => ({
    thread,
    start: start_ns,
    end: Math.min(decoded, end_ns > start_ns ? end_ns : DURATION_NS),
  })
  const inside = (one: { thread: number; start: number; end: number }, window: Window) =>
    (window.thread === undefined || one.thread === window.thread) && one.end > window.start && one.start < window.end

  function info(): Tables['info'] {
    const rows = [
      ['duration_ns', 'Duration', String(DURATION_NS)],
      ['cpu', 'Processor', 'Intel Core i7-1185G7'],
      ['source', 'Source', 'Intel PT'],
      ['pt_config', 'Configuration', 'intel_pt/cyc,mtc_period=3/u'],
      ['cycles', 'Cycles', cycles ? 'yes' : 'The trace has no CYC packets: record with intel_pt/cyc/ to see cycles and IPC.'],
      ['aux_bytes', 'Trace', String(AUX_BYTES)],
      ['instructions', 'Instructions', String(Math.round(totalInstructions()))],
      ['warning', 'Warning', 'perf lost 2 sideband records: names of short-lived threads may be missing.'],
    ]
    return makeTable(
      'info',
      rows.map(([key = '', label = '', value = '']) => ({ key, label, value })),
    )
  }

  const onTime = (thread: number, window: Window) => {
    let on = 0
    for (const call of trace.calls) if (call.thread === thread && call.depth === 1) on += overlap(call.start, call.end, window)
    return on
  }
  const totalInstructions = () => threads.reduce((sum, _, thread) => sum + onTime(thread, windowOf({})) * PER_NS, 0)

  function threadTable(): Tables['threads'] {
    const window = windowOf({})
    return makeTable(
      'threads',
      threads.map(({ pid, tid, comm, every }, thread) => {
        const on_ns = onTime(thread, window)
        return {
          pid,
          tid,
          comm,
          on_ns,
          start_ns: every ? 0 : NaN,
          end_ns: every ? decoded : NaN,
          instructions: Math.round(on_ns * PER_NS),
          branches: Math.round(on_ns * 0.6),
          cycles: cycles ? Math.round(on_ns * CYCLES_PER_NS) : NaN,
          gaps: trace.gaps.filter((gap) => gap.thread === thread && gap.reason !== GAP_NOT_TRACED && gap.start < decoded).length,
        }
      }),
    )
  }

  function callTree(request: TableRequest): Tables['call_tree'] {
    const window = windowOf(request)
    const rows: Record<string, number>[] = []
    const rowOf = new Map<string, number>()
    const node = (parent: number, fn: number, thread: number) => {
      const key = `${parent} ${fn} ${thread}`
      const old = rowOf.get(key)
      if (old !== undefined) return old
      rowOf.set(key, rows.length)
      rows.push({ parent, function: fn, thread, calls: 0, self_ns: 0, self_instructions: 0, self_cycles: cycles ? 0 : NaN, self_samples: NaN, self_events: NaN })
      return rows.length - 1
    }
    const stack: number[] = []
    for (const call of trace.calls) {
      if (!inside(call, window)) continue
      const base = node(ALL, 0, call.thread)
      const row = node(call.depth === 0 ? base : (stack[call.depth - 1] ?? base), call.fn, call.thread)
      stack[call.depth] = row
      const share = overlap(call.start, call.end, window) / (call.end - call.start || 1)
      const pace = 0.6 + ((call.fn * 37) % 11) / 10
      const into = rows[row] ?? {}
      into.calls = (into.calls ?? 0) + 1
      into.self_ns = (into.self_ns ?? 0) + call.self * share
      into.self_instructions = (into.self_instructions ?? 0) + Math.round(call.self * share * PER_NS * pace)
      into.self_cycles = (into.self_cycles ?? 0) + Math.round(call.self * share * CYCLES_PER_NS)
    }
    return makeTable('call_tree', rows)
  }

  function calls(request: TableRequest): Tables['calls'] {
    const window = windowOf(request)
    const pixel = (window.end - window.start) / (request.count || 1000)
    const lastEnd: number[] = []
    const rows: Record<string, number>[] = []
    for (const call of trace.calls) {
      if (!inside(call, window)) continue
      const slot = call.thread * 100 + call.depth
      if (call.end - call.start < pixel / 2 && call.start < (lastEnd[slot] ?? -1) + pixel / 2) continue
      lastEnd[slot] = call.end
      rows.push(callRow(call))
    }
    return makeTable('calls', rows)
  }
  const callRow = (call: DemoCall) => ({
    thread: call.thread,
    depth: call.depth,
    start_ns: call.start,
    end_ns: Math.min(call.end, decoded),
    function: call.fn,
    flags: call.flags,
    instructions: Math.round((call.end - call.start) * PER_NS),
  })

  function gaps(request: TableRequest): Tables['gaps'] {
    const window = windowOf(request)
    const texts: Record<number, string> = {
      [GAP_OVERFLOW]:
        'The processor could not write its trace fast enough (OVF): 1,536 bytes were lost. Trace less at once, for instance without /cyc/.',
      [GAP_NO_CODE]: '/opt/feed/libfeed.so.2 is not given, so 4,096 bytes of trace could not be followed: add the file.',
      [GAP_NOT_TRACED]: 'Tracing was off: the thread was in the kernel or not running.',
    }
    return makeTable(
      'gaps',
      trace.gaps
        .filter((gap) => inside(gap, window))
        .map(({ thread, start, end, reason }) => ({
          thread,
          queue: thread,
          start_ns: start,
          end_ns: end,
          missing_ns: end - start,
          reason,
          lost: reason === GAP_NOT_TRACED ? 0 : 1,
          bytes: reason === GAP_NOT_TRACED ? 0 : 4096,
          text: texts[reason] ?? '',
        })),
    )
  }

  function coverage(request: TableRequest): Tables['coverage'] {
    const { start_ns = 0, end_ns = 0, count = 256 } = request
    const end = end_ns > start_ns ? end_ns : DURATION_NS
    const size = (end - start_ns) / count
    const on = threads.map(() => new Float64Array(count))
    const lost = threads.map(() => new Float64Array(count))
    const spread = (column: Float64Array | undefined, from: number, to: number) => {
      for (let bucket = Math.max(0, Math.floor((from - start_ns) / size)); bucket < count && start_ns + bucket * size < to; bucket++) {
        const part = Math.min(to, start_ns + (bucket + 1) * size) - Math.max(from, start_ns + bucket * size)
        if (column && part > 0) column[bucket] = (column[bucket] ?? 0) + part
      }
    }
    for (const call of trace.calls) if (call.depth === 1 && call.start < decoded) spread(on[call.thread], call.start, call.end)
    for (const gap of trace.gaps) if (gap.reason !== GAP_NOT_TRACED && gap.start < decoded) spread(lost[gap.thread], gap.start, gap.end)
    const rows: Record<string, number>[] = []
    for (let thread = 1; thread < threads.length; thread++)
      for (let bucket = 0; bucket < count; bucket++) {
        const on_ns = on[thread]?.[bucket] ?? 0
        const lost_ns = lost[thread]?.[bucket] ?? 0
        if (on_ns > 0 || lost_ns > 0) rows.push({ thread, bucket, on_ns, lost_ns, instructions: on_ns * PER_NS })
      }
    return makeTable('coverage', rows)
  }

  function instructions({ thread = 1, first = 0, flags = 0, start_ns = 0, count = 100 }: TableRequest): Tables['instructions'] {
    const from = flags & 1 ? Math.floor(start_ns * PER_NS) : first
    const total = Math.floor(decoded * PER_NS)
    const rows = Array.from({ length: Math.max(0, Math.min(count, total - from)) }, (_, index) => {
      const ordinal = from + index
      const fn = 2 + ((ordinal >> 4) % (functions.length - 2))
      const offset = (ordinal & 15) * 4
      const ip = 0x555555554000n + (functions[fn]?.address ?? 0n) + BigInt(offset)
      return {
        ordinal,
        ip,
        offset,
        time_ns: Math.floor(ordinal / PER_NS),
        length: 4,
        code_low: 0x0000000024448b48n,
        function: fn,
        function_offset: offset,
        image: functions[fn]?.image ?? 0,
        class: 0,
        end: 0,
        queue: thread,
        cpu: -1,
        block: ip,
        cycles: NaN,
      }
    })
    return makeTable('instructions', rows)
  }

  function blocks(request: TableRequest): Tables['blocks'] {
    const window = windowOf(request)
    const selfNs = new Float64Array(functions.length)
    for (const call of trace.calls)
      if (inside(call, window)) selfNs[call.fn] = (selfNs[call.fn] ?? 0) + Math.min(call.self, overlap(call.start, call.end, window))
    return makeTable(
      'blocks',
      functions.map(({ address, image }, fn) => ({
        ip: 0x555555554000n + address,
        size: 24,
        block_instructions: 6,
        function: fn,
        image,
        visits: Math.round((selfNs[fn] ?? 0) / 4),
        taken: Math.round((selfNs[fn] ?? 0) / 6),
        instructions: Math.round((selfNs[fn] ?? 0) * PER_NS),
        ns: selfNs[fn] ?? 0,
        cycles: cycles ? Math.round((selfNs[fn] ?? 0) * CYCLES_PER_NS) : NaN,
        cycle_instructions: Math.round((selfNs[fn] ?? 0) * PER_NS),
        cycle_visits: Math.round((selfNs[fn] ?? 0) / 4),
        thread: ALL,
        first_ordinal: fn * 1000,
      })),
    )
  }

  const answers: { [Name in TableName]?: (request: TableRequest) => Tables[Name] } = {
    info,
    threads: threadTable,
    call_tree: callTree,
    calls,
    gaps,
    coverage,
    instructions,
    blocks,
    functions: () => makeTable('functions', functions),
    images: () =>
      makeTable(
        'images',
        images.map(({ path, status, lost }) => ({
          path,
          status,
          lost_bytes: lost,
          gaps: lost ? 31 : 0,
          symbols: status ? 1200 : 0,
          anonymous: path.startsWith('[') ? 1 : 0,
          message: lost ? `${path} is missing: 128 KiB of trace could not be followed. Add the file.` : '',
        })),
      ),
    queues: () =>
      makeTable(
        'queues',
        threads.slice(1).map(({ tid }) => ({ cpu: -1, tid, aux_bytes: AUX_BYTES / 5 })),
      ),
  }

  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const report = (phase: Progress['phase'], version: number): Progress => ({
    phase,
    version,
    bytesDone: (decoded / DURATION_NS) * AUX_BYTES,
    bytesTotal: AUX_BYTES,
    instructions: totalInstructions(),
  })

  return {
    open: async ({ name, file }) => {
      decoded = 0
      await wait(decodeMs / 20)
      if (file.size < 8) return fail({ sentence: `${name} ends after ${file.size} bytes: a perf.data header has 104.` })
      return ok(undefined)
    },
    addImages: async (inputs) =>
      ok(
        inputs.map(({ path }): ImageOutcome => {
          const wanted = images.some((image) => image.path !== '' && image.path.endsWith(path.split('/').pop() ?? path))
          return wanted
            ? { path, state: 'used', sentence: `${path} is used.` }
            : { path, state: 'unwanted', sentence: `${path} is not in the trace.` }
        }),
      ),
    decode: async (onProgress) => {
      stop = false
      decoded = 0
      const steps = Math.max(1, Math.round(decodeMs / TICK_MS))
      for (let step = 1; step <= steps && !stop; step++) {
        await wait(decodeMs / steps)
        decoded = (DURATION_NS * step) / steps
        onProgress(report(stop ? 'cancelled' : step === steps ? 'done' : 'decoding', step))
      }
      return ok(undefined)
    },
    prefer: () => undefined,
    cancel: async () => {
      stop = true
    },
    query: async (table, request) => {
      await wait(decodeMs > 0 ? 20 : 0)
      const answer = answers[table]
      return ok(answer ? answer(request) : makeTable(table, []))
    },
    close: async () => {
      decoded = 0
    },
  }
}
