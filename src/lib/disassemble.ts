// SPDX-License-Identifier: Apache-2.0
// The text of one x86 instruction, from the WebAssembly half of the iced-x86
// package. Its JavaScript half (CommonJS for Node only, 900 kB) is not used:
// the few calls that text needs are made here, and no code is generated. Where
// the module's bytes come from is the business of disassemble-web and -node.

export type Syntax = 'intel' | 'att'

export interface Disassembler {
  /**
   * The text of the instruction that starts `code` (what follows it is not
   * read); "(bad)" where none does. `ip` is its address: branches and
   * RIP-relative operands show the address they lead to.
   */
  disassemble(code: Uint8Array, ip: bigint, bits: 16 | 32 | 64, syntax?: Syntax): string
}

/** What this file calls of iced-x86 1.21.0's module: numbers are addresses in its memory. */
interface Iced {
  memory: WebAssembly.Memory
  __wbindgen_add_to_stack_pointer(bytes: number): number
  __wbindgen_malloc(bytes: number, alignment: number): number
  __wbindgen_free(at: number, bytes: number, alignment: number): void
  decoder_new(answer: number, bits: number, code: number, bytes: number, options: number): void
  decoder_set_ip(decoder: number, ip: bigint): void
  decoder_decodeOut(decoder: number, instruction: number): void
  __wbg_decoder_free(decoder: number): void
  instruction_new(): number
  formatter_new(answer: number, syntax: number): void
  formatter_format(answer: number, formatter: number, instruction: number): void
  formatter_set_hexPrefix(formatter: number, text: number, bytes: number): void
  formatter_set_hexSuffix(formatter: number, text: number, bytes: number): void
  formatter_set_uppercaseHex(formatter: number, on: number): void
  formatter_set_smallHexNumbersInDecimal(formatter: number, on: number): void
  formatter_set_spaceAfterOperandSeparator(formatter: number, on: number): void
  formatter_set_signedImmediateOperands(formatter: number, on: number): void
  formatter_set_branchLeadingZeros(formatter: number, on: number): void
  formatter_set_showBranchSize(formatter: number, on: number): void
}

const FUNCTIONS: readonly Exclude<keyof Iced, 'memory'>[] = [
  '__wbindgen_add_to_stack_pointer', '__wbindgen_malloc', '__wbindgen_free',
  'decoder_new', 'decoder_set_ip', 'decoder_decodeOut', '__wbg_decoder_free', 'instruction_new',
  'formatter_new', 'formatter_format', 'formatter_set_hexPrefix', 'formatter_set_hexSuffix', 'formatter_set_uppercaseHex',
  'formatter_set_smallHexNumbersInDecimal', 'formatter_set_spaceAfterOperandSeparator',
  'formatter_set_signedImmediateOperands', 'formatter_set_branchLeadingZeros', 'formatter_set_showBranchSize',
]

const ICED_SYNTAX: Record<Syntax, number> = { att: 0, intel: 1 }
const LONGEST = 15

function isIced(exports: WebAssembly.Exports): exports is WebAssembly.Exports & Iced {
  return exports.memory instanceof WebAssembly.Memory && FUNCTIONS.every(name => typeof exports[name] === 'function')
}

/** Its imports make objects for parts of iced-x86 that are not called here, and errors. */
function importsOf(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => never>> = {}
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const group = (imports[from] ??= {})
    group[name] = () => {
      throw new Error(`the disassembler called ${name}: a bug in it, or in its use`)
    }
  }
  return imports
}

async function instantiate(wasm: BufferSource): Promise<Iced> {
  const module = await WebAssembly.compile(wasm)
  const { exports } = await WebAssembly.instantiate(module, importsOf(module))
  if (!isIced(exports)) throw new Error('the disassembler is not the version of iced-x86 that this build was made for')
  return exports
}

/** Calls `ask` with the address of an answer of 16 bytes; returns its first two words. */
function answerOf(iced: Iced, ask: (answer: number) => void): [number, number] {
  const at = iced.__wbindgen_add_to_stack_pointer(-16)
  try {
    ask(at)
    const answer = new DataView(iced.memory.buffer, at, 16)
    return [answer.getUint32(0, true), answer.getUint32(4, true)]
  } finally {
    iced.__wbindgen_add_to_stack_pointer(16)
  }
}

/** Copies `bytes` to the module's heap; what is called with the address owns it. */
function copied(iced: Iced, bytes: Uint8Array): number {
  const at = iced.__wbindgen_malloc(bytes.length, 1) >>> 0
  new Uint8Array(iced.memory.buffer).set(bytes, at)
  return at
}

function newFormatter(iced: Iced, syntax: Syntax): number {
  const [formatter] = answerOf(iced, answer => iced.formatter_new(answer, ICED_SYNTAX[syntax]))
  const prefix = new TextEncoder().encode('0x')
  iced.formatter_set_hexPrefix(formatter, copied(iced, prefix), prefix.length)
  iced.formatter_set_hexSuffix(formatter, copied(iced, new Uint8Array(0)), 0)
  iced.formatter_set_uppercaseHex(formatter, 0)
  iced.formatter_set_smallHexNumbersInDecimal(formatter, 0)
  iced.formatter_set_spaceAfterOperandSeparator(formatter, 1)
  iced.formatter_set_signedImmediateOperands(formatter, 1)
  iced.formatter_set_branchLeadingZeros(formatter, 0)
  iced.formatter_set_showBranchSize(formatter, 0)
  return formatter
}

/** Starts a disassembler from the bytes of iced-x86's iced_x86_bg.wasm. */
export async function startDisassembler(wasm: BufferSource): Promise<Disassembler> {
  const iced = await instantiate(wasm)
  const formatters: Record<Syntax, number> = { intel: newFormatter(iced, 'intel'), att: newFormatter(iced, 'att') }
  const instruction = iced.instruction_new()
  const decoder8 = new TextDecoder()

  function decode(code: Uint8Array, ip: bigint, bits: number): void {
    const at = copied(iced, code)
    const [decoder] = answerOf(iced, answer => iced.decoder_new(answer, bits, at, code.length, 0))
    iced.decoder_set_ip(decoder, ip)
    iced.decoder_decodeOut(decoder, instruction)
    iced.__wbg_decoder_free(decoder)
  }

  return {
    disassemble(code, ip, bits, syntax = 'intel') {
      if (code.length === 0) return '(bad)'
      decode(code.subarray(0, LONGEST), ip, bits)
      const [at, length] = answerOf(iced, answer => iced.formatter_format(answer, formatters[syntax], instruction))
      const text = decoder8.decode(new Uint8Array(iced.memory.buffer, at, length))
      iced.__wbindgen_free(at, length, 1)
      return text
    },
  }
}
