// SPDX-License-Identifier: Apache-2.0
// The decoder's WebAssembly module: compiling it, giving it the few imports it
// asks for, and looking at its memory. The only file that knows what emscripten
// makes; there is no emscripten JavaScript. Knows nothing of traces.
import type { HostSources } from './host-sources'

/** Addresses in the decoder's memory; 0 is NULL. */
export type Pointer = number

/** What wasm/include/ptarmigan.h exports. Pointers may come back negative: use `>>> 0`. */
export type DecoderExports = {
  memory: WebAssembly.Memory
  malloc(bytes: number): Pointer
  free(at: Pointer): void
  /** With 0: the end of the memory that was taken so far. */
  sbrk(more: number): Pointer
  ptm_session_new(): Pointer
  ptm_session_free(session: Pointer): void
  ptm_session_message(session: Pointer): Pointer
  ptm_session_add_data(session: Pointer, source: number, size: bigint, name: Pointer): number
  ptm_session_open(session: Pointer, source: number, size: bigint): number
  ptm_session_add_image(session: Pointer, source: number, size: bigint, path: Pointer): number
  ptm_session_add_lines(session: Pointer, source: number, size: bigint, path: Pointer): number
  ptm_session_segments(session: Pointer): number
  ptm_session_segment_place(session: Pointer, segment: number, place: Pointer): number
  ptm_decode_start(session: Pointer, segment: number): number
  ptm_decode_step(session: Pointer, budget: number): number
  ptm_decode_part(session: Pointer, length: Pointer): Pointer
  ptm_session_clock_breaks(session: Pointer): number
  ptm_session_instructions(session: Pointer): number
  ptm_session_segment_bytes(session: Pointer, bytes: number): void
  ptm_session_exact_clocks(session: Pointer): void
  ptm_session_without_ranges(session: Pointer): void
  ptm_session_add_guest_data(session: Pointer, source: number, size: bigint, name: Pointer): number
  ptm_session_add_guest(session: Pointer, source: number, size: bigint, name: Pointer, machine: number, timeOffset: bigint, timeScale: number): number
  ptm_session_guest_code(session: Pointer): void
  ptm_session_guest_files(session: Pointer, machine: number): void
  ptm_session_merge(session: Pointer, part: Pointer, length: number): number
  ptm_query(session: Pointer, request: Pointer, table: Pointer): number
  ptm_table_free(table: Pointer): void
  ptm_table_rows(table: Pointer): number
  ptm_table_columns(table: Pointer): number
  ptm_table_data(table: Pointer, column: number): Pointer
  ptm_table_pool(table: Pointer, column: number, length: Pointer): Pointer
}

/** One instance and what it wrote to its standard streams, newest last. */
export type Decoder = { exports: DecoderExports; log: readonly string[] }

const LOG_LINES = 20
const ENOSYS = 52

/** Where the built module is: an http(s) URL in a page, a file URL in Node. */
export const decoderUrl = new URL('./generated/ptarmigan.wasm', import.meta.url)

/** Compiles the module a page was built with; falls back when the server does not call it application/wasm. */
export async function compileDecoder(url: URL = decoderUrl): Promise<WebAssembly.Module> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the decoder could not be loaded from ${url.pathname} (HTTP ${response.status})`)
  if (response.headers.get('content-type')?.startsWith('application/wasm')) return WebAssembly.compileStreaming(response)
  return WebAssembly.compile(await response.arrayBuffer())
}

/** A fresh instance with its own memory that pulls bytes from `sources`. */
export async function instantiateDecoder(module: WebAssembly.Module, sources: HostSources): Promise<Decoder> {
  const log: string[] = []
  const host = new Host(sources, log)
  const instance = await WebAssembly.instantiate(module, host.imports(module))
  const exports = instance.exports as unknown as DecoderExports & { _initialize?: () => void }
  host.memory = exports.memory
  exports._initialize?.()
  return { exports, log }
}

/** All bytes of a memory, again after it grew; do not keep the view. */
export const bytesOf = (memory: WebAssembly.Memory): Uint8Array => new Uint8Array(memory.buffer)

const PAGE_BYTES = 65536

/** A copy of a decoder's memory up to the end of what it ever took: behind that all is 0. */
export const usedMemory = ({ memory, sbrk }: DecoderExports): Uint8Array<ArrayBuffer> =>
  bytesOf(memory).slice(0, sbrk(0) >>> 0) as Uint8Array<ArrayBuffer>

/** Makes the memory of a fresh instance hold what usedMemory gave of another one: behind that both are zero, and stay untouched. */
export function setMemory(memory: WebAssembly.Memory, bytes: Uint8Array): void {
  const missing = bytes.length - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
  bytesOf(memory).set(bytes)
}

class Host {
  memory: WebAssembly.Memory | null = null
  private line = ''
  private readonly decoder = new TextDecoder()

  constructor(
    private readonly sources: HostSources,
    private readonly log: string[],
  ) {}

  /** The imports the module names: ours, the three that mean something, and "not supported" for the rest. */
  imports(module: WebAssembly.Module): WebAssembly.Imports {
    const known: Record<string, (...args: never[]) => unknown> = {
      ptm_host_read: (source: number, offset: bigint, into: Pointer, length: number) => this.read(source, offset, into, length),
      emscripten_notify_memory_growth: () => undefined,
      proc_exit: (code: number) => {
        throw new WebAssembly.RuntimeError(`the decoder stopped with code ${code}`)
      },
      fd_write: (_file: number, pieces: Pointer, count: number, written: Pointer) => this.write(pieces, count, written),
    }
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {}
    for (const wanted of WebAssembly.Module.imports(module)) {
      if (wanted.kind !== 'function') continue
      const space = (imports[wanted.module] ??= {})
      space[wanted.name] = known[wanted.name] ?? (() => ENOSYS)
    }
    return imports
  }

  private read(source: number, offset: bigint, into: Pointer, length: number): number {
    if (!this.memory) return -1
    return this.sources.read(source >>> 0, Number(offset), new Uint8Array(this.memory.buffer, into >>> 0, length >>> 0))
  }

  private write(pieces: Pointer, count: number, written: Pointer): number {
    if (!this.memory) return ENOSYS
    const view = new DataView(this.memory.buffer)
    let total = 0
    for (let piece = 0; piece < count; piece++) {
      const at = view.getUint32((pieces >>> 0) + piece * 8, true)
      const length = view.getUint32((pieces >>> 0) + piece * 8 + 4, true)
      this.line += this.decoder.decode(new Uint8Array(this.memory.buffer, at, length).slice())
      total += length
    }
    view.setUint32(written >>> 0, total, true)
    const lines = this.line.split('\n')
    this.line = (lines.pop() ?? '').slice(-1000)
    this.log.push(...lines)
    this.log.splice(0, this.log.length - LOG_LINES)
    return 0
  }
}
