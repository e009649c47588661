// SPDX-License-Identifier: Apache-2.0
// Names of the D language from their symbols, by the "Name Mangling" chapter of D's ABI,
// in the words that c++filt uses. A symbol that is not understood to its end has no name.

/** Most nested types, and most characters put together: back references let a short symbol grow without end. */
const MOST_DEPTH = 120
const MOST_WORK = 100_000

const BASIC_TYPES: Readonly<Record<string, string>> = {
  v: 'void', g: 'byte', h: 'ubyte', s: 'short', t: 'ushort', i: 'int', k: 'uint', l: 'long', m: 'ulong', f: 'float', d: 'double', e: 'real',
  o: 'ifloat', p: 'idouble', j: 'ireal', q: 'cfloat', r: 'cdouble', c: 'creal', b: 'bool', a: 'char', u: 'wchar', w: 'dchar', n: 'typeof(null)',
  zi: 'cent', zk: 'ucent', Nn: 'typeof(*null)',
}

const LINKAGES: Readonly<Record<string, string>> = { F: '', U: 'extern(C) ', W: 'extern(Windows) ', V: 'extern(Pascal) ', R: 'extern(C++) ', Y: 'extern(Objective-C) ' }

const ATTRIBUTES: Readonly<Record<string, string>> = {
  a: 'pure', b: 'nothrow', c: 'ref', d: '@property', e: '@trusted', f: '@safe', i: '@nogc', j: 'return', l: 'scope', m: '@live',
}

const MODIFIERS: Readonly<Record<string, string>> = { x: 'const', y: 'immutable', O: 'shared', Ng: 'inout' }

const SPECIAL_NAMES = new Map([['__ctor', 'this'], ['__dtor', '~this']])

/** What the compiler makes for a type or module: the last name of a symbol that ends in Z. */
const MADE_FOR = new Map([
  ['__init', 'initializer for '], ['__vtbl', 'vtable for '], ['__Class', 'ClassInfo for '], ['__Interface', 'Interface for '], ['__ModuleInfo', 'ModuleInfo for '],
])

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r' }

const INTEGER_SUFFIXES: Readonly<Record<string, string>> = { h: 'u', t: 'u', k: 'u', l: 'L', m: 'uL' }

class NotD extends Error {}

const fail = (): never => {
  throw new NotD()
}

class Reader {
  private at = 0
  private depth = 0
  private work = 0
  /** Where the outermost back reference to a type being read stands: those in it must stand before it. */
  private bound = Infinity

  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  symbol(): string {
    const name = this.mangled()
    return this.at === this.text.length ? name : fail()
  }

  private peek(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  private take(text: string): boolean {
    if (!this.peek(text)) return false
    this.at += text.length
    return true
  }

  private need(text: string): void {
    if (!this.take(text)) fail()
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? fail()
    this.at += found.length
    return found
  }

  /** A key of the table, of one character or two, that stands here; '' when none does. */
  private key(table: Readonly<Record<string, string>>): string {
    const two = this.text.slice(this.at, this.at + 2)
    const key = Object.hasOwn(table, two) ? two : two.slice(0, 1)
    if (!Object.hasOwn(table, key)) return ''
    this.at += key.length
    return key
  }

  private spent(text: string): string {
    this.work += text.length + 1
    return this.work > MOST_WORK ? fail() : text
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > MOST_DEPTH) fail()
    this.spent('')
    const value = read()
    this.depth--
    return value
  }

  private number(): number {
    const value = Number(this.match(/\d+/y))
    return Number.isSafeInteger(value) ? value : fail()
  }

  private tryRead<T>(read: () => T): T | null {
    const { at, depth, bound } = this
    try {
      return read()
    } catch (error) {
      if (!(error instanceof NotD) || this.work > MOST_WORK) throw error
      Object.assign(this, { at, depth, bound })
      return null
    }
  }

  /** Where a back reference that stands at `at` leads: Q, then the distance in letters, the last of them small. */
  private target(at: number): { to: number; end: number } | null {
    let distance = 0
    for (let next = at + 1; next < this.text.length && distance < this.text.length; next++) {
      const code = this.text.charCodeAt(next)
      const small = code >= 97 && code <= 122
      if (!small && !(code >= 65 && code <= 90)) return null
      distance = distance * 26 + code - (small ? 97 : 65)
      if (small) return distance > 0 && distance <= at ? { to: at - distance, end: next + 1 } : null
    }
    return null
  }

  private mangled(): string {
    this.need('_D')
    const { name, internal } = this.qualified(true)
    if (!internal) this.type()
    return name
  }

  private atName(): boolean {
    if (/\d/.test(this.text.charAt(this.at)) || this.peek('__T') || this.peek('__U')) return true
    const target = this.peek('Q') ? this.target(this.at) : null
    return target !== null && /\d/.test(this.text.charAt(target.to))
  }

