// SPDX-License-Identifier: Apache-2.0
// Made by wasm/tools/gen-tables.mjs from wasm/include/tables.h: do not edit.
import type { TextColumn } from '../lib/text-column'

export type ColumnType = 'u8' | 'u32' | 'i32' | 'u64' | 'f64' | 'str'

/** facts about the trace, for people; nothing counts */
export type InfoTable = {
  rows: number
  /** stable name: recorded_at start_time_ns end_time_ns duration_ns (absolute times as decimal text), hostname os_release arch cpu perf_version command_line events pt_config source (Intel PT) cycles (yes or the sentence why not), no_path (samples alone: why no code can be followed) aux_bytes sideband_records guest_recording (may repeat) samples queues segments instructions gaps_lost_bytes warning (may repeat) */
  key: TextColumn
  /** name for people */
  label: TextColumn
  /** value, with unit */
  value: TextColumn
}

/** AUX streams; nothing counts */
export type QueuesTable = {
  rows: number
  /** CPU, -1 when bound to a thread */
  cpu: Int32Array
  /** thread, -1 when bound to a CPU */
  tid: Int32Array
  /** bytes of trace */
  aux_bytes: Float64Array
  /** packets, as far as decoded */
  packets: Float64Array
  /** instructions, as far as decoded */
  instructions: Float64Array
}

/** units of decoding; nothing counts */
export type SegmentsTable = {
  rows: number
  /** row of queues */
  queue: Uint32Array
  /** first AUX byte */
  offset: Float64Array
  /** AUX bytes */
  size: Float64Array
  /** time of its first TSC; NaN unknown */
  start_ns: Float64Array
  /** 1 when its part is in the profile */
  merged: Uint8Array
}

/** threads of the trace; row 0 is the unknown one; nothing counts */
export type ThreadsTable = {
  rows: number
  /** process */
  pid: Int32Array
  /** thread */
  tid: Int32Array
  /** last name */
  comm: TextColumn
  /** first traced time; NaN never */
  start_ns: Float64Array
  /** last traced time; NaN never */
  end_ns: Float64Array
  /** executed */
  instructions: Float64Array
  /** visits that ended in a branch */
  branches: Float64Array
  /** core cycles; NaN without CYC packets */
  cycles: Float64Array
  /** time with trace */
  on_ns: Float64Array
  /** gaps that lost something */
  gaps: Uint32Array
  /** ordinary samples taken of it */
  samples: Uint32Array
  /** process that runs the virtual machine whose own thread it is; 0: the traced machine's */
  machine: Int32Array
}

/** functions seen so far; row 0 is unknown; nothing counts */
export type FunctionsTable = {
  rows: number
  /** as perf prints it; empty: nameless code */
  name: TextColumn
  /** row of images */
  image: Uint32Array
  /** in the image's own address space */
  address: BigUint64Array
  /** bytes; 0 unknown */
  size: BigUint64Array
}

/** calls by path; thread, start_ns, end_ns count, and for a file of samples extra: 1 + row of sample_events, 0: of all events; parents before children */
export type CallTreeTable = {
  rows: number
  /** row, PTM_ALL for a root */
  parent: Uint32Array
  /** row of functions */
  function: Uint32Array
  /** row of threads */
  thread: Uint32Array
  /** times entered */
  calls: Float64Array
  /** time in the function itself */
  self_ns: Float64Array
  /** instructions in the function itself */
  self_instructions: Float64Array
  /** core cycles in the function itself; NaN without CYC packets */
  self_cycles: Float64Array
  /** samples taken in the function itself; NaN: calls were followed */
  self_samples: Float64Array
  /** what the samples' event counted, the sum of their periods; NaN: they are of several events, or calls were followed */
  self_events: Float64Array
}

/** events that ordinary samples are of; nothing counts */
export type SampleEventsTable = {
  rows: number
  /** as perf prints it */
  name: TextColumn
  /** taken of it */
  samples: Float64Array
  /** 1: what its samples say (script's field trace) is known */
  has_words: Uint8Array
  /** PERF_TYPE_*: 2 tracepoint */
  type: Uint32Array
  /** what a period counts: 0 the event itself, 1 ns, 2 core cycles, 3 instructions */
  unit: Uint8Array
}

