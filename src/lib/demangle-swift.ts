// SPDX-License-Identifier: Apache-2.0
// Names of Swift 4 and later from their symbols, by Swift's docs/ABI/Mangling.rst, in the
// words of swift-demangle. A part of the language: a symbol that is not understood to its
// end has no name. Operators stand behind what they are of, so that reading is on a stack.
import {
  arrowText, bounded, boundType, contextText, declaredText, fail, functionText, genericsText, itemsText, type Entity, type Extension, type Item,
  type Kind, type Name, type Node, nominalType, NotSwift, type Of, parameterName, plainName, prefixOf, type Said, type Signature, type Type, typeOf, wrapped,
} from './swift-nodes'
import { SwiftText } from './swift-text'
import {
  ACCESSORS, BUILTIN_TYPES, CALLEE_CONVENTIONS, KNOWN_TYPES, KNOWN_TYPES_2, LIFE, METADATA, operatorText, OUTLINED, PARAMETER_CONVENTIONS, REPRESENTATIONS,
  RESULT_CONVENTIONS, THUNKS, VALUE_WITNESSES,
} from './swift-words'

/** Longest symbol that is read, and most parts in it that wait for their operator. */
const MOST_LETTERS = 8000
const MOST_STACK = 500

class Reader extends SwiftText {
  private readonly stack: Node[] = []
  private readonly known: Node[] = []
  /** Of Swift 4.0: labels stand in the types of tuples, not behind the name. */
  private readonly old: boolean

  constructor(text: string, old: boolean) {
    super(text)
    this.old = old
  }

  symbol(): string {
    while (this.at < this.text.length) this.push(this.operator())
    let prefix = ''
    for (let top = this.pop('before'); top; top = this.pop('before')) prefix += top.text
    const node = this.stack.pop()
    if (!node || this.stack.length > 0 || (node.kind !== 'entity' && node.kind !== 'type')) return fail()
    return bounded(prefix + node.text)
  }

  private push(node: Node): void {
    if (this.stack.push(node) > MOST_STACK) fail()
  }

  private pop<K extends Kind>(kind: K): Of<K> | null {
    const top = this.stack.at(-1)
    if (top?.kind !== kind) return null
    this.stack.pop()
    return top as Of<K>
  }

  private need<K extends Kind>(kind: K): Of<K> {
    return this.pop(kind) ?? fail()
  }

  /** Keeps what later parts of the symbol may refer to. */
  private keep<T extends Node>(node: T): T {
    this.known.push(node)
    return node
  }

  private operator(): Node {
    const letter = this.next()
    if (/\d/.test(letter)) {
      this.at--
      return this.keep({ kind: 'identifier', text: this.identifier() })
    }
    switch (letter) {
      case 'A': return this.substitution()
      case 'B': return this.builtin()
      case 'C': case 'O': case 'P': case 'V': case 'a': return this.keep(this.declared(letter))
      case 'D': return this.at === this.text.length ? this.need('type') : fail()
      case 'E': return this.extension()
      case 'F': return this.functionEntity()
      case 'G': return this.keep(this.bound())
      case 'I': return this.implementation()
      case 'K': return { kind: 'throws', text: ' throws' }
      case 'L': return this.localName()
      case 'M': return this.metadata()
      case 'N': return this.about('type metadata for ')
      case 'Q': return this.keepUnlessOpaque()
      case 'R': return this.requirement()
      case 'S': return this.standard()
      case 'T': return this.thunk()
      case 'W': return this.witness()
      case 'X': return this.special()
      case 'Y': return this.annotation()
      case 'Z': return { kind: 'entity', text: `static ${this.need('entity').text}` }
      case '_': return { kind: 'first', text: '' }
      case 'c': return this.functionType('')
      case 'd': return { kind: 'variadic', text: '' }
      case 'f': return this.madeEntity()
      case 'i': return this.subscript()
      case 'l': return this.generics([1])
      case 'm': return this.metatype()
      case 'h': case 'n': return this.marked(letter === 'h' ? '__shared' : '__owned')
      case 'o': return this.operatorName()
      case 'p': return this.existential()
      case 'q': return typeOf(this.parameterIndex())
      case 'r': return this.generics(this.counts())
      case 's': return { kind: 'module', text: 'Swift' }
      case 't': return this.tuple()
      case 'u': return this.genericType()
      case 'v': return this.variable()
      case 'w': return this.valueWitness()
      case 'x': return typeOf('A')
      case 'y': return { kind: 'empty', text: '' }
      case 'z': return this.marked('inout')
      default: return fail()
    }
  }

