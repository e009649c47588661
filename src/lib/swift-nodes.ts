// SPDX-License-Identifier: Apache-2.0
// What the parts of a Swift symbol are while it is read, and how each is written.

/** Most characters of a name: references let a short symbol grow without end. */
const MOST_TEXT = 4000

/** A parameter or an element of a tuple; '' where it has no label. */
export type Item = { label: string; type: string; variadic: boolean }
/** `generics`: "<A where A: P>" of a generic type. */
export type Signature = { items: readonly Item[]; before: string; effects: string; result: string; generics: string }
export type Nominal = { letter: string; context: Node; name: string; local: boolean; arguments: readonly string[] }
/** `simple`: it needs no parentheses before "?" or ".Type". */
export type Type = { kind: 'type'; text: string; simple: boolean; signature?: Signature; items?: readonly Item[]; nominal?: Nominal; protocols?: boolean }
export type Entity = { kind: 'entity'; text: string }
export type Extension = { kind: 'extension'; text: ''; module: string; type: Type; generics: string }
export type Name = { kind: 'name'; text: string; local: boolean }
export type Mark = { kind: 'empty' | 'first' | 'variadic' | 'async' | 'sendable'; text: '' }
export type Said = { kind: 'identifier' | 'module' | 'before' | 'requirement' | 'generics' | 'throws' | 'actor' | 'private'; text: string }
export type Node = Type | Entity | Extension | Name | Mark | Said
export type Kind = Node['kind']
export type Of<K extends Kind> = Node & { kind: K }

export class NotSwift extends Error {}

export const fail = (): never => {
  throw new NotSwift()
}

export const bounded = (text: string): string => (text.length > MOST_TEXT ? fail() : text)

export const typeOf = (text: string, more: Partial<Type> = {}): Type => ({ kind: 'type', text: bounded(text), simple: true, ...more })

export const wrapped = (type: Type): string => (type.simple ? type.text : `(${type.text})`)

export const itemText = ({ label, type, variadic }: Item): string => `${label === '' ? '' : `${label}: `}${type}${variadic ? '...' : ''}`

export const itemsText = (items: readonly Item[]): string => `(${items.map(itemText).join(', ')})`

export const arrowText = ({ items, effects, result }: Signature): string => `${itemsText(items)}${effects} -> ${result}`

export const functionText = (signature: Signature): string => `${signature.before}${signature.generics}${arrowText(signature)}`

/** Name of a parameter of generics: A, B .. Z, AB; those of inner ones with their depth: A1. */
export function parameterName(depth: number, index: number): string {
  if (depth > 99 || index > 9999) fail()
  let name = ''
  let left = index
  do {
    name += String.fromCharCode(65 + (left % 26))
    left = Math.floor(left / 26)
  } while (left > 0)
  return depth > 0 ? name + depth : name
}

/** "<A, B where A: P>": how many parameters each depth has, and what is required of them. */
export function genericsText(counts: readonly number[], requirements: readonly string[]): string {
  if (counts.length + requirements.length === 0 || counts.length > 20 || counts.some((count) => count > 20)) fail()
  const names = counts.map((count, depth) => Array.from({ length: count }, (_, at) => parameterName(depth, at)).join(', '))
  return bounded(`<${names.join('><')}${requirements.length > 0 ? ` where ${requirements.join(', ')}` : ''}>`)
}

/** What stands before the name of what is in a context, "main.Klass."; null where it is said behind: "in main.f() -> ()". */
export function prefixOf(context: Node): string | null {
  if (context.kind === 'module') return `${context.text}.`
  if (context.kind === 'extension') return `${extensionText(context)}.`
  const nominal = context.kind === 'type' ? context.nominal : undefined
  return nominal && !nominal.local ? `${(context as Type).text}.` : null
}

export const extensionText = ({ module, type, generics }: Extension): string => `(extension in ${module}):${type.text}${generics}`

export const contextText = (context: Node): string => (context.kind === 'extension' ? extensionText(context) : context.text)

export function nominalType(nominal: Nominal): Type {
  const { context, name, local } = nominal
  const prefix = local ? null : prefixOf(context)
  const plain = prefix === null ? `${name} in ${contextText(context)}` : prefix + name
  if (prefix === null && nominal.arguments.length > 0) fail()
  const text = plain + (nominal.arguments.length > 0 ? `<${nominal.arguments.join(', ')}>` : '')
  return typeOf(text, { nominal, protocols: nominal.letter === 'P' })
}

/** What is declared in a context: `tail` stands behind its name. */
export function declaredText(context: Node, name: Name, tail: string): string {
  const prefix = name.local ? null : prefixOf(context)
  if (prefix !== null) return prefix + name.text + tail
  return `${name.text}${name.local && tail !== '' ? ' ' : ''}${tail} in ${contextText(context)}`
}

export const plainName = (text: string): Name => ({ kind: 'name', text, local: false })

/** Optional, arrays and dictionaries as they are written; null of other types. */
export function shortText(name: string, given: readonly Type[]): string | null {
  const [first, second] = given
  if (name === 'Swift.Optional' && first && given.length === 1) return `${wrapped(first)}?`
  if (name === 'Swift.Array' && first && given.length === 1) return `[${first.text}]`
  return name === 'Swift.Dictionary' && first && second && given.length === 2 ? `[${first.text} : ${second.text}]` : null
}

/** A type with the arguments of it (the first list) and of the types that it is in. */
export function boundType(type: Type, lists: readonly (readonly Type[])[]): Type {
  const nominal = type.nominal ?? fail()
  const [given = [], ...outer] = lists
  if (lists.every((list) => list.length === 0)) fail()
  // A protocol's argument is the type that conforms: said in other words.
  if (nominal.letter === 'P' && given.length > 0) fail()
  const context = outer.some((list) => list.length > 0) ? boundContext(nominal.context, outer) : nominal.context
  const bound = nominalType({ ...nominal, context, arguments: given.map(({ text }) => text) })
  const short = shortText(type.text, given)
  return short === null ? bound : { ...bound, text: bounded(short) }
}

export function boundContext(context: Node, lists: readonly (readonly Type[])[]): Node {
  if (context.kind === 'extension') return { ...context, type: boundType(context.type, lists) }
  return context.kind === 'type' ? boundType(context, lists) : fail()
}