/** calls in time, for a window; thread, start_ns, end_ns count, and count: pixels of width, so that calls far below one pixel may be left out or merged */
export type CallsTable = {
  rows: number
  /** row of threads */
  thread: Uint32Array
  /** 0 is outermost */
  depth: Uint32Array
  start_ns: Float64Array
  end_ns: Float64Array
  /** row of functions */
  function: Uint32Array
  /** 1 began before, 2 still open at the end, 4 several short calls drawn as one */
  flags: Uint32Array
  /** inclusive; NaN unknown */
  instructions: Float64Array
}

/** where trace is missing; thread, start_ns, end_ns count */
export type GapsTable = {
  rows: number
  /** row of threads */
  thread: Uint32Array
  /** row of queues */
  queue: Uint32Array
  start_ns: Float64Array
  end_ns: Float64Array
  /** enum ptm_gap_reason */
  reason: Uint8Array
  /** 1 when trace was lost, 0 when tracing was off */
  lost: Uint8Array
  /** AUX bytes skipped */
  bytes: Float64Array
  /** time: of a loss up to the next packet that tells where the code goes on, or that tracing is off; added up where a row stands for several */
  missing_ns: Float64Array
  /** AUX offset */
  offset: Float64Array
  /** where flow was lost; 0 unknown */
  ip: BigUint64Array
  /** one sentence: why, how much, what to do */
  text: TextColumn
}

/** executed instructions of one thread in order; thread, first (ordinal) and count count; flag 1: start_ns instead of first */
export type InstructionsTable = {
  rows: number
  /** 0 is the thread's first */
  ordinal: Float64Array
  time_ns: Float64Array
  ip: BigUint64Array
  /** bytes */
  length: Uint8Array
  /** bytes 0 to 7 */
  code_low: BigUint64Array
  /** bytes 8 to 14 */
  code_high: BigUint64Array
  /** row of functions */
  function: Uint32Array
  /** of ip in it */
  function_offset: Float64Array
  /** row of images */
  image: Uint32Array
  /** enum ptm_insn_class */
  class: Uint8Array
  /** enum ptm_end + 1 for the last instruction of a visit, else 0 */
  end: Uint8Array
  /** where a branch went; 0 none */
  target: BigUint64Array
  /** row of queues */
  queue: Uint32Array
  /** -1 unknown */
  cpu: Int32Array
  /** AUX offset of the packet that decided the visit's end */
  offset: Float64Array
  /** address of its block */
  block: BigUint64Array
  /** core cycles measured up to this instruction; NaN none */
  cycles: Float64Array
  /** instructions they cover */
  cycle_instructions: Float64Array
  /** source file; empty unknown */
  file: TextColumn
  /** source line; 0 unknown */
  line: Uint32Array
  /** functions inlined here, outermost first, joined by " > "; empty: none */
  inlined: TextColumn
  /** enum ptm_insn_mode: 0 16-bit, 1 32-bit, 2 64-bit code */
  mode: Uint8Array
  /** 1 when gap_text tells of lost trace, 0 when tracing was off */
  gap_lost: Uint8Array
  /** why trace is missing before this instruction; empty: nothing is */
  gap_text: TextColumn
}

/** executed basic blocks; thread, start_ns, end_ns count */
export type BlocksTable = {
  rows: number
  /** virtual address of its first instruction */
  ip: BigUint64Array
  /** bytes */
  size: Uint32Array
  /** instructions it holds */
  block_instructions: Uint32Array
  /** row of functions */
  function: Uint32Array
  /** of ip in it */
  function_offset: Float64Array
  /** row of images */
  image: Uint32Array
  /** enum ptm_insn_class of its last instruction */
  class: Uint8Array
  visits: Float64Array
  /** visits whose last instruction branched */
  taken: Float64Array
  /** executed */
  instructions: Float64Array
  ns: Float64Array
  /** core cycles; NaN without CYC packets */
  cycles: Float64Array
  /** instructions those cycles cover */
  cycle_instructions: Float64Array
  /** visits they rest on */
  cycle_visits: Float64Array
  /** row of threads of its first visit; PTM_ALL when several */
  thread: Uint32Array
  /** ordinal of a visit's first instruction in `thread`, to jump to; NaN unknown */
  first_ordinal: Float64Array
}