  private substitution(): Node {
    for (;;) {
      const times = this.natural()
      const letter = this.next()
      if (letter === '_') return this.known[times === null ? 26 : times + 27] ?? fail()
      const node = /[a-zA-Z]/.test(letter) ? this.known[letter.toLowerCase().charCodeAt(0) - 97] : undefined
      if (!node) return fail()
      this.repeat(node, (times ?? 1) - (letter <= 'Z' ? 1 : 0))
      if (letter <= 'Z') return node
    }
  }

  private repeat(node: Node, times: number): void {
    if (times < 0 || times > MOST_STACK) fail()
    for (let left = times; left > 0; left--) this.push(node)
  }

  private standard(): Node {
    if (this.take('o')) return { kind: 'module', text: '__C' }
    if (this.take('C')) return { kind: 'module', text: '__C_Synthesized' }
    if (this.take('g')) return this.keep(this.optional(this.need('type')))
    const times = this.natural() ?? 1
    const letter = this.next()
    const found = letter === 'c' && !this.old ? KNOWN_TYPES_2.get(this.next()) : KNOWN_TYPES.get(letter)
    const type = this.knownType(found?.letter ?? fail(), found?.name ?? fail())
    this.repeat(type, times - 1)
    return type
  }

  private knownType(letter: string, name: string): Type {
    return nominalType({ letter, context: { kind: 'module', text: 'Swift' }, name, local: false, arguments: [] })
  }

  private optional(type: Type): Type {
    return boundType(this.knownType('O', 'Optional'), [[type]])
  }

  private builtin(): Type {
    const letter = this.next()
    if (letter === 'i' || letter === 'f') return typeOf(`Builtin.${letter === 'i' ? 'Int' : 'FPIEEE'}${this.index() - 1}`)
    return typeOf(`Builtin.${BUILTIN_TYPES.get(letter) ?? fail()}`)
  }

  private name(): Name {
    return this.pop('name') ?? plainName(this.need('identifier').text)
  }

  private module(): Node | null {
    const identifier = this.pop('identifier')
    return identifier ? { kind: 'module', text: identifier.text } : this.pop('module')
  }

  private context(): Node {
    const module = this.module()
    if (module) return module
    const type = this.pop('type')
    if (type) return type.nominal && type.nominal.arguments.length === 0 ? type : fail()
    return this.pop('extension') ?? this.need('entity')
  }

  private declared(letter: string): Type {
    const { text, local } = this.name()
    return nominalType({ letter, context: this.context(), name: text, local, arguments: [] })
  }

  private extension(): Extension {
    const generics = this.pop('generics')?.text ?? ''
    const module = this.module()?.text ?? fail()
    const type = this.need('type')
    if (!type.nominal || type.nominal.arguments.length > 0) fail()
    return { kind: 'extension', text: '', module, type, generics }
  }

  private localName(): Name | Said {
    if (this.take('l')) return { kind: 'private', text: this.need('identifier').text }
    if (this.take('L')) {
      const file = this.need('identifier').text
      return plainName(`(${this.name().text} in ${file})`)
    }
    const number = this.index() + 1
    return { ...plainName(`${this.name().text} #${number}`), local: true }
  }