  /** Names with dots between; of functions with their parameters. `internal`: it ended in Z, so that no type follows. */
  private qualified(whole: boolean): { name: string; internal: boolean } {
    return this.nested(() => {
      let name = ''
      if (!this.atName()) fail()
      while (this.atName()) {
        while (this.take('0')) if (!this.atName()) fail()
        const part = this.name()
        const made = MADE_FOR.get(part)
        if (whole && made && this.peek('Z') && name !== '') return this.ended(made + name)
        if (/^__S\d+$/.test(part)) continue
        name += (name === '' ? '' : '.') + this.spent(this.called(part)) + this.parametersOf(whole)
      }
      return whole && this.peek('Z') ? this.ended(name) : { name, internal: false }
    })
  }

  private called(part: string): string {
    if (part === '__postblit' && this.take('MFZ')) return 'this(this)'
    return SPECIAL_NAMES.get(part) ?? part
  }

  private ended(name: string): { name: string; internal: boolean } {
    this.need('Z')
    return { name, internal: true }
  }

  /** "(int) const" where a function's type stands here, without the const in arguments of templates; '' and nothing read where another type does. */
  private parametersOf(whole: boolean): string {
    if (!/[MFUWVRY]/.test(this.text.charAt(this.at))) return ''
    const read = this.tryRead(() => {
      const modifiers = this.take('M') ? this.modifiers() : ''
      if (!this.key(LINKAGES)) fail()
      this.attributes()
      return this.parameters() + (whole ? modifiers : '')
    })
    return read ?? ''
  }

  private name(): string {
    if (this.peek('Q')) {
      const target = this.target(this.at) ?? fail()
      this.at = target.to
      const name = this.identifier()
      this.at = target.end
      return name
    }
    return this.peek('__') ? this.template() : this.identifier()
  }

  private identifier(): string {
    const length = this.number()
    const end = this.at + length
    if (length === 0 || end > this.text.length) fail()
    if (length >= 5 && (this.peek('__T') || this.peek('__U'))) {
      const name = this.template()
      return this.at === end ? name : fail()
    }
    const name = this.text.slice(this.at, end)
    this.at = end
    return name
  }

  private template(): string {
    return this.nested(() => {
      if (!this.take('__T')) this.need('__U')
      const name = this.name()
      const values: string[] = []
      while (!this.take('Z')) values.push(this.argument())
      return `${this.spent(SPECIAL_NAMES.get(name) ?? name)}!(${values.join(', ')})`
    })
  }

  private argument(): string {
    this.take('H')
    if (this.take('T')) return this.type()
    if (this.take('V')) {
      const kind = this.kind(this.at)
      return this.value(this.type(), kind)
    }
    if (this.take('S')) return this.aliased()
    this.need('X')
    const length = this.number()
    const text = this.text.slice(this.at, this.at + length)
    this.at += length
    return text.length === length ? this.spent(text) : fail()
  }

  private aliased(): string {
    return this.peek('_D') ? this.mangled() : this.qualified(false).name
  }

  /** First character of a type, where it stands or where it refers back to. */
  private kind(at: number): string {
    for (let from = at, hops = 0; hops < MOST_DEPTH; hops++) {
      if (this.text.charAt(from) !== 'Q') return this.text.charAt(from)
      from = this.target(from)?.to ?? fail()
    }
    return fail()
  }

  private type(): string {
    return this.nested(() => {
      const modifier = this.key(MODIFIERS)
      if (modifier) return `${MODIFIERS[modifier]}(${this.type()})`
      const basic = this.key(BASIC_TYPES)
      if (basic) return this.spent(BASIC_TYPES[basic] ?? '')
      if (this.atFunction()) return this.functionType(' function')
      return this.compound(this.match(/Nh|[AGHPDECSTIBQ]/y))
    })
  }

  private compound(kind: string): string {
    switch (kind) {
      case 'A':
        return `${this.type()}[]`
      case 'Nh':
        return `__vector(${this.type()})`
      case 'G': {
        const size = this.match(/\d+/y)
        return `${this.type()}[${size}]`
      }
      case 'H': {
        const key = this.type()
        return `${this.type()}[${key}]`
      }
      case 'P':
        return this.atFunction() ? this.functionType(' function') : `${this.type()}*`
      case 'D': {
        const modifiers = this.modifiers()
        return (this.peek('Q') ? this.referred(() => this.functionType(' delegate')) : this.functionType(' delegate')) + modifiers
      }
      case 'B':
        return this.tuple()
      case 'Q':
        this.at--
        return this.referred(() => this.type())
      default:
        return this.qualified(false).name
    }
  }

  private tuple(): string {
    const types: string[] = []
    for (let left = this.number(); left > 0; left--) types.push(this.type())
    return `Tuple!(${types.join(', ')})`
  }

  private referred(read: () => string): string {
    const from = this.at
    const target = this.target(from)
    if (!target || from >= this.bound) return fail()
    const bound = this.bound
    this.bound = from
    this.at = target.to
    const text = read()
    this.bound = bound
    this.at = target.end
    return text
  }

  private modifiers(): string {
    let text = ''
    for (let key = this.key(MODIFIERS); key !== ''; key = this.key(MODIFIERS)) text += ` ${MODIFIERS[key]}`
    return text
  }