/** how often a measurement of cycles that ended with a visit of a block had which value; thread, start_ns, end_ns count, and text: the address of the one block that is wanted, in hex, with extra: its function (empty: all blocks), and count: most bytes of trace to decode for it (PTM_ALL: all) */
export type BlockCyclesTable = {
  rows: number
  /** virtual address of the block's first instruction */
  ip: BigUint64Array
  /** row of functions */
  function: Uint32Array
  /** core cycles since the measurement before; ascending within a block */
  cycles: Float64Array
  /** measurements that say so */
  count: Float64Array
}

/** raw packets of one queue; queue, first (ordinal) and count count; flag 1: first is an AUX offset; flag 2: start_ns instead of first */
export type PacketsTable = {
  rows: number
  /** 0 is the queue's first */
  ordinal: Float64Array
  /** AUX offset */
  offset: Float64Array
  /** bytes */
  size: Uint8Array
  /** enum ptm_packet_kind */
  kind: Uint8Array
  payload: BigUint64Array
  /** PSB, TNT, TIP.PGE, … */
  name: TextColumn
  /** payload for people */
  text: TextColumn
  /** raw bytes in hex */
  bytes: TextColumn
  /** trace time at the packet; NaN unknown */
  time_ns: Float64Array
  /** row of threads */
  thread: Uint32Array
  /** ordinal in `thread` of the first instruction it decides; NaN none */
  first_ordinal: Float64Array
}

/** binaries; row 0 is unused; nothing counts */
export type ImagesTable = {
  rows: number
  /** as mapped */
  path: TextColumn
  /** wanted, in hex; empty unknown */
  build_id: TextColumn
  /** of the given file; empty when not given */
  own_build_id: TextColumn
  /** name of the file with its symbols and lines, where it was split (.gnu_debuglink) */
  debug_link: TextColumn
  /** name of the file that its debug information shares with others (.gnu_debugaltlink, .debug_sup); empty: none */
  alternate: TextColumn
  /** build-id or checksum of that file, in hex */
  alternate_id: TextColumn
  /** 1: it is there */
  alternate_given: Uint8Array
  /** enum ptm_image_status */
  status: Uint8Array
  /** 1: no file to ask for (heap, JIT, kernel) */
  anonymous: Uint8Array
  /** process of the host's whose guest mapped it, or whose kernel it is; 0: the host, or a guest that has no records of its own */
  machine: Int32Array
  /** function symbols read */
  symbols: Uint32Array
  /** executed in it, as far as decoded */
  instructions: Float64Array
  /** AUX bytes lost for want of it */
  lost_bytes: Float64Array
  /** gaps for want of it */
  gaps: Float64Array
  /** ordinary samples taken in it */
  samples: Float64Array
  /** what is missing, what that costs, what to do */
  message: TextColumn
}

/** units whose debug information was split from the binaries that were given (-gsplit-dwarf), as those name it; nothing counts */
export type SplitFilesTable = {
  rows: number
  /** row of images */
  image: Uint32Array
  /** of its .dwo file, when the binary was built */
  name: TextColumn
  /** what a relative name is relative to */
  directory: TextColumn
  /** that the .dwo file, or the unit in a .dwp file, must have; in hex */
  id: TextColumn
  /** 1: it is there */
  given: Uint8Array
}

/** density of trace for an overview; start_ns, end_ns and count (buckets) count */
export type CoverageTable = {
  rows: number
  /** row of threads */
  thread: Uint32Array
  /** 0 to count - 1 */
  bucket: Uint32Array
  /** time with trace; of a file of samples alone: their number, as a share of the fullest bucket's, of the bucket's time */
  on_ns: Float64Array
  instructions: Float64Array
  lost_ns: Float64Array
}

/** what perf script prints, in perf's order; text: its options (wasm/src/api/script_options.h), first: 0 starts anew, else the last answer goes on; no row: the end */
export type ScriptTable = {
  rows: number
  /** lines, each with its end; of field srccode a mark (PTM_SOURCE_CODE) with thread, line and path, for who has the sources */
  text: TextColumn
  /** samples and errors among them */
  lines: Float64Array
  /** errors among them */
  errors: Float64Array
}