  private operatorName(): Name {
    const fixity = new Map([['i', 'infix'], ['p', 'prefix'], ['P', 'postfix']]).get(this.next()) ?? fail()
    return plainName(`${operatorText(this.need('identifier').text) ?? fail()} ${fixity}`)
  }

  private marked(word: string): Type {
    return typeOf(`${word} ${this.need('type').text}`, { simple: false })
  }

  private annotation(): Node {
    switch (this.next()) {
      case 'a': return { kind: 'async', text: '' }
      case 'b': return { kind: 'sendable', text: '' }
      case 'c': return { kind: 'actor', text: this.need('type').text }
      case 'K': return { kind: 'throws', text: ` throws(${this.need('type').text})` }
      case 'i': return this.marked('isolated')
      case 't': return this.marked('_const')
      default: return fail()
    }
  }

  private signature(before: string): Signature {
    const actor = this.pop('actor')
    const throwing = this.pop('throws')?.text ?? ''
    const sendable = this.pop('sendable') ? '@Sendable ' : ''
    const effects = (this.pop('async') ? ' async' : '') + throwing
    const given = this.pop('empty') ? null : this.need('type')
    const items = given ? (given.items ?? [{ label: '', type: given.text, variadic: false }]) : []
    const result = this.pop('empty') ? '()' : this.need('type').text
    return { items, before: before + (actor ? `@${actor.text} ` : '') + sendable, effects, result, generics: '' }
  }

  private functionType(before: string): Type {
    const signature = this.signature(before)
    return typeOf(functionText(signature), { simple: false, signature })
  }

  private genericType(): Type {
    const generics = this.need('generics').text
    const { signature } = this.need('type')
    if (!signature) return fail()
    const generic = { ...signature, generics }
    return typeOf(functionText(generic), { simple: false, signature: generic })
  }

  /** With the labels that stand before the type. */
  private labelled(signature: Signature): Signature {
    if (this.old || signature.items.length === 0 || this.pop('empty')) return signature
    const items = signature.items.toReversed().map((item) => ({ ...item, label: this.pop('first') ? '_' : this.need('identifier').text }))
    return { ...signature, items: items.reverse() }
  }

  private functionEntity(): Entity {
    const generics = this.pop('generics')?.text ?? ''
    const signature = this.labelled(this.signature(''))
    if (signature.before !== '' && generics !== '') fail()
    const name = this.name()
    return this.entity(declaredText(this.context(), name, generics + signature.before + arrowText(signature)))
  }

  private entity(text: string): Entity {
    return { kind: 'entity', text: bounded(text) }
  }

  private about(words: string): Entity {
    return this.entity(words + this.need('type').text)
  }

  private initializer(allocates: boolean): Entity {
    const file = this.pop('private')
    const signature = this.labelled(this.need('type').signature ?? fail())
    const context = this.context()
    const ofClass = context.kind === 'type' && context.nominal?.letter === 'C'
    const name = `${file ? `(in ${file.text}).` : ''}${allocates && ofClass ? '__allocating_init' : 'init'}`
    return this.entity(declaredText(context, plainName(name), signature.generics + arrowText(signature)))
  }

  private madeEntity(): Entity {
    const letter = this.next()
    switch (letter) {
      case 'C': case 'c': return this.initializer(letter === 'C')
      case 'D': case 'd': case 'E': case 'e': return this.entity(declaredText(this.context(), plainName(LIFE.get(letter) ?? fail()), ''))
      case 'i': return this.entity(`variable initialization expression of ${this.need('entity').text}`)
      case 'P': return this.entity(`property wrapper backing initializer of ${this.need('entity').text}`)
      case 'A': return this.entity(`default argument ${this.index()} of ${this.need('entity').text}`)
      case 'U': case 'u': {
        const name = `${letter === 'u' ? 'implicit ' : ''}closure #${this.index() + 1} ${this.need('type').text}`
        return this.entity(`${name} in ${contextText(this.context())}`)
      }
      default: return fail()
    }
  }

