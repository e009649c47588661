// SPDX-License-Identifier: Apache-2.0
// Compares source lines and inlined functions with llvm-symbolizer's (binutils' addr2line gets
// DWARF 5 of clang, dwarf64 and type units wrong): builds a
// program with several compilers, options and DWARF versions (or takes the
// binaries given) and checks many addresses of each.
// Usage: node wasm/test/oracle/lines.mjs [-v] [-s: split ones alone] [BINARY...]   (needs llvm-symbolizer, c++filt, dwp; gcc, clang, musl-gcc)
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const MOST_ADDRESSES = 20_000;
const wasmDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const temporary = mkdtempSync(join(tmpdir(), 'ptarmigan-lines-'));
const tool = join(temporary, 'lines');
const run = (command, args, options = {}) =>
  execFileSync(command, args, { maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', 'ignore'], ...options }).toString();

const CXX = `
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>
template <class T> static inline T twice(T x) { return x + x; }
struct Box { int v; __attribute__((always_inline)) int get(int n) const { return twice(v) * n; } __attribute__((noinline)) int cold(int n); };
int Box::cold(int n) { if (n < 0) throw n; return get(n) + 1; }
static int unused(int x) { std::string s(x, 'x'); return (int)s.size(); }
int dropped(int x) { return unused(x) + 1; }
int main(int argc, char **argv) {
  std::map<std::string, int> m; std::vector<int> v;
  for (int i = 0; i < argc + 5; i++) { m[argv[0] + std::to_string(i)] = i; v.push_back(Box{i}.get(i)); }
  std::sort(v.begin(), v.end(), [](int a, int b) { return twice(a) > twice(b); });
  Box b{argc};
  try { b.cold(argc - 3); } catch (int n) { printf("%d\\n", n); }
  for (int x : v) printf("%d %zu\\n", x, m.size());
}
`;
const C = `
#include <stdio.h>
#include <stdlib.h>
static inline int step(int x) { return x % 7 ? x * 3 : x / 7; }
static inline int walk(int x) { int n = 0; while (x > 1 && n < 99) { x = step(x); n++; } return n; }
__attribute__((noinline)) int unlikely_part(int x) { if (__builtin_expect(x == 42, 0)) abort(); return walk(x) + step(x); }
int dropped(int x) { return walk(x) * 2; }
int main(int argc, char **argv) { for (int i = 0; i < argc * 9; i++) printf("%d\\n", unlikely_part(i) + walk(i + argc)); return argv[0][0] == 'x'; }
`;
const COMMON = ['-g', '-ffunction-sections', '-Wl,--gc-sections'];
const BUILDS = process.argv.includes('-s') ? [] : [
  ...[2, 3, 4, 5].map((version) => ['g++', 'p.cc', '-O2', `-gdwarf-${version}`, ...COMMON]),
  ['g++', 'p.cc', '-O0', ...COMMON],
  ['g++', 'p.cc', '-O2', '-flto', ...COMMON],
  ['g++', 'p.cc', '-O2', '-gdwarf64', ...COMMON],
  ['g++', 'p.cc', '-O2', '-fdebug-types-section', ...COMMON],
  ...[2, 3, 4, 5].map((version) => ['clang++', 'p.cc', '-O2', `-gdwarf-${version}`, ...COMMON]),
  ['gcc', 'p.c', '-O2', ...COMMON],
  ['gcc', 'p.c', '-O2', '-static', ...COMMON],
  ['clang', 'p.c', '-O2', ...COMMON],
  ['musl-gcc', 'p.c', '-O2', '-static', ...COMMON],
];
const CXX_OF = { gcc: 'g++', clang: 'clang++' };
/** Programs whose debug information is split off, in two files each. */
const SPLIT_BUILDS = ['gcc', 'clang'].flatMap((compiler) => [4, 5].map((version) => [compiler, `-gdwarf-${version}`]));

function build() {
  execFileSync('make', ['-s', '-C', wasmDir, 'native'], { stdio: 'inherit' });
  const flags = ['-std=gnu11', '-O2', '-Iinclude', '-Isrc', 'test/oracle/lines.c', 'cli/host.c', '../build/native/libptarmigan.a'];
  execFileSync('gcc', [...flags, '-o', tool], { cwd: wasmDir, stdio: 'inherit' });
}

/** llvm-symbolizer 14 loses inlined calls of ranges in the second split unit of clang's: it is asked of the same program, built whole. */
function splitProgram([compiler, version]) {
  const directory = join(temporary, `split-${compiler}${version}`);
  mkdirSync(directory);
  const options = { cwd: directory };
  const build = (name, ...flags) => {
    run(CXX_OF[compiler], ['-O2', '-g', version, ...flags, '-c', join(temporary, 'p.cc')], options);
    run(compiler, ['-O2', '-g', version, ...flags, '-c', join(temporary, 'q.c')], options);
    run('g++', ['p.o', 'q.o', '-o', name], options);
    return join(directory, name);
  };
  const judge = build('whole');
  const label = `${compiler} ${version} -gsplit-dwarf`;
  const binary = build('program', '-gsplit-dwarf');
  const dwo = { binary, judge, label, files: ['p.dwo', 'q.dwo'].map((name) => join(directory, name)) };
  // Neither packer of Debian 12 reads what gcc writes of DWARF 5: GNU's goes on for ever, LLVM's stops.
  if (compiler === 'gcc' && version === '-gdwarf-5') return [dwo];
  run('llvm-dwp', ['p.dwo', 'q.dwo', '-o', 'program.dwp'], options);
  const packed = [dwo, { binary, judge, label: `${label}, llvm-dwp`, files: [join(directory, 'program.dwp')] }];
  if (version !== '-gdwarf-4') return packed;
  run('dwp', ['-e', 'program', '-o', 'gnu.dwp'], options);
  return [...packed, { binary, judge, label: `${label}, dwp of binutils`, files: [join(directory, 'gnu.dwp')] }];
}

function programs() {
  writeFileSync(join(temporary, 'p.cc'), CXX);
  writeFileSync(join(temporary, 'p.c'), C);
  writeFileSync(join(temporary, 'q.c'), C.replaceAll('main', 'second'));
  const split = SPLIT_BUILDS.flatMap(splitProgram);
  const whole = BUILDS.map(([compiler, ...args], i) => {
    const binary = join(temporary, `program-${i}`);
    run(compiler, [...args, '-o', binary], { cwd: temporary });
    return { binary, label: [compiler, ...args.filter((arg) => !COMMON.includes(arg))].join(' ') };
  });
  return [...whole, ...split];
}

/** Addresses all over the executable PT_LOADs of a 64-bit ELF file. */
function addressesOf(path) {
  const file = readFileSync(path);
  const loads = [];
  for (let i = 0; i < file.readUInt16LE(56); i++) {
    const at = Number(file.readBigUInt64LE(32)) + i * 56;
    if (file.readUInt32LE(at) === 1 && file.readUInt32LE(at + 4) & 1)
      loads.push({ start: file.readBigUInt64LE(at + 16), size: Number(file.readBigUInt64LE(at + 32)) });
  }
  const step = Math.max(1, Math.floor(loads.reduce((sum, load) => sum + load.size, 0) / MOST_ADDRESSES));
  return loads.flatMap(({ start, size }) =>
    Array.from({ length: Math.ceil(size / step) }, (_, i) => (start + BigInt(i * step)).toString(16)),
  );
}

/** As our tool prints: position, then inlined functions, outermost first. */
function symbolizer(path, addresses) {
  const options = [`--obj=${path}`, '--functions=linkage', '--no-demangle', '--inlines'];
  const text = run('llvm-symbolizer', options, { input: addresses.map((address) => `0x${address}\n`).join('') });
  const frames = text.split('\n\n').slice(0, addresses.length).map((answer) => {
    const lines = answer.split('\n');
    const position = lines[1].replace(/:\d+$/, '').replace(/^.*:0$/, '??:0');
    return { position, names: lines.filter((_, i) => i % 2 === 0).slice(0, -1).reverse() };
  });
  const names = run('c++filt', ['-p', '-i'], { input: frames.flatMap((frame) => frame.names).join('\n') + '\n' }).split('\n');
  let at = 0;
  return frames.map(({ position, names: own }) => [position, ...own.map(() => names[at++])].join(' > '));
}

function compare({ binary: path, judge = path, label, files = [] }, verbose) {
  const addresses = addressesOf(path);
  const start = performance.now();
  const ours = run(tool, [path, ...files], { input: addresses.join('\n') + '\n' }).split('\n').slice(0, -1);
  const ms = performance.now() - start;
  const theirs = symbolizer(judge, addresses);
  let wrong = 0;
  addresses.forEach((address, i) => {
    if (ours[i] === theirs[i]) return;
    if (wrong++ < (verbose ? 1000 : 2)) console.log(`  ${address}: llvm ${theirs[i]}\n       ours ${ours[i]}`);
  });
  const known = theirs.filter((answer) => !answer.startsWith('??')).length;
  console.log(`${label}: ${addresses.length} addresses, ${known} known to llvm, ${wrong} differ, ${Math.round(ms)} ms`);
}

const verbose = process.argv.includes('-v');
const given = process.argv.slice(2).filter((word) => word !== '-v' && word !== '-s');
build();
const list = given.length ? given.map((binary) => ({ binary, label: binary })) : programs();
for (const program of list) compare(program, verbose);
if (verbose) console.log(`the programs are in ${temporary}`);
else rmSync(temporary, { recursive: true });