/** branches: of branch stacks by where from and where to, else of all that ran by where from; the most frequent first; thread, start_ns, end_ns count */
export type BranchesTable = {
  rows: number
  /** address of the branch */
  from: BigUint64Array
  /** row of functions */
  from_function: Uint32Array
  /** of from in it */
  from_offset: Float64Array
  /** where it went; 0: to several places (an indirect branch that was seen whole) */
  to: BigUint64Array
  /** row of functions */
  to_function: Uint32Array
  /** of to in it */
  to_offset: Float64Array
  /** enum ptm_insn_class of the branch; 0 unknown: no code */
  class: Uint8Array
  /** perf's type as recorded: 0 unknown 1 cond 2 uncond 3 ind 4 call 5 ind_call 6 ret 7 syscall 8 sysret 9 cond_call 10 cond_ret 11 eret 12 irq 13 serror 14 no_tx */
  type: Uint8Array
  /** times it was seen to branch */
  taken: Float64Array
  /** times a conditional branch was passed by between entries; NaN: not conditional or no code */
  not_taken: Float64Array
  /** entries that say so; NaN: the source does not tell */
  mispredicted: Float64Array
  /** entries that say so; NaN: the source does not tell */
  predicted: Float64Array
  /** mean core cycles since the branch before; NaN not measured */
  cycles: Float64Array
  /** entries the mean rests on */
  cycle_count: Float64Array
  /** mean turns of the loop that the branch closes; NaN: no loop, or its end was never seen */
  trips: Float64Array
}

/** what PT reports beside the flow: power, PTWRITE, transactions, PSB…; thread, start_ns, end_ns, first (row) and count count */
export type EventsTable = {
  rows: number
  /** ascending */
  time_ns: Float64Array
  /** row of queues */
  queue: Uint32Array
  /** -1 unknown */
  cpu: Int32Array
  /** row of threads */
  thread: Uint32Array
  /** enum ptm_event_kind */
  kind: Uint8Array
  /** psb cbr ptwrite transaction mwait pwre pwrx exstop evt evd tracestop trig pebs iflag mnt */
  name: TextColumn
  /** where it happened; 0 unknown */
  ip: BigUint64Array
  /** 1 when the trace gives that address, 0 when it is where the flow stood */
  has_ip: Uint8Array
  /** where the branch that it makes goes: interrupt, abort; 0 none */
  target: BigUint64Array
  /** row of functions, of ip */
  function: Uint32Array
  /** of ip in it */
  function_offset: Float64Array
  /** see enum ptm_event_kind */
  payload: BigUint64Array
  /** of an evd: its type; of a pebs value: block type in 15:8, its own in 7:0; of an iflag: 1 when a branch made it */
  id: Uint32Array
  in_transaction: Uint8Array
  /** AUX offset of its packet */
  offset: Float64Array
  /** events of the queue after this one that the answer had no room for: ask for a shorter range */
  left_out: Float64Array
  /** for people */
  text: TextColumn
}

/** ordinary samples and PT events in time, those of one event that fall in one bucket as one; thread, start_ns, end_ns and count (buckets) count; flag 1: no PT events */
export type MarksTable = {
  rows: number
  /** row of threads; PTM_ALL of a note */
  thread: Uint32Array
  /** 0 samples, 1 PT events, 2 a note: text says what is not shown, and why */
  kind: Uint8Array
  /** cycles:u, ptwrite, … */
  name: TextColumn
  /** of the first */
  time_ns: Float64Array
  /** of the last */
  last_ns: Float64Array
  /** how many */
  count: Float64Array
  /** row of samples, of the first; PTM_ALL: none */
  sample: Uint32Array
  /** row of queues, of a PT event; PTM_ALL: none */
  queue: Uint32Array
  /** AUX offset of the packet of the first PT event */
  offset: Float64Array
  /** of the first; 0 unknown */
  ip: BigUint64Array
  /** name+0xoffset of ip, of a PT event; empty unknown */
  symbol: TextColumn
  /** of the first PT event: what it says */
  text: TextColumn
}