  private attributes(): string {
    let text = ''
    // Ng, Nh, Nk and Nn begin the first parameter.
    while (this.peek('N') && Object.hasOwn(ATTRIBUTES, this.text.charAt(this.at + 1))) {
      text += ` ${ATTRIBUTES[this.text.charAt(this.at + 1)]}`
      this.at += 2
    }
    return text
  }

  private atFunction(): boolean {
    return Object.hasOwn(LINKAGES, this.text.charAt(this.at))
  }

  /** "extern(C) void(int) pure", and the word that says what points to it. */
  private functionType(word: string): string {
    return this.nested(() => {
      const linkage = LINKAGES[this.key(LINKAGES)] ?? fail()
      const attributes = this.attributes()
      const parameters = this.parameters()
      return `${linkage}${this.type()}${parameters}${attributes}${word}`
    })
  }

  private parameters(): string {
    const all: string[] = []
    for (;;) {
      if (this.take('Z')) return `(${all.join(', ')})`
      if (this.take('X')) return `(${all.join(', ')}...)`
      if (this.take('Y')) return `(${[...all, '...'].join(', ')})`
      all.push(this.parameter())
    }
  }

  private parameter(): string {
    let text = this.take('M') ? 'scope ' : ''
    if (this.take('Nk')) text += 'return '
    if (this.take('I')) text += this.take('K') ? 'in ref ' : 'in '
    else if (this.take('J')) text += 'out '
    else if (this.take('K')) text += 'ref '
    else if (this.take('L')) text += 'lazy '
    return text + this.type()
  }

  /** A value of a template's argument. `type`, `kind`: of the value; unknown within arrays. */
  private value(type: string, kind: string): string {
    return this.nested(() => {
      if (this.take('n')) return 'null'
      if (this.take('N')) return `-${this.integer(kind)}`
      if (this.take('e')) return this.spent(this.real())
      if (this.take('c')) return this.complex()
      if (/[awd]/.test(this.text.charAt(this.at))) return this.spent(this.string())
      if (this.take('A')) return kind === 'H' ? this.pairs() : `[${this.values(this.number()).join(', ')}]`
      if (this.take('S')) return `${type}(${this.values(this.number()).join(', ')})`
      if (this.take('f')) return this.mangled()
      this.take('i')
      return this.integer(kind)
    })
  }

  private values(count: number): string[] {
    const all: string[] = []
    while (all.length < count) all.push(this.value('', ''))
    return all
  }

  private pairs(): string {
    const all: string[] = []
    for (let left = this.number(); left > 0; left--) {
      const key = this.value('', '')
      all.push(`${key}:${this.value('', '')}`)
    }
    return `[${all.join(', ')}]`
  }

  private integer(kind: string): string {
    const digits = this.spent(this.match(/\d+/y))
    if (kind === 'b') return Number(digits) === 0 ? 'false' : 'true'
    if (kind === 'a' || kind === 'u' || kind === 'w') return this.character(Number(digits), kind)
    return digits + (INTEGER_SUFFIXES[kind] ?? '')
  }

  private character(code: number, kind: string): string {
    if (kind === 'a' && code >= 32 && code < 127) return `'${String.fromCharCode(code)}'`
    const [letter, width] = kind === 'a' ? ['x', 2] : kind === 'u' ? ['u', 4] : ['U', 8]
    return `'\\${letter}${code.toString(16).padStart(width, '0')}'`
  }

  /** "0x1.8p+1" of 18P1. */
  private real(): string {
    if (this.take('NAN')) return 'NaN'
    if (this.take('INF')) return 'Inf'
    if (this.take('NINF')) return '-Inf'
    const sign = this.take('N') ? '-' : ''
    const digits = this.match(/[0-9A-F]+/y)
    this.need('P')
    const exponent = (this.take('N') ? '-' : '') + this.match(/\d+/y)
    return `${sign}0x${digits.slice(0, 1)}.${digits.slice(1)}p${exponent}`
  }

  private complex(): string {
    const real = this.real()
    this.need('c')
    return this.spent(`${real}+${this.real()}i`)
  }

  private string(): string {
    const kind = this.match(/[awd]/y)
    const length = this.number()
    this.need('_')
    if (this.at + length * 2 > this.text.length) fail()
    let text = ''
    for (let left = length; left > 0; left--) {
      const hex = this.match(/[0-9a-fA-F]{2}/y)
      const code = Number.parseInt(hex, 16)
      text += ESCAPES[code] ?? (code >= 32 && code < 127 ? String.fromCharCode(code) : `\\x${hex}`)
    }
    return `"${text}"${kind === 'a' ? '' : kind}`
  }
}

/** The name of a symbol of D: "std.stdio.writeln()" of _D3std5stdio7writelnFZv; null where it is none, or is not understood. */
export function demangleD(symbol: string): string | null {
  if (symbol === '_Dmain') return 'D main'
  if (!symbol.startsWith('_D')) return null
  try {
    return new Reader(symbol).symbol()
  } catch (error) {
    if (error instanceof NotD) return null
    throw error
  }
}
