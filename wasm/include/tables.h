/* SPDX-License-Identifier: Apache-2.0 */
/* Every table that crosses to JavaScript: its columns, their types and what of
 * the request counts. wasm/tools/gen-tables.mjs turns this file into
 * src/model/tables.gen.ts; keep one COLUMN a line.
 *
 * Types: u8 u32 i32 u64 f64 str. Times `_ns` are f64 ns since the trace's start
 * (exact below 104 days); NaN where there is none. Ordinals and byte counts are
 * f64. Rows of other tables are u32, PTM_ALL for none. Addresses are u64.
 *
 * T(id, "what it is; what of the request counts")   C(table, column, type, "meaning") */
#ifndef PTARMIGAN_TABLES_H
#define PTARMIGAN_TABLES_H

#define PTM_TABLES(T, C) \
	T(info, "facts about the trace, for people; nothing counts") \
	C(info, key, str, "stable name: recorded_at start_time_ns end_time_ns duration_ns (absolute times as decimal text), hostname os_release arch cpu perf_version command_line events pt_config source (Intel PT) cycles (yes or the sentence why not), no_path (samples alone: why no code can be followed) aux_bytes sideband_records guest_recording (may repeat) samples queues segments instructions gaps_lost_bytes warning (may repeat)") \
	C(info, label, str, "name for people") \
	C(info, value, str, "value, with unit") \
	T(queues, "AUX streams; nothing counts") \
	C(queues, cpu, i32, "CPU, -1 when bound to a thread") \
	C(queues, tid, i32, "thread, -1 when bound to a CPU") \
	C(queues, aux_bytes, f64, "bytes of trace") \
	C(queues, packets, f64, "packets, as far as decoded") \
	C(queues, instructions, f64, "instructions, as far as decoded") \
	T(segments, "units of decoding; nothing counts") \
	C(segments, queue, u32, "row of queues") \
	C(segments, offset, f64, "first AUX byte") \
	C(segments, size, f64, "AUX bytes") \
	C(segments, start_ns, f64, "time of its first TSC; NaN unknown") \
	C(segments, merged, u8, "1 when its part is in the profile") \
	T(threads, "threads of the trace; row 0 is the unknown one; nothing counts") \
	C(threads, pid, i32, "process") \
	C(threads, tid, i32, "thread") \
	C(threads, comm, str, "last name") \
	C(threads, start_ns, f64, "first traced time; NaN never") \
	C(threads, end_ns, f64, "last traced time; NaN never") \
	C(threads, instructions, f64, "executed") \
	C(threads, branches, f64, "visits that ended in a branch") \
	C(threads, cycles, f64, "core cycles; NaN without CYC packets") \
	C(threads, on_ns, f64, "time with trace") \
	C(threads, gaps, u32, "gaps that lost something") \
	C(threads, samples, u32, "ordinary samples taken of it") \
	C(threads, machine, i32, "process that runs the virtual machine whose own thread it is; 0: the traced machine's") \
	T(functions, "functions seen so far; row 0 is unknown; nothing counts") \
	C(functions, name, str, "as perf prints it; empty: nameless code") \
	C(functions, image, u32, "row of images") \
	C(functions, address, u64, "in the image's own address space") \
	C(functions, size, u64, "bytes; 0 unknown") \
	T(call_tree, "calls by path; thread, start_ns, end_ns count, and for a file of samples extra: 1 + row of sample_events, 0: of all events; parents before children") \
	C(call_tree, parent, u32, "row, PTM_ALL for a root") \
	C(call_tree, function, u32, "row of functions") \
	C(call_tree, thread, u32, "row of threads") \
	C(call_tree, calls, f64, "times entered") \
	C(call_tree, self_ns, f64, "time in the function itself") \
	C(call_tree, self_instructions, f64, "instructions in the function itself") \
	C(call_tree, self_cycles, f64, "core cycles in the function itself; NaN without CYC packets") \
	C(call_tree, self_samples, f64, "samples taken in the function itself; NaN: calls were followed") \
	C(call_tree, self_events, f64, "what the samples' event counted, the sum of their periods; NaN: they are of several events, or calls were followed") \
	T(sample_events, "events that ordinary samples are of; nothing counts") \
	C(sample_events, name, str, "as perf prints it") \
	C(sample_events, samples, f64, "taken of it") \
	C(sample_events, has_words, u8, "1: what its samples say (script's field trace) is known") \
	C(sample_events, type, u32, "PERF_TYPE_*: 2 tracepoint") \
	C(sample_events, unit, u8, "what a period counts: 0 the event itself, 1 ns, 2 core cycles, 3 instructions") \
	T(calls, "calls in time, for a window; thread, start_ns, end_ns count, and count: pixels of width, so that calls far below one pixel may be left out or merged") \
	C(calls, thread, u32, "row of threads") \
	C(calls, depth, u32, "0 is outermost") \
	C(calls, start_ns, f64, "") \
	C(calls, end_ns, f64, "") \
	C(calls, function, u32, "row of functions") \
	C(calls, flags, u32, "1 began before, 2 still open at the end, 4 several short calls drawn as one") \
	C(calls, instructions, f64, "inclusive; NaN unknown") \
	T(gaps, "where trace is missing; thread, start_ns, end_ns count") \
	C(gaps, thread, u32, "row of threads") \
	C(gaps, queue, u32, "row of queues") \
	C(gaps, start_ns, f64, "") \
	C(gaps, end_ns, f64, "") \
	C(gaps, reason, u8, "enum ptm_gap_reason") \
	C(gaps, lost, u8, "1 when trace was lost, 0 when tracing was off") \
	C(gaps, bytes, f64, "AUX bytes skipped") \
	C(gaps, missing_ns, f64, "time: of a loss up to the next packet that tells where the code goes on, or that tracing is off; added up where a row stands for several") \
	C(gaps, offset, f64, "AUX offset") \
	C(gaps, ip, u64, "where flow was lost; 0 unknown") \
	C(gaps, text, str, "one sentence: why, how much, what to do") \
	T(instructions, "executed instructions of one thread in order; thread, first (ordinal) and count count; flag 1: start_ns instead of first") \
	C(instructions, ordinal, f64, "0 is the thread's first") \
	C(instructions, time_ns, f64, "") \
	C(instructions, ip, u64, "") \
	C(instructions, length, u8, "bytes") \
	C(instructions, code_low, u64, "bytes 0 to 7") \
	C(instructions, code_high, u64, "bytes 8 to 14") \
	C(instructions, function, u32, "row of functions") \
	C(instructions, function_offset, f64, "of ip in it") \
	C(instructions, image, u32, "row of images") \
	C(instructions, class, u8, "enum ptm_insn_class") \
	C(instructions, end, u8, "enum ptm_end + 1 for the last instruction of a visit, else 0") \
	C(instructions, target, u64, "where a branch went; 0 none") \
	C(instructions, queue, u32, "row of queues") \
	C(instructions, cpu, i32, "-1 unknown") \
	C(instructions, offset, f64, "AUX offset of the packet that decided the visit's end") \
	C(instructions, block, u64, "address of its block") \
	C(instructions, cycles, f64, "core cycles measured up to this instruction; NaN none") \
	C(instructions, cycle_instructions, f64, "instructions they cover") \
	C(instructions, file, str, "source file; empty unknown") \
	C(instructions, line, u32, "source line; 0 unknown") \
	C(instructions, inlined, str, "functions inlined here, outermost first, joined by \" > \"; empty: none") \
	C(instructions, mode, u8, "enum ptm_insn_mode: 0 16-bit, 1 32-bit, 2 64-bit code") \
	C(instructions, gap_lost, u8, "1 when gap_text tells of lost trace, 0 when tracing was off") \
	C(instructions, gap_text, str, "why trace is missing before this instruction; empty: nothing is") \
	T(blocks, "executed basic blocks; thread, start_ns, end_ns count") \
	C(blocks, ip, u64, "virtual address of its first instruction") \
	C(blocks, size, u32, "bytes") \
	C(blocks, block_instructions, u32, "instructions it holds") \
	C(blocks, function, u32, "row of functions") \
	C(blocks, function_offset, f64, "of ip in it") \
	C(blocks, image, u32, "row of images") \
	C(blocks, class, u8, "enum ptm_insn_class of its last instruction") \
	C(blocks, visits, f64, "") \
	C(blocks, taken, f64, "visits whose last instruction branched") \
	C(blocks, instructions, f64, "executed") \
	C(blocks, ns, f64, "") \
	C(blocks, cycles, f64, "core cycles; NaN without CYC packets") \
	C(blocks, cycle_instructions, f64, "instructions those cycles cover") \
	C(blocks, cycle_visits, f64, "visits they rest on") \
	C(blocks, thread, u32, "row of threads of its first visit; PTM_ALL when several") \
	C(blocks, first_ordinal, f64, "ordinal of a visit's first instruction in `thread`, to jump to; NaN unknown") \
	T(block_cycles, "how often a measurement of cycles that ended with a visit of a block had which value; thread, start_ns, end_ns count, and text: the address of the one block that is wanted, in hex, with extra: its function (empty: all blocks), and count: most bytes of trace to decode for it (PTM_ALL: all)") \
	C(block_cycles, ip, u64, "virtual address of the block's first instruction") \
	C(block_cycles, function, u32, "row of functions") \
	C(block_cycles, cycles, f64, "core cycles since the measurement before; ascending within a block") \
	C(block_cycles, count, f64, "measurements that say so") \
	T(packets, "raw packets of one queue; queue, first (ordinal) and count count; flag 1: first is an AUX offset; flag 2: start_ns instead of first") \
	C(packets, ordinal, f64, "0 is the queue's first") \
	C(packets, offset, f64, "AUX offset") \
	C(packets, size, u8, "bytes") \
	C(packets, kind, u8, "enum ptm_packet_kind") \
	C(packets, payload, u64, "") \
	C(packets, name, str, "PSB, TNT, TIP.PGE, …") \
	C(packets, text, str, "payload for people") \
	C(packets, bytes, str, "raw bytes in hex") \
	C(packets, time_ns, f64, "trace time at the packet; NaN unknown") \
	C(packets, thread, u32, "row of threads") \
	C(packets, first_ordinal, f64, "ordinal in `thread` of the first instruction it decides; NaN none") \
	T(images, "binaries; row 0 is unused; nothing counts") \
	C(images, path, str, "as mapped") \
	C(images, build_id, str, "wanted, in hex; empty unknown") \
	C(images, own_build_id, str, "of the given file; empty when not given") \
	C(images, debug_link, str, "name of the file with its symbols and lines, where it was split (.gnu_debuglink)") \
	C(images, alternate, str, "name of the file that its debug information shares with others (.gnu_debugaltlink, .debug_sup); empty: none") \
	C(images, alternate_id, str, "build-id or checksum of that file, in hex") \
	C(images, alternate_given, u8, "1: it is there") \
	C(images, status, u8, "enum ptm_image_status") \
	C(images, anonymous, u8, "1: no file to ask for (heap, JIT, kernel)") \
	C(images, machine, i32, "process of the host's whose guest mapped it, or whose kernel it is; 0: the host, or a guest that has no records of its own") \
	C(images, symbols, u32, "function symbols read") \
	C(images, instructions, f64, "executed in it, as far as decoded") \
	C(images, lost_bytes, f64, "AUX bytes lost for want of it") \
	C(images, gaps, f64, "gaps for want of it") \
	C(images, samples, f64, "ordinary samples taken in it") \
	C(images, message, str, "what is missing, what that costs, what to do") \
	T(split_files, "units whose debug information was split from the binaries that were given (-gsplit-dwarf), as those name it; nothing counts") \
	C(split_files, image, u32, "row of images") \
	C(split_files, name, str, "of its .dwo file, when the binary was built") \
	C(split_files, directory, str, "what a relative name is relative to") \
	C(split_files, id, str, "that the .dwo file, or the unit in a .dwp file, must have; in hex") \
	C(split_files, given, u8, "1: it is there") \
	T(coverage, "density of trace for an overview; start_ns, end_ns and count (buckets) count") \
	C(coverage, thread, u32, "row of threads") \
	C(coverage, bucket, u32, "0 to count - 1") \
	C(coverage, on_ns, f64, "time with trace; of a file of samples alone: their number, as a share of the fullest bucket's, of the bucket's time") \
	C(coverage, instructions, f64, "") \
	C(coverage, lost_ns, f64, "") \
	T(script, "what perf script prints, in perf's order; text: its options (wasm/src/api/script_options.h), first: 0 starts anew, else the last answer goes on; no row: the end") \
	C(script, text, str, "lines, each with its end; of field srccode a mark (PTM_SOURCE_CODE) with thread, line and path, for who has the sources") \
	C(script, lines, f64, "samples and errors among them") \
	C(script, errors, f64, "errors among them") \
	T(branches, "branches: of branch stacks by where from and where to, else of all that ran by where from; the most frequent first; thread, start_ns, end_ns count") \
	C(branches, from, u64, "address of the branch") \
	C(branches, from_function, u32, "row of functions") \
	C(branches, from_offset, f64, "of from in it") \
	C(branches, to, u64, "where it went; 0: to several places (an indirect branch that was seen whole)") \
	C(branches, to_function, u32, "row of functions") \
	C(branches, to_offset, f64, "of to in it") \
	C(branches, class, u8, "enum ptm_insn_class of the branch; 0 unknown: no code") \
	C(branches, type, u8, "perf's type as recorded: 0 unknown 1 cond 2 uncond 3 ind 4 call 5 ind_call 6 ret 7 syscall 8 sysret 9 cond_call 10 cond_ret 11 eret 12 irq 13 serror 14 no_tx") \
	C(branches, taken, f64, "times it was seen to branch") \
	C(branches, not_taken, f64, "times a conditional branch was passed by between entries; NaN: not conditional or no code") \
	C(branches, mispredicted, f64, "entries that say so; NaN: the source does not tell") \
	C(branches, predicted, f64, "entries that say so; NaN: the source does not tell") \
	C(branches, cycles, f64, "mean core cycles since the branch before; NaN not measured") \
	C(branches, cycle_count, f64, "entries the mean rests on") \
	C(branches, trips, f64, "mean turns of the loop that the branch closes; NaN: no loop, or its end was never seen") \
	T(events, "what PT reports beside the flow: power, PTWRITE, transactions, PSB…; thread, start_ns, end_ns, first (row) and count count") \
	C(events, time_ns, f64, "ascending") \
	C(events, queue, u32, "row of queues") \
	C(events, cpu, i32, "-1 unknown") \
	C(events, thread, u32, "row of threads") \
	C(events, kind, u8, "enum ptm_event_kind") \
	C(events, name, str, "psb cbr ptwrite transaction mwait pwre pwrx exstop evt evd tracestop trig pebs iflag mnt") \
	C(events, ip, u64, "where it happened; 0 unknown") \
	C(events, has_ip, u8, "1 when the trace gives that address, 0 when it is where the flow stood") \
	C(events, target, u64, "where the branch that it makes goes: interrupt, abort; 0 none") \
	C(events, function, u32, "row of functions, of ip") \
	C(events, function_offset, f64, "of ip in it") \
	C(events, payload, u64, "see enum ptm_event_kind") \
	C(events, id, u32, "of an evd: its type; of a pebs value: block type in 15:8, its own in 7:0; of an iflag: 1 when a branch made it") \
	C(events, in_transaction, u8, "") \
	C(events, offset, f64, "AUX offset of its packet") \
	C(events, left_out, f64, "events of the queue after this one that the answer had no room for: ask for a shorter range") \
	C(events, text, str, "for people") \
	T(marks, "ordinary samples and PT events in time, those of one event that fall in one bucket as one; thread, start_ns, end_ns and count (buckets) count; flag 1: no PT events") \
	C(marks, thread, u32, "row of threads; PTM_ALL of a note") \
	C(marks, kind, u8, "0 samples, 1 PT events, 2 a note: text says what is not shown, and why") \
	C(marks, name, str, "cycles:u, ptwrite, …") \
	C(marks, time_ns, f64, "of the first") \
	C(marks, last_ns, f64, "of the last") \
	C(marks, count, f64, "how many") \
	C(marks, sample, u32, "row of samples, of the first; PTM_ALL: none") \
	C(marks, queue, u32, "row of queues, of a PT event; PTM_ALL: none") \
	C(marks, offset, f64, "AUX offset of the packet of the first PT event") \
	C(marks, ip, u64, "of the first; 0 unknown") \
	C(marks, symbol, str, "name+0xoffset of ip, of a PT event; empty unknown") \
	C(marks, text, str, "of the first PT event: what it says") \
	T(samples, "ordinary samples in order of time; thread, start_ns, end_ns, first (row) and count count; flag 1: each is pinned to the path that was decoded") \
	C(samples, row, u32, "among all samples of the file") \
	C(samples, time_ns, f64, "") \
	C(samples, thread, u32, "row of threads") \
	C(samples, cpu, i32, "-1 unknown") \
	C(samples, event, str, "cycles:u") \
	C(samples, period, f64, "events it stands for; NaN unknown") \
	C(samples, ip, u64, "0: not recorded") \
	C(samples, symbol, str, "name+0xoffset of ip; empty unknown") \
	C(samples, address, u64, "the data address; 0: none recorded") \
	C(samples, weight, f64, "as the event has it, often cycles of latency; NaN: not recorded") \
	C(samples, data_source, str, "what perf script prints for data_src; empty: not recorded") \
	C(samples, branches, u32, "entries of its branch stack") \
	C(samples, chain, str, "functions of its call chain, innermost first, one a line; empty: none recorded") \
	C(samples, pin, u8, "enum ptm_pin_state; 0 without flag 1") \
	C(samples, pin_ordinal, f64, "ordinal in the sample's thread of the instruction it is pinned to; NaN none") \
	C(samples, pin_ip, u64, "that instruction's address; 0 none") \
	C(samples, pin_symbol, str, "name+0xoffset of pin_ip; empty unknown") \
	C(samples, pin_places, u32, "times the sample's address was reached within the time's uncertainty") \
	C(samples, pin_from_ns, f64, "that uncertainty: the sample lies between two times of the trace; NaN none") \
	C(samples, pin_to_ns, f64, "") \
	C(samples, pin_text, str, "for people: how the sample and the path fit") \
	T(cut_records, "records and samples of the data section that a range needs; text (rows of threads with commas; none: all), start_ns, end_ns count") \
	C(cut_records, file_offset, f64, "of the record; 2^48 and more: not in the file itself, but in another of its directory or unpacked") \
	C(cut_records, record, str, "its bytes (not text) where it was unpacked, or joined; empty: they are in the file") \
	C(cut_records, joined, u8, "1: of a guest's file that was joined; else 0") \
	T(cut_guests, "events of guests' own recordings, on one of their CPUs each, under the ids that their records have; nothing counts") \
	C(cut_guests, id, u64, "of the event") \
	C(cut_guests, machine, i32, "process of the host's that runs the guest") \
	C(cut_guests, vcpu, i32, "the guest's CPU; -1 unknown") \
	C(cut_guests, tid, i32, "the host's thread that runs it; 0 unknown") \
	C(cut_guests, event, u32, "row of the event among the file's and those that were joined") \
	C(cut_guests, type, u32, "perf_event_attr.type") \
	C(cut_guests, config, u64, "perf_event_attr.config") \
	C(cut_guests, sample_type, u64, "perf_event_attr.sample_type: what ends its records") \
	C(cut_guests, joined, u8, "1: of a guest's file that was joined; 0: the trace itself tells of it") \
	T(cut_aux, "AUX data that a range needs, from PSB to PSB; text, start_ns, end_ns count") \
	C(cut_aux, queue, u32, "row of queues") \
	C(cut_aux, index, u32, "idx of its AUXTRACE records") \
	C(cut_aux, file_offset, f64, "of the first byte") \
	C(cut_aux, offset, f64, "of the first byte in the queue's stream, as in packets") \
	C(cut_aux, size, f64, "bytes") \
	C(cut_aux, clock, str, "state of the clock there, in hex, for feature 255 (api/cut_seed.c); in the first row of a queue alone; empty: the queue's own start") \
	T(cut_blanks, "bytes of cut_aux that are written over, because they tell of threads that were not asked for; text, start_ns, end_ns, first and count count") \
	C(cut_blanks, file_offset, f64, "of the first byte") \
	C(cut_blanks, size, f64, "bytes") \
	C(cut_blanks, bytes, str, "what stands there instead (not text), zeros behind it") \
	T(cut_lost, "one row: what of the asked-for threads is written over too, because it cannot be told from others or needs what they did; text, start_ns, end_ns count") \
	C(cut_lost, stretches, f64, "from the start of tracing to its end") \
	C(cut_lost, instructions, f64, "in them") \
	T(cut_code, "code that decoding a range visits, as runs of instructions alike, and places that its samples name, without code; text, start_ns, end_ns count") \
	C(cut_code, image, u32, "row of images") \
	C(cut_code, address, u64, "in the image's own address space") \
	C(cut_code, code, str, "bytes in hex") \
	C(cut_code, symbol, str, "as perf prints it; empty: none") \
	C(cut_code, is_unread, u32, "1: a symbol that perf itself does not read") \
	C(cut_code, symbol_address, u64, "") \
	C(cut_code, symbol_size, u64, "") \
	C(cut_code, file, str, "source file; empty unknown") \
	C(cut_code, line, u32, "source line; 0 unknown") \
	C(cut_code, lineless, u32, "of code without a line: 1 file is known (and may have an empty name), 2 only that it is a function, 3 nothing") \
	C(cut_code, inlined, str, "functions inlined there, outermost first, one a line") \
	T(cut_addresses, "bytes of cut_records and cut_aux that hold addresses, to be replaced; fails where they cannot be; text, start_ns, end_ns, first and count count; asked for from first 0 on, in order, up to an empty answer") \
	C(cut_addresses, kind, u8, "enum ptm_address_kind (api/cut.h)") \
	C(cut_addresses, file_offset, f64, "of the bytes; 2^48 and more as in cut_records") \
	C(cut_addresses, size, u8, "bytes of the address that are here, low ones first; 0: see length") \
	C(cut_addresses, skip, u8, "bytes of it that are elsewhere, before these") \
	C(cut_addresses, value, u64, "the whole address") \
	C(cut_addresses, length, f64, "of a map, or of bytes that are not understood") \
	T(cut_frames, "unwinding tables of the images that copied stacks of a range lead through; after cut_code of the same request; text, start_ns, end_ns count") \
	C(cut_frames, image, u32, "row of images") \
	C(cut_frames, address, u64, "in the image's own address space") \
	C(cut_frames, file_offset, u64, "") \
	C(cut_frames, section, str, "its name") \
	C(cut_frames, bytes, str, "its bytes (not text)") \
	T(image_loads, "PT_LOADs of the images that are given; nothing counts") \
	C(image_loads, image, u32, "row of images") \
	C(image_loads, is_32bit, u8, "ELFCLASS32") \
	C(image_loads, executable, u8, "") \
	C(image_loads, file_offset, u64, "") \
	C(image_loads, file_size, u64, "") \
	C(image_loads, address, u64, "") \
	C(image_loads, memory_size, u64, "") \
	C(image_loads, section, str, "name of the section it is, where names of binaries depend on it (of the kernel); empty: any")

#endif