/** ordinary samples in order of time; thread, start_ns, end_ns, first (row) and count count; flag 1: each is pinned to the path that was decoded */
export type SamplesTable = {
  rows: number
  /** among all samples of the file */
  row: Uint32Array
  time_ns: Float64Array
  /** row of threads */
  thread: Uint32Array
  /** -1 unknown */
  cpu: Int32Array
  /** cycles:u */
  event: TextColumn
  /** events it stands for; NaN unknown */
  period: Float64Array
  /** 0: not recorded */
  ip: BigUint64Array
  /** name+0xoffset of ip; empty unknown */
  symbol: TextColumn
  /** the data address; 0: none recorded */
  address: BigUint64Array
  /** as the event has it, often cycles of latency; NaN: not recorded */
  weight: Float64Array
  /** what perf script prints for data_src; empty: not recorded */
  data_source: TextColumn
  /** entries of its branch stack */
  branches: Uint32Array
  /** functions of its call chain, innermost first, one a line; empty: none recorded */
  chain: TextColumn
  /** enum ptm_pin_state; 0 without flag 1 */
  pin: Uint8Array
  /** ordinal in the sample's thread of the instruction it is pinned to; NaN none */
  pin_ordinal: Float64Array
  /** that instruction's address; 0 none */
  pin_ip: BigUint64Array
  /** name+0xoffset of pin_ip; empty unknown */
  pin_symbol: TextColumn
  /** times the sample's address was reached within the time's uncertainty */
  pin_places: Uint32Array
  /** that uncertainty: the sample lies between two times of the trace; NaN none */
  pin_from_ns: Float64Array
  pin_to_ns: Float64Array
  /** for people: how the sample and the path fit */
  pin_text: TextColumn
}

/** records and samples of the data section that a range needs; text (rows of threads with commas; none: all), start_ns, end_ns count */
export type CutRecordsTable = {
  rows: number
  /** of the record; 2^48 and more: not in the file itself, but in another of its directory or unpacked */
  file_offset: Float64Array
  /** its bytes (not text) where it was unpacked, or joined; empty: they are in the file */
  record: TextColumn
  /** 1: of a guest's file that was joined; else 0 */
  joined: Uint8Array
}

/** events of guests' own recordings, on one of their CPUs each, under the ids that their records have; nothing counts */
export type CutGuestsTable = {
  rows: number
  /** of the event */
  id: BigUint64Array
  /** process of the host's that runs the guest */
  machine: Int32Array
  /** the guest's CPU; -1 unknown */
  vcpu: Int32Array
  /** the host's thread that runs it; 0 unknown */
  tid: Int32Array
  /** row of the event among the file's and those that were joined */
  event: Uint32Array
  /** perf_event_attr.type */
  type: Uint32Array
  /** perf_event_attr.config */
  config: BigUint64Array
  /** perf_event_attr.sample_type: what ends its records */
  sample_type: BigUint64Array
  /** 1: of a guest's file that was joined; 0: the trace itself tells of it */
  joined: Uint8Array
}

/** AUX data that a range needs, from PSB to PSB; text, start_ns, end_ns count */
export type CutAuxTable = {
  rows: number
  /** row of queues */
  queue: Uint32Array
  /** idx of its AUXTRACE records */
  index: Uint32Array
  /** of the first byte */
  file_offset: Float64Array
  /** of the first byte in the queue's stream, as in packets */
  offset: Float64Array
  /** bytes */
  size: Float64Array
  /** state of the clock there, in hex, for feature 255 (api/cut_seed.c); in the first row of a queue alone; empty: the queue's own start */
  clock: TextColumn
}

/** bytes of cut_aux that are written over, because they tell of threads that were not asked for; text, start_ns, end_ns, first and count count */
export type CutBlanksTable = {
  rows: number
  /** of the first byte */
  file_offset: Float64Array
  /** bytes */
  size: Float64Array
  /** what stands there instead (not text), zeros behind it */
  bytes: TextColumn
}

/** one row: what of the asked-for threads is written over too, because it cannot be told from others or needs what they did; text, start_ns, end_ns count */
export type CutLostTable = {
  rows: number
  /** from the start of tracing to its end */
  stretches: Float64Array
  /** in them */
  instructions: Float64Array
}

/** code that decoding a range visits, as runs of instructions alike, and places that its samples name, without code; text, start_ns, end_ns count */
export type CutCodeTable = {
  rows: number
  /** row of images */
  image: Uint32Array
  /** in the image's own address space */
  address: BigUint64Array
  /** bytes in hex */
  code: TextColumn
  /** as perf prints it; empty: none */
  symbol: TextColumn
  /** 1: a symbol that perf itself does not read */
  is_unread: Uint32Array
  symbol_address: BigUint64Array
  symbol_size: BigUint64Array
  /** source file; empty unknown */
  file: TextColumn
  /** source line; 0 unknown */
  line: Uint32Array
  /** of code without a line: 1 file is known (and may have an empty name), 2 only that it is a function, 3 nothing */
  lineless: Uint32Array
  /** functions inlined there, outermost first, one a line */
  inlined: TextColumn
}

