// SPDX-License-Identifier: Apache-2.0
// How views write their settings as short texts (view-state's details): what
// is unknown, of a newer build or broken reads as the way the view begins.

export type Codec<Value> = { parse(text: string): Value; format(value: Value): string }

/** Off at first. */
export const yesOrNo: Codec<boolean> = { parse: (text) => text === '1', format: (on) => (on ? '1' : '') }

/** Any text; empty at first. */
export const plainText: Codec<string> = { parse: (text) => text, format: (text) => text }

/** One of a few words; the first is how it begins. */
export function oneOf<Word extends string>(first: Word, ...others: readonly Word[]): Codec<Word> {
  return {
    parse: (text) => others.find((word) => word === text) ?? first,
    format: (word) => (word === first ? '' : word),
  }
}

/** Some of the known words; `first` says which it begins with: screens differ. An empty choice is written as "-". */
export function someOf<Word extends string>(known: readonly Word[], first: () => ReadonlySet<Word>): Codec<ReadonlySet<Word>> {
  return {
    parse: (text) => {
      const named = new Set(text.split(','))
      const words = known.filter((word) => named.has(word))
      return text === '' || (words.length === 0 && text !== '-') ? first() : new Set(words)
    },
    format: (words) => known.filter((word) => words.has(word)).join(',') || (first().size === 0 ? '' : '-'),
  }
}

type Order<Column extends string> = { column: Column; direction: 'ascending' | 'descending' }

/** A column and a direction: "ipc" descends, "ipc.up" ascends. */
export function orderBy<Column extends string>(columns: readonly Column[], first: Column): Codec<Order<Column>> {
  return {
    parse: (text) => {
      const [name, up] = text.split('.')
      const column = columns.find((one) => one === name)
      return column === undefined ? { column: first, direction: 'descending' } : { column, direction: up === 'up' ? 'ascending' : 'descending' }
    },
    format: ({ column, direction }) => (column === first && direction === 'descending' ? '' : `${column}${direction === 'ascending' ? '.up' : ''}`),
  }
}