  private accessor(): string {
    const letter = this.next()
    return ACCESSORS.get(letter === 'a' || letter === 'l' ? letter + this.next() : letter) ?? fail()
  }

  private subscript(): Entity {
    const signature = this.labelled(this.need('type').signature ?? fail())
    const accessor = this.accessor()
    const tail = signature.generics + arrowText(signature)
    return this.entity(declaredText(this.context(), plainName('subscript'), accessor === '' ? tail : `${accessor} : ${tail}`))
  }

  private variable(): Entity {
    const accessor = this.accessor()
    const type = this.need('type')
    if (!this.old && type.signature && type.signature.items.length > 0) this.need('empty')
    const name = this.name()
    return name.local ? fail() : this.entity(declaredText(this.context(), name, `${accessor} : ${type.text}`))
  }

  /** "A.Element" where something of that name is of the parameter. */
  private associated(): string {
    const type = this.pop('type')
    if (type && !type.protocols) fail()
    return `${type ? `${type.text}.` : ''}${this.need('identifier').text}`
  }

  private associatedPath(): string {
    const path: string[] = []
    for (let first = false; !first; ) {
      first = this.pop('first') !== null
      path.unshift(this.associated())
    }
    return path.join('.')
  }

  private keepUnlessOpaque(): Type {
    return this.take('r') ? typeOf('some') : this.keep(this.archetype(this.next()))
  }

  private archetype(letter: string): Type {
    switch (letter) {
      case 'y': return typeOf(`${this.parameterIndex()}.${this.associated()}`)
      case 'z': return typeOf(`A.${this.associated()}`)
      case 'Y': return typeOf(`${this.parameterIndex()}.${this.associatedPath()}`)
      case 'Z': return typeOf(`A.${this.associatedPath()}`)
      default: return fail()
    }
  }

  private parameterIndex(): string {
    if (this.take('z')) return parameterName(0, 0)
    if (!this.take('d')) return parameterName(0, this.index() + 1)
    const depth = this.index() + 1
    return parameterName(depth, this.index())
  }

  private counts(): number[] {
    const counts: number[] = []
    while (!this.take('l')) counts.push(this.take('z') ? 0 : this.index() + 1)
    return counts
  }

  private generics(counts: readonly number[]): Said {
    const requirements: string[] = []
    for (let one = this.pop('requirement'); one; one = this.pop('requirement')) requirements.unshift(one.text)
    return { kind: 'generics', text: genericsText(counts, requirements) }
  }

  /** The subject of a requirement, by the letter of its form: one of a protocol, a class or a type. */
  private subject(forms: string, letter: string): string | null {
    switch (forms.indexOf(letter)) {
      case 0: return this.parameterIndex()
      case 1: {
        const name = this.associated()
        return this.keep(typeOf(`${this.parameterIndex()}.${name}`)).text
      }
      case 2: {
        const path = this.associatedPath()
        return this.keep(typeOf(`${this.parameterIndex()}.${path}`)).text
      }
      case 3: return this.need('type').text
      default: return null
    }
  }

  private requirement(): Said {
    const letter = this.next()
    if (letter === 'i') {
      const absent = ['Copyable', 'Escapable'][this.index()] ?? fail()
      return this.required(`${this.parameterIndex()}: ~Swift.${absent}`)
    }
    const equal = this.subject('stTS', letter)
    if (equal !== null) return this.required(`${equal} == ${this.need('type').text}`)
    const base = this.subject('bcCB', letter)
    if (base !== null) return this.required(`${base}: ${this.need('type').text}`)
    const layout = this.subject('lmML', letter)
    if (layout !== null) return this.take('C') ? this.required(`${layout}: AnyObject`) : fail()
    const conforming = this.subject('-pPQ', letter)
    if (conforming !== null) return this.required(`${conforming}: ${this.protocol()}`)
    if (!/[\d_dz]/.test(letter)) fail()
    this.at--
    const subject = this.parameterIndex()
    return this.required(`${subject}: ${this.protocol()}`)
  }