/** bytes of cut_records and cut_aux that hold addresses, to be replaced; fails where they cannot be; text, start_ns, end_ns, first and count count; asked for from first 0 on, in order, up to an empty answer */
export type CutAddressesTable = {
  rows: number
  /** enum ptm_address_kind (api/cut.h) */
  kind: Uint8Array
  /** of the bytes; 2^48 and more as in cut_records */
  file_offset: Float64Array
  /** bytes of the address that are here, low ones first; 0: see length */
  size: Uint8Array
  /** bytes of it that are elsewhere, before these */
  skip: Uint8Array
  /** the whole address */
  value: BigUint64Array
  /** of a map, or of bytes that are not understood */
  length: Float64Array
}

/** unwinding tables of the images that copied stacks of a range lead through; after cut_code of the same request; text, start_ns, end_ns count */
export type CutFramesTable = {
  rows: number
  /** row of images */
  image: Uint32Array
  /** in the image's own address space */
  address: BigUint64Array
  file_offset: BigUint64Array
  /** its name */
  section: TextColumn
  /** its bytes (not text) */
  bytes: TextColumn
}

/** PT_LOADs of the images that are given; nothing counts */
export type ImageLoadsTable = {
  rows: number
  /** row of images */
  image: Uint32Array
  /** ELFCLASS32 */
  is_32bit: Uint8Array
  executable: Uint8Array
  file_offset: BigUint64Array
  file_size: BigUint64Array
  address: BigUint64Array
  memory_size: BigUint64Array
  /** name of the section it is, where names of binaries depend on it (of the kernel); empty: any */
  section: TextColumn
}

export type Tables = {
  info: InfoTable
  queues: QueuesTable
  segments: SegmentsTable
  threads: ThreadsTable
  functions: FunctionsTable
  call_tree: CallTreeTable
  sample_events: SampleEventsTable
  calls: CallsTable
  gaps: GapsTable
  instructions: InstructionsTable
  blocks: BlocksTable
  block_cycles: BlockCyclesTable
  packets: PacketsTable
  images: ImagesTable
  split_files: SplitFilesTable
  coverage: CoverageTable
  script: ScriptTable
  branches: BranchesTable
  events: EventsTable
  marks: MarksTable
  samples: SamplesTable
  cut_records: CutRecordsTable
  cut_guests: CutGuestsTable
  cut_aux: CutAuxTable
  cut_blanks: CutBlanksTable
  cut_lost: CutLostTable
  cut_code: CutCodeTable
  cut_addresses: CutAddressesTable
  cut_frames: CutFramesTable
  image_loads: ImageLoadsTable
}

export type TableName = keyof Tables

/** Row that stands for "none" or "all". */
export const ALL = 0xffffffff

