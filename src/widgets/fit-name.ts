// SPDX-License-Identifier: Apache-2.0
// Function names in little room: first the arguments go, then template
// arguments, then the outer scopes; only then the end is cut.

const MOST_KNOWN = 4096

/** Name without what follows it in parentheses: "f(int) const" is "f". "(anonymous namespace)::f" stays. */
function withoutArguments(name: string): string {
  const end = name.lastIndexOf(')')
  if (end < 0 || !/^( (const|volatile|&|&&|noexcept|\[.*\]))*$/.test(name.slice(end + 1))) return name
  let depth = 0
  for (let at = end; at > 0; at--) {
    if (name[at] === ')') depth++
    else if (name[at] === '(' && --depth === 0) return name.slice(0, at)
  }
  return name
}

function withoutTemplates(name: string): string {
  let depth = 0
  let text = ''
  for (const glyph of name) {
    if (glyph === '<') depth++
    if (depth === 0) text += glyph
    if (glyph === '>' && depth > 0) depth--
  }
  return depth === 0 ? text : name
}

/** Parts between "::" that are not inside brackets. */
function scopes(name: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < name.length; at++) {
    const glyph = name[at]
    if (glyph === '(' || glyph === '<') depth++
    else if (glyph === ')' || glyph === '>') depth--
    else if (glyph === ':' && name[at + 1] === ':' && depth === 0) {
      parts.push(name.slice(from, at))
      from = at + 2
      at++
    }
  }
  return [...parts, name.slice(from)]
}

function shorter(name: string): string[] {
  // Brackets are part of the name of an operator.
  if (/\boperator\b/.test(name)) return [name]
  const bare = withoutArguments(name)
  const plain = withoutTemplates(bare)
  const parts = scopes(plain)
  return [name, bare, plain, ...parts.map((_, skip) => parts.slice(skip).join('::')).slice(1)].filter((form) => form !== '')
}

const known = new Map<string, string[]>()

/** The longest form of `name` in `room` characters; '' when not even two fit. */
export function fitName(name: string, room: number): string {
  if (name.length <= room) return name
  if (room < 2) return ''
  let forms = known.get(name)
  if (!forms) {
    if (known.size >= MOST_KNOWN) known.clear()
    forms = shorter(name)
    known.set(name, forms)
  }
  const fitting = forms.find((form) => form.length <= room)
  return fitting ?? `${(forms[forms.length - 1] ?? name).slice(0, room - 1)}…`
}
