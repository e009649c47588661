// SPDX-License-Identifier: Apache-2.0
// The options of `ptarmigan bundle`, or the sentence why not.
import { fail, ok, type Result } from '../lib/result'
import { noRedaction, type Redaction } from '../share/redaction'
import type { BundleOptions, TypedTime } from './bundle'

export const bundleOptions = {
  output: { type: 'string', short: 'o' },
  link: { type: 'boolean' },
  server: { type: 'string' },
  range: { type: 'string' },
  thread: { type: 'string', multiple: true },
  redact: { type: 'string' },
  source: { type: 'boolean' },
  title: { type: 'string' },
  note: { type: 'string' },
} as const

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

const textOf = (values: Values, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export function parseBundle(values: Values): Result<BundleOptions, string> {
  const out = textOf(values, 'output')
  const wantsLink = values['link'] === true
  if (out === undefined && !wantsLink) return fail('bundle needs a file to write: -o FILE; or --link, which prints a link that holds all of a very small one')
  const page = pageOf(textOf(values, 'server') ?? process.env['PTARMIGAN_SERVER'] ?? 'http://127.0.0.1:4173/')
  if (!page.ok) return page
  const range = parseRange(textOf(values, 'range'))
  if (!range.ok) return range
  const redaction = parseRedaction(textOf(values, 'redact') ?? '')
  if (!redaction.ok) return redaction
  const lists = Array.isArray(values['thread']) ? values['thread'].map(String) : []
  const threads = lists.flatMap((list) => list.split(','))
  const wrong = threads.find((text) => !/^\d{1,10}$/.test(text))
  if (wrong !== undefined) return fail(`--thread ${wrong}: give the number of a thread (TID).`)
  return ok({
    out,
    link: wantsLink ? page.value : null,
    range: range.value,
    threads: threads.length > 0 ? threads.map(Number) : null,
    redaction: redaction.value,
    title: textOf(values, 'title') ?? '',
    note: textOf(values, 'note') ?? '',
    withSources: values['source'] === true,
  })
}

/** The address of the page that the link opens; it ends in a slash. */
function pageOf(text: string): Result<string, string> {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return fail(`--server ${text}: give the address of the page, as https://ptarmigan.example/.`)
  return ok(new URL('.', url).href)
}

const unitDigits: Record<string, number> = { s: 9, ms: 6, us: 3, ns: 0 }

/** 12.5ms since the trace's start; without a unit, seconds of perf's clock. */
function parseTypedTime(text: string): TypedTime | null {
  const match = /^(\d+)(?:\.(\d*))?(s|ms|us|ns)?$/.exec(text.trim())
  if (!match) return null
  const [, whole = '', fraction = '', unit] = match
  const digits = unitDigits[unit ?? 's'] ?? 0
  return { ns: BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0')), absolute: unit === undefined }
}

function parseRange(text: string | undefined): Result<BundleOptions['range'], string> {
  if (text === undefined) return ok(null)
  const [from = '', to = '', ...rest] = text.split(',')
  const start = parseTypedTime(from)
  const end = parseTypedTime(to)
  if (!start || !end || rest.length > 0) return fail(`--range ${text}: give two times, as 12ms,15.5ms or 1234.5,1234.6 (seconds, as perf script prints them).`)
  return ok({ start, end })
}

const redactions: Record<string, Partial<Redaction>> = {
  host: { host: true },
  command: { commandLine: true },
  comms: { comms: true },
  paths: { paths: true },
  symbols: { symbols: 'hash' },
  'no-symbols': { symbols: 'drop' },
  lines: { lines: true },
  addresses: { addresses: true },
  all: { host: true, commandLine: true, comms: true, paths: true, symbols: 'drop', lines: true, addresses: true },
}

function parseRedaction(text: string): Result<Redaction, string> {
  let redaction = noRedaction
  for (const word of text.split(',').filter((part) => part !== '')) {
    const change = Object.hasOwn(redactions, word) ? redactions[word] : undefined
    if (!change) return fail(`--redact ${word}: choose of ${Object.keys(redactions).join(', ')}.`)
    redaction = { ...redaction, ...change }
  }
  return ok(redaction)
}
