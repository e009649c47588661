// SPDX-License-Identifier: Apache-2.0
// The options of the commands that talk to a share server or are one.
import { parseArgs } from 'node:util'
import { fail, ok, type Result } from '../lib/result'
import { parseSpan, type ServeFlags } from '../server/config'
import type { OpenOptions } from './open'
import type { ShareOptions } from './share'

export type ShareCommand =
  | { name: 'serve'; flags: ServeFlags }
  | { name: 'share'; options: ShareOptions }
  | { name: 'unshare'; link: string; token: string }
  | { name: 'open'; options: OpenOptions }
  | { name: 'share-help' }

export const shareUsage = `serve [--port 4173] [--host 127.0.0.1] [--store DIR|s3://BUCKET/PREFIX|off]
          the page and a store for shares; docs/serve.md has all settings
  --max-size 2G, --quota 20G, --max-life 30d   limits of a share, of all, and of its life

share FILE [--server URL] [--expires 7d] [--name TEXT] [--note TEXT] [--json]
          encrypts FILE, uploads it, prints the link and the token that deletes it
          --server: http://127.0.0.1:4173/, or what PTARMIGAN_SERVER says
unshare LINK TOKEN
          deletes a share
open LINK [--out FILE] [--info] [--json]
          fetches and decrypts a share; --info: only says what it is
`

const names = ['serve', 'share', 'unshare', 'open'] as const
export const isShareCommand = (name: string): name is (typeof names)[number] => (names as readonly string[]).includes(name)

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const options = {
  serve: { port: text, host: text, store: text, 'max-size': text, quota: text, 'max-life': text },
  share: { server: text, expires: text, name: text, note: text, json: flag },
  unshare: {},
  open: { out: text, info: flag, json: flag },
} as const

type Values = Record<string, string | boolean | undefined>

export function parseShareCommand(name: (typeof names)[number], words: readonly string[]): Result<ShareCommand, string> {
  let values: Values
  let positionals: string[]
  try {
    const parsed = parseArgs({
      args: [...words],
      options: { ...options[name], help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    })
    values = parsed.values as Values
    positionals = parsed.positionals
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
  if (values['help'] === true) return ok({ name: 'share-help' })
  const wanted = { serve: [], share: ['FILE'], unshare: ['LINK', 'TOKEN'], open: ['LINK'] }[name]
  if (positionals.length !== wanted.length)
    return fail(
      `${[name, ...wanted].join(' ')}: ${positionals.length} were given where ${wanted.length} ${wanted.length === 1 ? 'is' : 'are'} needed.`,
    )
  const [first = '', second = ''] = positionals
  switch (name) {
    case 'serve':
      return ok({ name, flags: serveFlags(values) })
    case 'share':
      return shareOptions(values, first)
    case 'unshare':
      return ok({ name, link: first, token: second })
    case 'open':
      return ok({
        name,
        options: { link: first, out: textOf(values['out']), infoOnly: values['info'] === true, json: values['json'] === true },
      })
  }
}

const textOf = (value: string | boolean | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

function serveFlags(values: Values): ServeFlags {
  const flags: ServeFlags = {}
  const pairs = [
    ['port', 'port'],
    ['host', 'host'],
    ['store', 'store'],
    ['max-size', 'maxSize'],
    ['quota', 'quota'],
    ['max-life', 'maxLife'],
  ] as const
  for (const [option, key] of pairs) {
    const value = textOf(values[option])
    if (value !== undefined) flags[key] = value
  }
  return flags
}

function shareOptions(values: Values, file: string): Result<ShareCommand, string> {
  const lives = parseSpan('--expires', textOf(values['expires']) ?? '7d')
  if (!lives.ok) return lives
  const address = textOf(values['server']) ?? process.env['PTARMIGAN_SERVER'] ?? 'http://127.0.0.1:4173/'
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) return fail(`--server ${address}: an address begins with https://.`)
  const server = new URL(address.endsWith('/') ? address : `${address}/`).href
  const options: ShareOptions = {
    file,
    server,
    lives_s: lives.value,
    name: textOf(values['name']) ?? '',
    note: textOf(values['note']) ?? '',
    json: values['json'] === true,
  }
  return ok({ name: 'share', options })
}
