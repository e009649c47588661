// SPDX-License-Identifier: Apache-2.0
// The letters of Swift's name mangling and the words that they stand for; how its
// identifiers are written (words, Punycode, operators).

/** Letters and names: "a Array" in rows, by what each is. */
const named = (letter: string, rows: string): [string, { letter: string; name: string }][] =>
  rows.split(', ').map((row) => [row.slice(0, 1), { letter, name: row.slice(2) }])

/** Types of the standard library that have a letter of their own; `letter`: V a struct, O an enum, C a class, P a protocol. */
export const KNOWN_TYPES = new Map([
  ...named('V', 'A AutoreleasingUnsafeMutablePointer, a Array, b Bool, D Dictionary, d Double, f Float, h Set, I DefaultIndices, i Int, J Character, N ClosedRange'),
  ...named('V', 'n Range, O ObjectIdentifier, P UnsafePointer, p UnsafeMutablePointer, R UnsafeBufferPointer, r UnsafeMutableBufferPointer, S String, s Substring'),
  ...named('V', 'u UInt, V UnsafeRawPointer, v UnsafeMutableRawPointer, W UnsafeRawBufferPointer, w UnsafeMutableRawBufferPointer'),
  ...named('O', 'q Optional'),
  ...named('P', 'B BinaryFloatingPoint, E Encodable, e Decodable, F FloatingPoint, G RandomNumberGenerator, H Hashable, j Numeric, K BidirectionalCollection'),
  ...named('P', 'k RandomAccessCollection, L Comparable, l Collection, M MutableCollection, m RangeReplaceableCollection, Q Equatable, T Sequence'),
  ...named('P', 't IteratorProtocol, U UnsignedInteger, X RangeExpression, x Strideable, Y RawRepresentable, y StringProtocol, Z SignedInteger, z BinaryInteger'),
])

/** Those of concurrency: behind a "c". */
export const KNOWN_TYPES_2 = new Map([
  ...named('V', 'C CheckedContinuation, c UnsafeContinuation, E CancellationError, e UnownedSerialExecutor, G TaskGroup, g ThrowingTaskGroup, J UnownedJob'),
  ...named('V', 'P TaskPriority, S AsyncStream, s AsyncThrowingStream, T Task, t UnsafeCurrentTask'),
  ...named('C', 'M MainActor'),
  ...named('P', 'A Actor, F Executor, f SerialExecutor, I AsyncIteratorProtocol, i AsyncSequence'),
])

export const BUILTIN_TYPES = new Map([
  ['b', 'BridgeObject'], ['B', 'UnsafeValueBuffer'], ['I', 'IntLiteral'], ['O', 'UnknownObject'], ['o', 'NativeObject'], ['p', 'RawPointer'], ['t', 'SILToken'],
  ['w', 'Word'], ['c', 'RawUnsafeContinuation'], ['D', 'DefaultActorStorage'], ['e', 'Executor'], ['j', 'Job'],
])

/** What is made of a type, behind an "M". */
export const METADATA = new Map([
  ['a', 'type metadata accessor for '], ['n', 'nominal type descriptor for '], ['r', 'type metadata completion function for '],
  ['i', 'type metadata instantiation function for '], ['f', 'full type metadata for '], ['m', 'metaclass for '], ['u', 'method lookup function for '],
])

/** What is made of a function, behind a "T": said before its name. */
export const THUNKS = new Map([
  ['A', 'partial apply forwarder for '], ['a', 'partial apply ObjC forwarder for '], ['m', 'merged '], ['o', '@objc '], ['O', '@nonobjc '], ['D', 'dynamic '],
  ['j', 'dispatch thunk of '], ['q', 'method descriptor for '], ['u', 'async function pointer to '], ['E', 'distributed thunk '], ['F', 'distributed accessor for '],
])

/** What is done with a value, behind "WO". */
export const OUTLINED = new Map([
  ['y', 'copy'], ['e', 'consume'], ['r', 'retain'], ['s', 'release'], ['b', 'init with take'], ['c', 'init with copy'], ['d', 'assign with take'],
  ['f', 'assign with copy'], ['h', 'destroy'],
])

export const VALUE_WITNESSES = new Map([
  ['al', 'allocateBuffer'], ['ca', 'assignWithCopy'], ['ta', 'assignWithTake'], ['de', 'deallocateBuffer'], ['xx', 'destroy'], ['XX', 'destroyBuffer'],
  ['Xx', 'destroyArray'], ['CP', 'initializeBufferWithCopyOfBuffer'], ['Cp', 'initializeBufferWithCopy'], ['cp', 'initializeWithCopy'],
  ['TK', 'initializeBufferWithTakeOfBuffer'], ['Tk', 'initializeBufferWithTake'], ['tk', 'initializeWithTake'], ['pr', 'projectBuffer'],
  ['xs', 'storeExtraInhabitant'], ['xg', 'getExtraInhabitantIndex'], ['Cc', 'initializeArrayWithCopy'], ['Tt', 'initializeArrayWithTakeFrontToBack'],
  ['tT', 'initializeArrayWithTakeBackToFront'], ['ug', 'getEnumTag'], ['up', 'destructiveProjectEnumData'], ['ui', 'destructiveInjectEnumTag'],
  ['et', 'getEnumTagSinglePayload'], ['st', 'storeEnumTagSinglePayload'],
])

