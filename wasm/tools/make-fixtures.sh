#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the example (public/samples) and the small fixtures (wasm/test/fixtures)
# again: builds the programs with musl, records them, encodes what index.tsv
# lists, writes the truth. Usage: make-fixtures.sh [example|fixtures]. Needs musl-gcc, ptgen (see ptgen.sh), root (to put
# the programs under a path that is no one's home) and a minute. Afterwards:
# node wasm/tools/judge.mjs --rebase, for the expected output (needs perf 6.1).
set -euo pipefail
cd "$(dirname "$0")/../.."
fixtures=$PWD/wasm/test/fixtures
samples=$PWD/public/samples
logs=$PWD/build/fixtures
home=/opt/ptarmigan
ptgen=$(bash wasm/tools/ptgen.sh)
mkdir -p "$logs" "$home" "$samples" "$fixtures/symfs$home"

flags=(-std=gnu11 -O2 -g -w -static -Wl,--build-id)

build_example() {
	# Calls in tail position stay calls, so that a slow path is seen inside the message that took it.
	(cd "$home" && cp "$fixtures/programs/orderbook.c" . && musl-gcc "${flags[@]}" -fno-optimize-sibling-calls -o orderbook orderbook.c && rm orderbook.c)
	cp "$home/orderbook" "$samples"/
}