  private required(text: string): Said {
    return { kind: 'requirement', text: bounded(text) }
  }

  private protocol(): string {
    const type = this.pop('type')
    if (type) return type.nominal?.letter === 'P' ? type.text : fail()
    const { text } = this.name()
    return (prefixOf(this.context()) ?? fail()) + text
  }

  private protocols(): string[] {
    const all: string[] = []
    if (this.pop('empty')) return all
    for (let first = false; !first; ) {
      first = this.pop('first') !== null
      all.unshift(this.protocol())
    }
    return all
  }

  private existential(): Type {
    const all = this.protocols()
    return typeOf(all.length > 0 ? all.join(' & ') : 'Any', { simple: all.length <= 1, protocols: true })
  }

  private metatype(): Type {
    const type = this.need('type')
    return typeOf(`${wrapped(type)}${type.protocols ? '.Protocol' : '.Type'}`)
  }

  private tuple(): Type {
    const items: Item[] = []
    for (let first = this.pop('empty') !== null; !first; ) {
      first = this.pop('first') !== null
      const variadic = this.pop('variadic') !== null
      const label = this.pop('identifier')?.text ?? ''
      items.unshift({ label, variadic, type: this.need('type').text })
    }
    return typeOf(itemsText(items), { items })
  }

  private bound(): Type {
    const lists: Type[][] = []
    for (let last = false; !last; ) {
      const list: Type[] = []
      for (let type = this.pop('type'); type; type = this.pop('type')) list.unshift(type)
      lists.push(list)
      last = this.pop('empty') !== null
      if (!last) this.need('first')
    }
    const type = this.need('type')
    return type.nominal && type.nominal.arguments.length === 0 ? boundType(type, lists) : fail()
  }

  private special(): Type {
    switch (this.next()) {
      case 'A': case 'K': return this.functionType('@autoclosure ')
      case 'B': return this.functionType('@convention(block) ')
      case 'C': return this.functionType('@convention(c) ')
      case 'D': return this.need('type') && typeOf('Self')
      case 'E': return this.functionType('')
      case 'f': return this.functionType('@convention(thin) ')
      case 'l': return typeOf([...this.protocols(), 'Swift.AnyObject'].join(' & '), { simple: false, protocols: true })
      case 'o': return this.marked('unowned')
      case 'p': return typeOf(`${wrapped(this.need('type'))}.Type`)
      case 'w': return this.marked('weak')
      default: return fail()
    }
  }

  private conformance(): string {
    const generics = this.pop('generics')
    const module = this.module()?.text ?? fail()
    const protocol = this.protocol()
    return `${generics ? `${generics.text} ` : ''}${this.need('type').text} : ${protocol} in ${module}`
  }

  private metadata(): Entity {
    const letter = this.next()
    if (letter === 'c') return this.entity(`protocol conformance descriptor for ${this.conformance()}`)
    if (letter === 'p') return this.entity(`protocol descriptor for ${this.protocol()}`)
    return this.about(METADATA.get(letter) ?? fail())
  }

  private valueWitness(): Entity {
    const name = VALUE_WITNESSES.get(this.next() + this.next()) ?? fail()
    return this.about(`${name} value witness for `)
  }

  private witness(): Entity {
    switch (this.next()) {
      case 'C': return this.entity(`enum case for ${this.need('entity').text}`)
      case 'O': return this.about(`outlined ${OUTLINED.get(this.next()) ?? fail()} of `)
      case 'P': return this.entity(`protocol witness table for ${this.conformance()}`)
      case 'V': return this.about('value witness table for ')
      case 'a': return this.entity(`protocol witness table accessor for ${this.conformance()}`)
      case 'l': {
        const conformance = this.conformance()
        return this.entity(`lazy protocol witness table accessor for type ${this.need('type').text} and conformance ${conformance}`)
      }
      default: return fail()
    }
  }