/** Columns of every table in the order of the C side; the key order is the table id. */
export const tableColumns: { readonly [Name in TableName]: readonly (readonly [string, ColumnType])[] } = {
  info: [
    ['key', 'str'],
    ['label', 'str'],
    ['value', 'str'],
  ],
  queues: [
    ['cpu', 'i32'],
    ['tid', 'i32'],
    ['aux_bytes', 'f64'],
    ['packets', 'f64'],
    ['instructions', 'f64'],
  ],
  segments: [
    ['queue', 'u32'],
    ['offset', 'f64'],
    ['size', 'f64'],
    ['start_ns', 'f64'],
    ['merged', 'u8'],
  ],
  threads: [
    ['pid', 'i32'],
    ['tid', 'i32'],
    ['comm', 'str'],
    ['start_ns', 'f64'],
    ['end_ns', 'f64'],
    ['instructions', 'f64'],
    ['branches', 'f64'],
    ['cycles', 'f64'],
    ['on_ns', 'f64'],
    ['gaps', 'u32'],
    ['samples', 'u32'],
    ['machine', 'i32'],
  ],
  functions: [
    ['name', 'str'],
    ['image', 'u32'],
    ['address', 'u64'],
    ['size', 'u64'],
  ],
  call_tree: [
    ['parent', 'u32'],
    ['function', 'u32'],
    ['thread', 'u32'],
    ['calls', 'f64'],
    ['self_ns', 'f64'],
    ['self_instructions', 'f64'],
    ['self_cycles', 'f64'],
    ['self_samples', 'f64'],
    ['self_events', 'f64'],
  ],
  sample_events: [
    ['name', 'str'],
    ['samples', 'f64'],
    ['has_words', 'u8'],
    ['type', 'u32'],
    ['unit', 'u8'],
  ],
  calls: [
    ['thread', 'u32'],
    ['depth', 'u32'],
    ['start_ns', 'f64'],
    ['end_ns', 'f64'],
    ['function', 'u32'],
    ['flags', 'u32'],
    ['instructions', 'f64'],
  ],
  gaps: [
    ['thread', 'u32'],
    ['queue', 'u32'],
    ['start_ns', 'f64'],
    ['end_ns', 'f64'],
    ['reason', 'u8'],
    ['lost', 'u8'],
    ['bytes', 'f64'],
    ['missing_ns', 'f64'],
    ['offset', 'f64'],
    ['ip', 'u64'],
    ['text', 'str'],
  ],
  instructions: [
    ['ordinal', 'f64'],
    ['time_ns', 'f64'],
    ['ip', 'u64'],
    ['length', 'u8'],
    ['code_low', 'u64'],
    ['code_high', 'u64'],
    ['function', 'u32'],
    ['function_offset', 'f64'],
    ['image', 'u32'],
    ['class', 'u8'],
    ['end', 'u8'],
    ['target', 'u64'],
    ['queue', 'u32'],
    ['cpu', 'i32'],
    ['offset', 'f64'],
    ['block', 'u64'],
    ['cycles', 'f64'],
    ['cycle_instructions', 'f64'],
    ['file', 'str'],
    ['line', 'u32'],
    ['inlined', 'str'],
    ['mode', 'u8'],
    ['gap_lost', 'u8'],
    ['gap_text', 'str'],
  ],
  blocks: [
    ['ip', 'u64'],
    ['size', 'u32'],
    ['block_instructions', 'u32'],
    ['function', 'u32'],
    ['function_offset', 'f64'],
    ['image', 'u32'],
    ['class', 'u8'],
    ['visits', 'f64'],
    ['taken', 'f64'],
    ['instructions', 'f64'],
    ['ns', 'f64'],
    ['cycles', 'f64'],
    ['cycle_instructions', 'f64'],
    ['cycle_visits', 'f64'],
    ['thread', 'u32'],
    ['first_ordinal', 'f64'],
  ],
  block_cycles: [
    ['ip', 'u64'],
    ['function', 'u32'],
    ['cycles', 'f64'],
    ['count', 'f64'],
  ],
  packets: [
    ['ordinal', 'f64'],
    ['offset', 'f64'],
    ['size', 'u8'],
    ['kind', 'u8'],
    ['payload', 'u64'],
    ['name', 'str'],
    ['text', 'str'],
    ['bytes', 'str'],
    ['time_ns', 'f64'],
    ['thread', 'u32'],
    ['first_ordinal', 'f64'],
  ],
  images: [
    ['path', 'str'],
    ['build_id', 'str'],
    ['own_build_id', 'str'],
    ['debug_link', 'str'],
    ['alternate', 'str'],
    ['alternate_id', 'str'],
    ['alternate_given', 'u8'],
    ['status', 'u8'],
    ['anonymous', 'u8'],
    ['machine', 'i32'],
    ['symbols', 'u32'],
    ['instructions', 'f64'],
    ['lost_bytes', 'f64'],
    ['gaps', 'f64'],
    ['samples', 'f64'],
    ['message', 'str'],
  ],
  split_files: [
    ['image', 'u32'],
    ['name', 'str'],
    ['directory', 'str'],
    ['id', 'str'],
    ['given', 'u8'],
  ],
  coverage: [
    ['thread', 'u32'],
    ['bucket', 'u32'],
    ['on_ns', 'f64'],
    ['instructions', 'f64'],
    ['lost_ns', 'f64'],
  ],
  script: [
    ['text', 'str'],
    ['lines', 'f64'],
    ['errors', 'f64'],
  ],
  branches: [
    ['from', 'u64'],
    ['from_function', 'u32'],
    ['from_offset', 'f64'],
    ['to', 'u64'],
    ['to_function', 'u32'],
    ['to_offset', 'f64'],
    ['class', 'u8'],
    ['type', 'u8'],
    ['taken', 'f64'],
    ['not_taken', 'f64'],
    ['mispredicted', 'f64'],
    ['predicted', 'f64'],
    ['cycles', 'f64'],
    ['cycle_count', 'f64'],
    ['trips', 'f64'],
  ],
  events: [
    ['time_ns', 'f64'],
    ['queue', 'u32'],
    ['cpu', 'i32'],
    ['thread', 'u32'],
    ['kind', 'u8'],
    ['name', 'str'],
    ['ip', 'u64'],
    ['has_ip', 'u8'],
    ['target', 'u64'],
    ['function', 'u32'],
    ['function_offset', 'f64'],
    ['payload', 'u64'],
    ['id', 'u32'],
    ['in_transaction', 'u8'],
    ['offset', 'f64'],
    ['left_out', 'f64'],
    ['text', 'str'],
  ],
  marks: [
    ['thread', 'u32'],
    ['kind', 'u8'],
    ['name', 'str'],
    ['time_ns', 'f64'],
    ['last_ns', 'f64'],
    ['count', 'f64'],
    ['sample', 'u32'],
    ['queue', 'u32'],
    ['offset', 'f64'],
    ['ip', 'u64'],
    ['symbol', 'str'],
    ['text', 'str'],
  ],
  samples: [
    ['row', 'u32'],
    ['time_ns', 'f64'],
    ['thread', 'u32'],
    ['cpu', 'i32'],
    ['event', 'str'],
    ['period', 'f64'],
    ['ip', 'u64'],
    ['symbol', 'str'],
    ['address', 'u64'],
    ['weight', 'f64'],
    ['data_source', 'str'],
    ['branches', 'u32'],
    ['chain', 'str'],
    ['pin', 'u8'],
    ['pin_ordinal', 'f64'],
    ['pin_ip', 'u64'],
    ['pin_symbol', 'str'],
    ['pin_places', 'u32'],
    ['pin_from_ns', 'f64'],
    ['pin_to_ns', 'f64'],
    ['pin_text', 'str'],
  ],
  cut_records: [
    ['file_offset', 'f64'],
    ['record', 'str'],
    ['joined', 'u8'],
  ],
  cut_guests: [
    ['id', 'u64'],
    ['machine', 'i32'],
    ['vcpu', 'i32'],
    ['tid', 'i32'],
    ['event', 'u32'],
    ['type', 'u32'],
    ['config', 'u64'],
    ['sample_type', 'u64'],
    ['joined', 'u8'],
  ],
  cut_aux: [
    ['queue', 'u32'],
    ['index', 'u32'],
    ['file_offset', 'f64'],
    ['offset', 'f64'],
    ['size', 'f64'],
    ['clock', 'str'],
  ],
  cut_blanks: [
    ['file_offset', 'f64'],
    ['size', 'f64'],
    ['bytes', 'str'],
  ],
  cut_lost: [
    ['stretches', 'f64'],
    ['instructions', 'f64'],
  ],
  cut_code: [
    ['image', 'u32'],
    ['address', 'u64'],
    ['code', 'str'],
    ['symbol', 'str'],
    ['is_unread', 'u32'],
    ['symbol_address', 'u64'],
    ['symbol_size', 'u64'],
    ['file', 'str'],
    ['line', 'u32'],
    ['lineless', 'u32'],
    ['inlined', 'str'],
  ],
  cut_addresses: [
    ['kind', 'u8'],
    ['file_offset', 'f64'],
    ['size', 'u8'],
    ['skip', 'u8'],
    ['value', 'u64'],
    ['length', 'f64'],
  ],
  cut_frames: [
    ['image', 'u32'],
    ['address', 'u64'],
    ['file_offset', 'u64'],
    ['section', 'str'],
    ['bytes', 'str'],
  ],
  image_loads: [
    ['image', 'u32'],
    ['is_32bit', 'u8'],
    ['executable', 'u8'],
    ['file_offset', 'u64'],
    ['file_size', 'u64'],
    ['address', 'u64'],
    ['memory_size', 'u64'],
    ['section', 'str'],
  ],
}
