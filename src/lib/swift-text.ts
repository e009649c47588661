// SPDX-License-Identifier: Apache-2.0
// The characters of a Swift symbol: numbers, identifiers with the words that they refer
// to, letters that stand for words. Reads forward; a symbol that is none is an error.
import { bounded, fail } from './swift-nodes'
import { punycode, wordsOf } from './swift-words'

export class SwiftText {
  protected at = 0
  protected readonly text: string
  private readonly words: string[] = []

  constructor(text: string) {
    this.text = text
  }

  protected next(): string {
    return this.text.charAt(this.at++) || fail()
  }

  protected take(character: string): boolean {
    if (this.text.charAt(this.at) !== character) return false
    this.at++
    return true
  }

  protected natural(): number | null {
    const digits = /^\d+/.exec(this.text.slice(this.at, this.at + 7))?.[0]
    if (digits === undefined) return null
    this.at += digits.length
    return Number(digits)
  }

  protected index(): number {
    const value = this.natural()
    if (!this.take('_')) fail()
    return value === null ? 0 : value + 1
  }

  /** "3foo"; "02MyaB": with the first and second word that were read; "00" and Punycode. */
  protected identifier(): string {
    if (!this.take('0')) return this.literal()
    if (this.take('0')) return this.punycoded()
    let text = ''
    for (let more = true; more; ) {
      for (let letter = this.text.charAt(this.at); more && /[a-zA-Z]/.test(letter); letter = this.text.charAt(this.at)) {
        this.at++
        more = letter >= 'a'
        text += this.words[letter.toLowerCase().charCodeAt(0) - 97] ?? fail()
      }
      if (this.take('0')) break
      text += this.literal()
    }
    return bounded(text)
  }

  private slice(length: number): string {
    this.at += length
    const text = this.text.slice(this.at - length, this.at)
    return length > 0 && text.length === length ? text : fail()
  }

  private literal(): string {
    const text = this.slice(this.natural() ?? fail())
    this.words.push(...wordsOf(text).slice(0, 26 - this.words.length))
    return text
  }

  private punycoded(): string {
    const length = this.natural() ?? fail()
    this.take('_')
    return punycode(this.slice(length)) ?? fail()
  }

  protected serialized(): string[] {
    const serialized = this.take('q') ? ['serialized'] : []
    return /\d/.test(this.next()) ? serialized : fail()
  }

  /** What was done with an argument of a function that was specialized; '' where nothing was. */
  protected argumentSpecialization(): string {
    switch (this.next()) {
      case 'n': return ''
      case 'd': return `Dead${this.take('G') ? ' and Owned To Guaranteed' : ''}${this.take('X') ? ' and Exploded' : ''}`
      case 'g': return `Owned To Guaranteed${this.take('X') ? ' and Exploded' : ''}`
      case 'x': return 'Exploded'
      case 'i': return 'Value Promoted from Box'
      default: return fail()
    }
  }

  /** Words of the table, one for each letter, while there are such. */
  protected conventions(table: ReadonlyMap<string, string>): string[] {
    const words: string[] = []
    for (let word = table.get(this.text.charAt(this.at)); word !== undefined; word = table.get(this.text.charAt(this.at))) {
      words.push(word)
      this.at++
    }
    return words
  }
}
