// SPDX-License-Identifier: Apache-2.0
// Compares symbols with perf's: for every binary given, makes a perf.data with
// one sample at each of many addresses of its code, and checks that `perf
// script` and the decoder (symbols.c) name them alike, byte for byte.
// Usage: node wasm/test/oracle/symbols.mjs [-v] BINARY[=DEBUG-FILE]...   (needs perf 6.1)
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const MOST_SAMPLES = 200_000;
const BASE = 0x10000000n;
const wasmDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const temporary = mkdtempSync(join(tmpdir(), 'ptarmigan-symbols-'));
const tool = join(temporary, 'symbols');

function build() {
  execFileSync('make', ['-s', '-C', wasmDir, 'native'], { stdio: 'inherit' });
  const flags = ['-std=gnu11', '-O2', '-Iinclude', '-Isrc', 'test/oracle/symbols.c', 'cli/host.c', '../build/native/libptarmigan.a'];
  execFileSync('gcc', [...flags, '-o', tool], { cwd: wasmDir, stdio: 'inherit' });
}

/** Executable PT_LOADs of an ELF file: file offset and size. */
function codeOf(path) {
  const file = readFileSync(path);
  const wide = file[4] === 2;
  const word = (at) => (wide ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at));
  const table = wide ? word(32) : word(28);
  const each = file.readUInt16LE(wide ? 54 : 42);
  const loads = [];
  for (let i = 0; i < file.readUInt16LE(wide ? 56 : 44); i++) {
    const at = table + i * each;
    const flags = file.readUInt32LE(at + (wide ? 4 : 24));
    const offset = word(at + (wide ? 8 : 4));
    const size = word(at + (wide ? 32 : 16));
    if (file.readUInt32LE(at) === 1 && flags & 1 && size) loads.push({ offset, size });
  }
  return loads;
}

function offsetsOf(loads) {
  const total = loads.reduce((sum, load) => sum + load.size, 0);
  const step = Math.max(1, Math.floor(total / MOST_SAMPLES));
  const offsets = [];
  for (const { offset, size } of loads)
    for (let at = offset; at < offset + size; at += step) offsets.push(at);
  return offsets;
}

function record(type, body) {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(type, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(8 + body.length, 6);
  return Buffer.concat([header, body]);
}

function mapRecord(path, offset, size) {
  const body = Buffer.alloc(32 + ((Buffer.byteLength(path) + 8) & ~7));
  body.writeUInt32LE(7, 0);
  body.writeUInt32LE(7, 4);
  body.writeBigUInt64LE(BASE + BigInt(offset), 8);
  body.writeBigUInt64LE(BigInt(size), 16);
  body.writeBigUInt64LE(BigInt(offset), 24);
  body.write(path, 32);
  return record(1, body);
}

function sampleRecord(offset, time) {
  const body = Buffer.alloc(24);
  body.writeBigUInt64LE(BASE + BigInt(offset), 0);
  body.writeUInt32LE(7, 8);
  body.writeUInt32LE(7, 12);
  body.writeBigUInt64LE(BigInt(time), 16);
  return record(9, body);
}

/** A perf.data of one software event with samples of ip, tid and time. */
function perfData(path, loads, offsets) {
  const records = [
    ...loads.map(({ offset, size }) => mapRecord(path, offset & ~4095, (size + (offset & 4095) + 4095) & ~4095)),
    ...offsets.map((offset, i) => sampleRecord(offset, i + 1)),
  ];
  const data = Buffer.concat(records);
  const head = Buffer.alloc(104 + 128);
  head.write('PERFILE2', 0);
  [104n, 128n, 104n, 128n, 232n, BigInt(data.length)].forEach((value, i) => head.writeBigUInt64LE(value, 8 + 8 * i));
  head.writeUInt32LE(1, 104);
  head.writeUInt32LE(112, 108);
  head.writeBigUInt64LE(1n, 112);
  head.writeBigUInt64LE(1n, 120);
  head.writeBigUInt64LE(7n, 128);
  return Buffer.concat([head, data]);
}

function perfNames(path, debug, loads, offsets) {
  // A copy under a root of its own, so that perf finds no debug file on this system.
  const file = join(temporary, 'perf.data');
  const root = join(temporary, 'root');
  const debugDirectory = join(root, 'usr/lib/debug');
  mkdirSync(debugDirectory, { recursive: true });
  copyFileSync(path, join(root, 'binary'));
  rmSync(join(debugDirectory, 'binary.debug'), { force: true });
  if (debug) copyFileSync(debug, join(debugDirectory, 'binary.debug'));
  writeFileSync(file, perfData('/binary', loads, offsets));
  const options = ['--buildid-dir', temporary, 'script', '-f', '-i', file, '--symfs', root, '-F', 'ip,sym,symoff,dso'];
  const text = execFileSync('perf', options, { maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const names = text.split('\n').filter((line) => line);
  return names.map((line) => line.replace(/^ *[0-9a-f]+ /, '').replace(/ \([^()]*\)$/, ''));
}

function compare(path, debug, verbose) {
  const loads = codeOf(path);
  const offsets = offsetsOf(loads);
  const input = offsets.map((offset) => offset.toString(16)).join('\n') + '\n';
  const start = performance.now();
  const ours = execFileSync(tool, debug ? [path, debug] : [path], { input, maxBuffer: 1 << 30 }).toString().split('\n').slice(0, -1);
  const ms = performance.now() - start;
  const perfs = perfNames(path, debug, loads, offsets);
  let wrong = perfs.length === ours.length ? 0 : 1;
  offsets.forEach((offset, i) => {
    if (ours[i] === perfs[i]) return;
    if (wrong++ < (verbose ? 1000 : 3)) console.log(`  ${offset.toString(16)}: perf ${perfs[i]}\n       ours ${ours[i]}`);
  });
  const named = perfs.filter((name) => name !== '[unknown]').length;
  console.log(`${path}: ${offsets.length} addresses, ${named} named by perf, ${wrong} differ, ${Math.round(ms)} ms`);
  return wrong;
}

const verbose = process.argv.includes('-v');
build();
let wrong = 0;
for (const word of process.argv.slice(2).filter((argument) => argument !== '-v')) {
  const [path, debug] = word.split('=');
  wrong += compare(realpathSync(path), debug, verbose);
}
rmSync(temporary, { recursive: true });
process.exit(wrong ? 1 : 0);