  private thunk(): Node {
    const letter = this.next()
    switch (letter) {
      case 'W': {
        const entity = this.need('entity').text
        return this.entity(`protocol witness for ${entity} in conformance ${this.conformance()}`)
      }
      case 'R': case 'r': return this.reabstraction(letter === 'R' ? 'thunk helper' : 'thunk')
      case 'Q': case 'Y': return { kind: 'before', text: `(${this.index()}) ${letter === 'Q' ? 'await' : 'suspend'} resume partial function for ` }
      case 'g': case 'B': return this.specialization('generic specialization')
      case 'G': return this.specialization('generic not re-abstracted specialization')
      case 'i': return this.specialization('inlined generic function')
      case 'f': return this.signatureSpecialization()
      default: return { kind: 'before', text: THUNKS.get(letter) ?? fail() }
    }
  }

  private reabstraction(words: string): Entity {
    const generics = this.pop('generics')
    const to = this.need('type').text
    return this.entity(`reabstraction ${words} ${generics ? `${generics.text} ` : ''}from ${this.need('type').text} to ${to}`)
  }

  private specialization(words: string): Said {
    const serialized = this.serialized()
    const types: string[] = []
    for (let first = false; !first; ) {
      first = this.pop('first') !== null
      types.unshift(this.need('type').text)
    }
    return { kind: 'before', text: bounded(`${words} <${[...serialized, ...types].join(', ')}> of `) }
  }

  private signatureSpecialization(): Said {
    const all = this.serialized()
    for (let argument = 0; !this.take('_'); argument++) {
      const words = this.argumentSpecialization()
      if (words !== '') all.push(`Arg[${argument}] = ${words}`)
    }
    if (!this.take('n') || all.length === 0) fail()
    return { kind: 'before', text: bounded(`function signature specialization <${all.join(', ')}> of `) }
  }

  /** A function's type as it is compiled: "@callee_guaranteed (@in A) -> (@out B)". */
  private implementation(): Type {
    const words = this.take('e') ? ['@escaping'] : []
    words.push(CALLEE_CONVENTIONS.get(this.next()) ?? fail())
    for (const table of [REPRESENTATIONS, new Map([['A', '@yield_once']]), new Map([['h', '@Sendable']]), new Map([['H', '@async']])]) {
      const word = table.get(this.text.charAt(this.at))
      if (word !== undefined && this.at++) words.push(word)
    }
    const given = this.conventions(PARAMETER_CONVENTIONS)
    const results = this.conventions(RESULT_CONVENTIONS)
    if (this.take('z')) results.push(`@error ${RESULT_CONVENTIONS.get(this.next()) ?? fail()}`)
    if (!this.take('_')) fail()
    const generics = this.pop('generics')
    const ofResults = this.conventionTypes(results)
    const ofGiven = this.conventionTypes(given)
    const text = `${words.join(' ')} ${generics ? `${generics.text} ` : ''}(${ofGiven}) -> (${ofResults})`
    return typeOf(text, { simple: false })
  }

  private conventionTypes(words: readonly string[]): string {
    return words.toReversed().map((word) => `${word} ${this.need('type').text}`).reverse().join(', ')
  }
}

/** The name of a symbol of Swift: "main.foo() -> ()" of $s4main3fooyyF; null where it is none, or is not understood. */
export function demangleSwift(symbol: string): string | null {
  const prefix = symbol.length > MOST_LETTERS ? undefined : /^(?:_?\$[sS]|_T0)/.exec(symbol)?.[0]
  if (prefix === undefined) return null
  const dot = symbol.indexOf('.')
  const mangled = symbol.slice(prefix.length, dot < 0 ? undefined : dot)
  try {
    const name = new Reader(mangled, prefix === '_T0').symbol()
    return dot < 0 ? name : `${name} with unmangled suffix "${symbol.slice(dot)}"`
  } catch (error) {
    if (error instanceof NotSwift) return null
    throw error
  }
}
