#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every libFuzzer target of wasm/fuzz for a while, from the fixtures, with
# AddressSanitizer and UBSan. Usage: npm run fuzz [-- SECONDS [TARGET]]. Needs
# clang and its runtime (Debian: clang libclang-rt-14-dev). What crashed is left
# in build/fuzz; exits 1 when something did.
set -euo pipefail
cd "$(dirname "$0")/../../wasm"
seconds=${1:-60}
only=${2:-}
out=../build/fuzz
mkdir -p "$out"
command -v clang >/dev/null || {
	echo "fuzz: clang is missing (Debian: apt-get install clang libclang-rt-14-dev)" >&2
	exit 1
}
export PTM_FUZZ_BINARY=$PWD/test/fixtures/symfs/opt/ptarmigan/signals
failed=0
make -s -j"$(nproc)" fuzzed
for target in fuzz/*.c; do
	name=$(basename "$target" .c)
	[ -z "$only" ] || [ "$only" = "$name" ] || continue
	corpus=$out/corpus-$name
	mkdir -p "$corpus"
	case $name in
	names) # the first byte says which kind of file the rest is
		i=0
		for file in kallsyms perf-88.map jit-88.dump vmlinux kcore; do
			{ printf "\\x$i"; cat "test/fixtures/walk/$file" 2>/dev/null || echo '7f0000000000 40 name'; } >"$corpus/$file"
			i=$((i + 1))
		done
		echo 'const char info[] __attribute__((section(".modinfo"))) = "vermagic=6.1 SMP"; int count(int a) { return a + 1; }' |
			gcc -g -O2 -xc - -c -o "$corpus/module.o" && { printf '\x5'; cat "$corpus/module.o"; } >"$corpus/module" ;;
	elf) # binaries with all that is read of them, small enough for -max_len
		for kind in -gdwarf-5 -gdwarf-4 -gz -gz=zlib-gnu '-gsplit-dwarf -gdwarf-5' '-gsplit-dwarf -gdwarf-4'; do
			echo 'static inline int twice(int a) { return a * 2; } int count(int a) { return twice(a) + twice(a + 1); } int main(int a) { return count(a); }' |
				(cd "$corpus" && gcc -O2 $kind -xc - -c -o "object${kind// /}" && gcc -nostdlib -Wl,-e,main "object${kind// /}" -o "seed${kind// /}") || true
		done
		for version in 4 5; do # a program, and from the middle of the file on what was split from it; then a package of that
			for package in '' 1; do
				printf 'static inline int twice(volatile int *a) { return *a * 2; } int main(int n) { volatile int x = n; return twice(&x); }' |
					(cd "$corpus" && gcc -O2 -gsplit-dwarf -gdwarf-$version -xc - -c -o split.o &&
						gcc -nostdlib -static -Wl,-e,main,-z,noseparate-code,--build-id=none split.o -o split &&
						{ [ -z "$package" ] || llvm-dwp split.dwo -o package && [ ! -e package ] || mv package split.dwo; } &&
						truncate -s 6000 split && head -c 6000 split.dwo | cat split - >"split-$version$package" && truncate -s 12000 "split-$version$package") || true
			done
		done
		if command -v dwz >/dev/null; then # two programs, and from the middle of the file on what they share
			(cd "$corpus" && for one in a b; do
				echo "struct s { int a, b, c, d; }; static inline int twice(volatile struct s *x) { return x->a * x->b + x->c; } int main(int n) { volatile struct s x = { n, 3 }; return twice(&x); }" |
					gcc -g -O2 -nostdlib -static -Wl,-e,main,-z,noseparate-code -xc - -o $one
			done && dwz -r -m shared a b && truncate -s 6000 a && cat a shared >alternate && truncate -s 12000 alternate) || true
		fi ;;
	dump) # the first byte says where the second file begins
		for file in signals-irq calls-zstd threads-cpu-wide other/lbr-calls; do
			for start in 0 80; do { printf "\\x$start"; cat "test/fixtures/$file.perf.data"; } >"$corpus/$(basename $file)-$start"; done
		done ;;
	event_format) printf '%s\n' 'name: e' 'ID: 5' 'format:' $'\tfield:int a[2];\toffset:0;\tsize:8;\tsigned:1;' $'\tfield:__data_loc char[] s;\toffset:8;\tsize:4;\tsigned:0;' '' \
		'print fmt: "%d %-8s %s %pI6c %pS", REC->a[1] ? (int)1 : -1, __get_str(s), __print_flags(REC->a[0] & (1 | 2), "|", { 1, "A" }, { ~(2 + 1), "B" }), REC->a, REC->s' >"$corpus/seed" ;;
	guest_join) # two bytes: how long the guest's file is; two: its clock
		for host in guest guest-kernel; do
			for guest in inside inside-clock; do
				size=$(stat -c %s "test/fixtures/walk/$guest.perf.data")
				{ printf "\\x$(printf %x $((size & 255)))\\x$(printf %x $((size >> 8)))\\x0\\x40"; cat "test/fixtures/walk/$guest.perf.data" "test/fixtures/walk/$host-host.perf.data"; } >"$corpus/$host-$guest"
			done
		done ;;
	unwind) ;; # its own, below
	insn) cp test/fixtures/symfs/opt/ptarmigan/odd "$corpus" ;;
	inflate) for level in 1 6 9; do python3 -c "import sys,zlib; d=open('test/fixtures/calls.hash','rb').read()[:60000]; sys.stdout.buffer.write(len(d).to_bytes(2,'little')+zlib.compress(d,$level))" >"$corpus/$level" 2>/dev/null || true; done ;;
	xz) for level in 1 9e; do head -c 20000 test/fixtures/calls.hash | xz -$level >"$corpus/$level.xz" 2>/dev/null || true; done ;;
	zstd) for level in 1 9 19; do zstd -q -f -$level test/fixtures/calls.hash -o "$corpus/$level.zst" 2>/dev/null || true; done ;;
	*) cp test/fixtures/{signals,tsx,ptwrite,odd,calls-zstd,threads,forks}*.perf.data "$corpus" ;;
	esac
	host=()
	grep -q 'ptm_host_read(uint32_t' "$target" || host=(cli/host.c)
	clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -Iinclude -Isrc -Icli \
		"$target" ${host[@]+"${host[@]}"} "$out/libptarmigan.a" -lm -o "$out/$name"
	[ "$name" != unwind ] || { objcopy -O binary --only-section=.eh_frame "$out/$name" "$corpus/own" && truncate -s 12000 "$corpus/own"; }
	echo "fuzz: $name for $seconds s"
	"$out/$name" -max_total_time="$seconds" -max_len=16384 -timeout=20 -rss_limit_mb=2048 -artifact_prefix="$out/$name-" \
		-print_final_stats=1 -verbosity=0 "$corpus" 2>"$out/$name.log" || failed=1
	grep -E 'ERROR|runtime error|SUMMARY|stat::(number_of_executed|average)' "$out/$name.log" || true
done
exit $failed
