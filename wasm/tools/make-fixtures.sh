#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the example (public/samples) and the small fixtures (wasm/test/fixtures)
# again: builds the programs with musl, records them, encodes what index.tsv
# lists, writes the truth. Needs musl-gcc, ptgen (see ptgen.sh), root (to put
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

build_programs() {
	local flags=(-std=gnu11 -O2 -g) musl=/usr/lib/x86_64-linux-musl
	cp "$fixtures"/programs/*.[cS] "$home"/
	cd "$home"
	for program in orderbook calls signals threads forks ptwrite tsx; do
		musl-gcc "${flags[@]}" -w -static -Wl,--build-id -o $program $program.c
	done
	gcc -g -nostdlib -static -Wl,--build-id -o odd odd.S
	gcc "${flags[@]}" -nostdlib -nostdinc -isystem /usr/include/x86_64-linux-musl -isystem "$(gcc -print-file-name=include)" \
		-static-pie -fPIE -fno-stack-protector -Wl,--build-id -o calls-pie \
		$musl/rcrt1.o $musl/crti.o calls.c $musl/libc.a "$(gcc -print-libgcc-file-name)" $musl/crtn.o
	gcc -shared -fPIC -o "$logs/neutral_uname.so" neutral_uname.c
	rm -f ./*.c ./*.S
	cp orderbook "$samples"/
	cp calls calls-pie signals threads forks ptwrite tsx odd "$fixtures/symfs$home"/
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

build_programs
for program in calls calls-pie signals threads ptwrite tsx odd orderbook; do
	record $program "$home/$program"
done
record forks "$home/forks" "$home/calls"
rm -f "$fixtures"/*.perf.data "$fixtures"/*.truth.gz "$fixtures"/*.hash
encode_fixtures
"$ptgen" encode --seed 7 --cpus 2 --pt cyc=1 -o "$logs/example.perf.data" "$logs/orderbook.xlog"
"$ptgen" truthdump -H -T "$logs/example.truth" | sort -n >"$samples/example.hash"
cp "$logs/example.perf.data" "$samples/"
du -ch "$fixtures" "$samples" | tail -1