build_fixtures() {
	local musl=/usr/lib/x86_64-linux-musl
	cd "$home"
	cp "$fixtures"/programs/*.[cS] "$fixtures"/programs/*.cpp .
	for program in calls signals threads forks ptwrite tsx; do
		musl-gcc "${flags[@]}" -o $program $program.c
	done
	gcc -g -nostdlib -static -Wl,--build-id -o odd odd.S
	gcc -std=gnu11 -O2 -g -nostdlib -nostdinc -isystem /usr/include/x86_64-linux-musl -isystem "$(gcc -print-file-name=include)" \
		-static-pie -fPIE -fno-stack-protector -Wl,--build-id -o calls-pie \
		$musl/rcrt1.o $musl/crti.o calls.c $musl/libc.a "$(gcc -print-libgcc-file-name)" $musl/crtn.o
	g++ -std=c++17 -O2 -g -w -static -nostdlib -fno-exceptions -fno-rtti -fno-optimize-sibling-calls -fno-stack-protector -fno-ipa-cp \
		-Wl,--build-id,--eh-frame-hdr -o inlined inlined.cpp
	rm -f ./*.c ./*.S ./*.cpp
	cp calls calls-pie signals threads forks ptwrite tsx odd inlined "$fixtures/symfs$home"/
	cd - >/dev/null
}

# record NAME PROGRAM ARGS…: one execution, into build/fixtures/NAME.xlog
record() {
	local name=$1
	shift
	[ "$logs/$name.xlog" -nt "$home/$name" ] && return
	echo "recording $name"
	LD_PRELOAD=$logs/neutral_uname.so "$ptgen" trace --stdout /dev/null -o "$logs/$name.xlog" -- "$@" 2>/dev/null
}

# A program's truth: "TID IP" for every instruction, thread after thread. It is
# the same for all encodings that lose nothing; the others keep their own.
write_truth() { # TRUTH OUTPUT
	"$ptgen" truthdump -i -T "$1" | sort -s -n -k1,1 | gzip -9n >"$2"
	"$ptgen" truthdump -H -T "$1" | sort -n >"${2%.truth.gz}.hash"
}

encode_fixtures() {
	local name log truth options
	while IFS=$'\t' read -r name log truth options; do
		[[ $name == name || -z $name ]] && continue
		# shellcheck disable=SC2086
		"$ptgen" encode --seed 1 $options -o "$logs/$name.perf.data" "$logs/$log.xlog" 2>&1 | sed "s/^ptgen:/$name:/"
		cp "$logs/$name.perf.data" "$fixtures/$name.perf.data"
		[ "$truth" = "$name" ] && write_truth "$logs/$name.truth" "$fixtures/$name.truth.gz"
		# The first fixture of a program that loses nothing gives the program's truth.
		[ -e "$fixtures/$truth.truth.gz" ] || write_truth "$logs/$name.truth" "$fixtures/$truth.truth.gz"
	done <"$fixtures/index.tsv"
}

# Other sources than PT, and pieces of a trace, into test/fixtures/other.
encode_others() {
	local other=$fixtures/other
	"$ptgen" encode --seed 1 --bts --limit 11996 -o "$logs/bts-calls.perf.data" "$logs/calls.xlog"
	"$ptgen" encode --seed 1 --lbr --lbr-depth 16 --lbr-period 499 -o "$logs/lbr-calls.perf.data" "$logs/calls.xlog"
	"$ptgen" encode --seed 1 --aux-sample 3000 --aux-sample-size 2000 --pt psb_period=0 -o "$logs/aux-sample-calls.perf.data" "$logs/calls.xlog"
	"$ptgen" encode --seed 1 --snapshot 12000 --aux-size 8k --pt psb_period=0,cyc=1,noretcomp -o "$logs/snapshot-calls.perf.data" "$logs/calls.xlog"
	# Before the first record and behind the last BTS tells nothing: 4 instructions each.
	"$ptgen" truthdump -i -T "$logs/bts-calls.truth" | sort -s -n -k1,1 | sed 1,4d | head -n -4 | gzip -9n >"$other/bts-calls.truth.gz"
	cp "$logs"/{bts,lbr,aux-sample,snapshot}-calls.perf.data "$other/"
	"$ptgen" encode --seed 1 --lbr --lbr-period 499 --lbr-opt callstack,callchain -o "$logs/callstack-calls.perf.data" "$logs/calls.xlog"
	cp "$logs/callstack-calls.perf.data" "$other/"
	if command -v perf >/dev/null; then
		# Copies of the user stack, of a program that inlines: recorded by perf itself.
		(cd "$logs" && LD_PRELOAD=$logs/neutral_uname.so perf record -q -e cpu-clock:u -F 120 --call-graph dwarf,512 -o inlined.perf.data "$home/inlined")
		cp "$logs/inlined.perf.data" "$other/"
		perf script -F +srcline --symfs "$fixtures/symfs" -i "$other/inlined.perf.data" >"$other/inlined.txt" 2>/dev/null
		perf script --no-inline --symfs "$fixtures/symfs" -i "$other/inlined.perf.data" >"$other/inlined-plain.txt" 2>/dev/null
		perf script --stitch-lbr --no-inline --symfs "$fixtures/symfs" -i "$other/callstack-calls.perf.data" >"$other/callstack-calls.txt" 2>/dev/null
	fi
	# Ordinary samples beside a trace; where each belongs is in the text.
	mix cyc --pt cyc=1
	mix mtc
	mix bts --bts --limit 11996
}

mix() { # NAME OPTIONS…
	local name=$1 other=$fixtures/other
	shift
	"$ptgen" encode --seed 1 "$@" -o "$logs/$name.perf.data" "$logs/calls.xlog"
	node wasm/tools/mix-samples.mjs "$ptgen" "$logs/$name.perf.data" "$logs/$name.truth" 97 "$other/mixed-$name.perf.data" >"$other/mixed-$name.txt"
}

make_fixtures() {
	build_fixtures
	for program in calls calls-pie signals threads ptwrite tsx odd; do
		record $program "$home/$program"
	done
	record forks "$home/forks" "$home/calls"
	rm -f "$fixtures"/*.perf.data "$fixtures"/*.truth.gz "$fixtures"/*.hash
	encode_fixtures
	encode_others
}

make_example() {
	build_example
	record orderbook "$home/orderbook"
	"$ptgen" encode --seed 7 --cpus 2 --pt cyc=1 -o "$logs/example.perf.data" "$logs/orderbook.xlog"
	"$ptgen" truthdump -H -T "$logs/example.truth" | sort -n >"$samples/example.hash"
	cp "$logs/example.perf.data" "$samples/"
}

gcc -shared -fPIC -o "$logs/neutral_uname.so" "$fixtures/programs/neutral_uname.c"
[ "${1:-}" = example ] || make_fixtures
[ "${1:-}" = fixtures ] || make_example
du -ch "$fixtures" "$samples" | tail -1