export const ACCESSORS = new Map([
  ['p', ''], ['g', '.getter'], ['s', '.setter'], ['m', '.materializeForSet'], ['w', '.willset'], ['W', '.didset'], ['r', '.read'], ['M', '.modify'],
  ['au', '.unsafeMutableAddressor'], ['lu', '.unsafeAddressor'],
])

/** How objects end, and their variables begin, behind an "f". */
export const LIFE = new Map([['D', '__deallocating_deinit'], ['d', 'deinit'], ['E', '__ivar_destroyer'], ['e', '__ivar_initializer']])

/** What stands before the types of a function as it is compiled, behind an "I". */
export const PARAMETER_CONVENTIONS = new Map([
  ['i', '@in'], ['c', '@in_constant'], ['l', '@inout'], ['b', '@inout_aliasable'], ['n', '@in_guaranteed'], ['x', '@owned'], ['y', '@unowned'],
  ['g', '@guaranteed'], ['e', '@deallocating'],
])

export const RESULT_CONVENTIONS = new Map([['r', '@out'], ['o', '@owned'], ['d', '@unowned'], ['u', '@unowned_inner_pointer'], ['a', '@autoreleased']])

export const CALLEE_CONVENTIONS = new Map([['y', '@callee_unowned'], ['g', '@callee_guaranteed'], ['x', '@callee_owned'], ['t', '@convention(thin)']])

export const REPRESENTATIONS = new Map([['B', '@convention(block)'], ['C', '@convention(c)'], ['M', '@convention(method)'], ['W', '@convention(witness_method)']])

const OPERATORS = new Map([...'acdeglmnopqrstxz'].map((letter, at) => [letter, '&@/=><*!|+?%-~^.'.charAt(at)]))

/** "==" of "ee"; null where a letter stands for none. */
export function operatorText(letters: string): string | null {
  let text = ''
  for (const letter of letters) {
    const character = letter > '\x7f' ? letter : OPERATORS.get(letter)
    if (character === undefined) return null
    text += character
  }
  return text
}

/** The words of two letters or more of a literal part of an identifier, which later ones may refer to. */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  let start = -1
  for (let at = 0; at <= text.length; at++) {
    const character = text.charAt(at)
    const capital = /[A-Z]/.test(character) && !/[A-Z]/.test(text.charAt(at - 1))
    if (start >= 0 && (character === '' || character === '_' || capital)) {
      if (at - start >= 2) words.push(text.slice(start, at))
      start = -1
    }
    if (start < 0 && /[^\d_]/.test(character)) start = at
  }
  return words
}

const BASE = 36
const digitOf = (letter: string): number => (/[a-z]/.test(letter) ? letter.charCodeAt(0) - 97 : /[A-J]/.test(letter) ? letter.charCodeAt(0) - 65 + 26 : -1)

function adapted(delta: number, points: number, first: boolean): number {
  let left = first ? Math.floor(delta / 700) : delta >> 1
  left += Math.floor(left / points)
  let bias = 0
  while (left > 455) {
    left = Math.floor(left / 35)
    bias += BASE
  }
  return bias + Math.floor((BASE * left) / (left + 38))
}

/** Text of Punycode (RFC 3492) with "_" as the delimiter and A to J as the digits; null where it is none. */
export function punycode(text: string): string | null {
  const delimiter = text.lastIndexOf('_')
  const characters = Array.from(text.slice(0, Math.max(delimiter, 0)))
  let at = delimiter > 0 ? delimiter + 1 : 0
  let [code, index, bias] = [128, 0, 72]
  while (at < text.length) {
    const before = index
    for (let weight = 1, k = BASE; ; k += BASE) {
      const digit = digitOf(text.charAt(at++))
      if (digit < 0) return null
      index += digit * weight
      const threshold = Math.min(Math.max(k - bias, 1), 26)
      if (digit < threshold) break
      weight *= BASE - threshold
      if (weight > 0x7fffffff) return null
    }
    const points = characters.length + 1
    bias = adapted(index - before, points, before === 0)
    code += Math.floor(index / points)
    index %= points
    // Characters of symbols that are no letters are kept as surrogates.
    if (code > 0x10ffff) return null
    characters.splice(index++, 0, String.fromCodePoint(code >= 0xd800 && code < 0xd880 ? code - 0xd800 : code))
  }
  return characters.join('')
}
