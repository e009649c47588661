// SPDX-License-Identifier: Apache-2.0
// The server's settings from options and environment variables (docs/serve.md
// lists them), each checked, each failure a sentence that names the setting.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fail, ok, type Result } from '../lib/result'
import type { Rates } from './app'
import { parseProxies, type ProxyTrust, type SignIn } from './clients'
import { openUrlSources } from './headers'
import { FolderStore } from './folder-store'
import { parseRate } from './limits'
import { S3Store } from './s3-store'
import { defaultLimits, type ShareLimits } from './shares'
import type { ShareStore } from './store'

export type ServeSettings = {
  host: string
  port: number
  /** The port was asked for: no other will do. */
  portIsFixed: boolean
  store: ShareStore | null
  limits: ShareLimits
  rates: Rates
  trust: ProxyTrust
  signIn: SignIn | null
  readers: string
  /** Where the page may read traces from by their address, as the content security policy says it. */
  openFrom: readonly string[]
  metricsToken: string | null
  mostUploads: number
}

/** Options of the command line; they go before the environment. */
export type ServeFlags = { host?: string; port?: string; store?: string; maxSize?: string; quota?: string; maxLife?: string }

export type Environment = Readonly<Record<string, string | undefined>>

const DEFAULT_PORT = 4173

const powers: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** "500M", "2G": bytes. */
export function parseSize(name: string, text: string): Result<number, string> {
  const [, count, unit = ''] = /^(\d{1,6}(?:\.\d)?)([kmgt]?)b?$/i.exec(text) ?? []
  const bytes = Math.round(Number(count) * (powers[unit.toLowerCase()] ?? Number.NaN))
  return bytes > 0 ? ok(bytes) : fail(`${name}: "${text}" is no size: write it as 500M or 2G.`)
}

const spans: Record<string, number> = { m: 60, h: 3600, d: 86_400, w: 7 * 86_400 }

/** "12h", "7d": seconds. */
export function parseSpan(name: string, text: string): Result<number, string> {
  const [, count, unit = ''] = /^(\d{1,5})([mhdw])$/.exec(text) ?? []
  const seconds = Number(count) * (spans[unit] ?? Number.NaN)
  return seconds > 0 ? ok(seconds) : fail(`${name}: "${text}" is no span of time: write it as 12h or 7d (m, h, d, w).`)
}

/** Thrown while settings are read, and caught below: the first that is wrong is told. */
class Wrong extends Error {}

function must<Value>(result: Result<Value, string>, name?: string): Value {
  if (result.ok) return result.value
  throw new Wrong(name === undefined ? result.error : `${name}: ${result.error}`)
}

export function readSettings(flags: ServeFlags, environment: Environment, directory = process.cwd()): Result<ServeSettings, string> {
  try {
    return ok(settings(flags, environment, directory))
  } catch (error) {
    if (error instanceof Wrong) return fail(error.message)
    throw error
  }
}

function settings(flags: ServeFlags, environment: Environment, directory: string): ServeSettings {
  const port = flags.port ?? environment['PORT']
  const trust = must(parseProxies(environment['PTARMIGAN_PROXIES'] ?? ''), 'PTARMIGAN_PROXIES')
  return {
    host: flags.host ?? environment['HOST'] ?? '127.0.0.1',
    port: port === undefined ? DEFAULT_PORT : portOf(port),
    portIsFixed: port !== undefined,
    store: storeOf(flags.store ?? environment['PTARMIGAN_STORE'], environment, directory),
    limits: limitsOf(flags, environment),
    rates: ratesOf(environment),
    trust,
    signIn: signInOf(environment, trust),
    readers: environment['PTARMIGAN_READERS'] ?? 'anyone who has the link',
    openFrom: openFromOf(environment['PTARMIGAN_OPEN_FROM']),
    metricsToken: tokenOf(environment['PTARMIGAN_METRICS_TOKEN']),
    mostUploads: Number(environment['PTARMIGAN_MOST_UPLOADS'] ?? 256) || 256,
  }
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 0 && port <= 65_535) return port
  throw new Wrong(`"${text}" is no port: it is a number up to 65535.`)
}

/** "any", "none", or origins: https://traces.example https://*.ci.example:8443. */
function openFromOf(text: string | undefined): readonly string[] {
  const words = (text ?? 'any').split(/[\s,]+/).filter((word) => word !== '')
  if (words.length === 1 && words[0] === 'any') return openUrlSources
  if (words.length === 0 || (words.length === 1 && words[0] === 'none')) return []
  const wrong = words.find((word) => !/^https?:\/\/(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:(\d{1,5}|\*))?$/i.test(word))
  if (wrong !== undefined) throw new Wrong(`PTARMIGAN_OPEN_FROM: "${wrong}" is no host: write any, none, or hosts as https://traces.example or https://*.ci.example.`)
  return words
}

function tokenOf(text: string | undefined): string | null {
  if (text === undefined || text === '') return null
  if (/^[\w-]{16,128}$/.test(text)) return text
  throw new Wrong('PTARMIGAN_METRICS_TOKEN: a token is 16 to 128 letters, digits, - and _.')
}

function limitsOf(flags: ServeFlags, environment: Environment): ShareLimits {
  const size = (name: string, text: string | undefined, otherwise: number) => (text === undefined ? otherwise : must(parseSize(name, text)))
  const life = flags.maxLife ?? environment['PTARMIGAN_MAX_LIFE']
  return {
    ...defaultLimits,
    maxBytes: size('--max-size', flags.maxSize ?? environment['PTARMIGAN_MAX_SIZE'], defaultLimits.maxBytes),
    quotaBytes: size('--quota', flags.quota ?? environment['PTARMIGAN_QUOTA'], defaultLimits.quotaBytes),
    maxLife_s: life === undefined ? defaultLimits.maxLife_s : must(parseSpan('--max-life', life)),
  }
}

function ratesOf(environment: Environment): Rates {
  const rate = (name: string, otherwise: string) => must(parseRate(environment[name] ?? otherwise), name)
  return {
    requests: rate('PTARMIGAN_RATE_REQUESTS', '200/s'),
    everybody: rate('PTARMIGAN_RATE_EVERYBODY', '2000/s'),
    creates: rate('PTARMIGAN_RATE_CREATES', '60/h'),
    misses: rate('PTARMIGAN_RATE_MISSES', '30/m'),
  }
}

function signInOf(environment: Environment, trust: ProxyTrust): SignIn | null {
  const header = environment['PTARMIGAN_SIGN_IN_HEADER']
  if (header === undefined || header === '') return null
  if (!/^[\w-]+$/.test(header)) throw new Wrong(`PTARMIGAN_SIGN_IN_HEADER: "${header}" is no name of a header.`)
  if (!trust.any)
    throw new Wrong(
      'PTARMIGAN_SIGN_IN_HEADER needs PTARMIGAN_PROXIES, the addresses of the proxy that signs people in: anybody else can send that header too.',
    )
  const needed = environment['PTARMIGAN_SIGN_IN_FOR'] ?? 'everything'
  if (needed !== 'everything' && needed !== 'upload') throw new Wrong('PTARMIGAN_SIGN_IN_FOR is "everything" or "upload".')
  const allow = (environment['PTARMIGAN_SIGN_IN_ALLOW'] ?? '*').split(/[\s,]+/).filter((word) => word !== '')
  return { header: header.toLowerCase(), allow, needed }
}

function storeOf(text: string | undefined, environment: Environment, directory: string): ShareStore | null {
  if (text === 'off') return null
  if (text?.startsWith('s3:')) return s3Of(text, environment)
  const data = environment['XDG_DATA_HOME'] ?? join(homedir(), '.local/share')
  return new FolderStore(text === undefined || text === '' ? join(data, 'ptarmigan') : resolve(directory, text))
}

function s3Of(text: string, environment: Environment): S3Store {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]*?))?\/?$/.exec(text) ?? []
  if (bucket === undefined) throw new Wrong(`"${text}" names no bucket: write it as s3://bucket/prefix.`)
  const accessKeyId = environment['AWS_ACCESS_KEY_ID']
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY']
  if (!accessKeyId || !secretAccessKey) throw new Wrong(`${text} needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.`)
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'] ?? `https://s3.${region}.amazonaws.com`
  if (!/^https?:\/\/[^/]+\/?$/.test(endpoint))
    throw new Wrong(`AWS_ENDPOINT_URL_S3: "${endpoint}" is no address of a storage: it is https://host, without a path.`)
  const sessionToken = environment['AWS_SESSION_TOKEN']
  return new S3Store({ endpoint, bucket, prefix, region, accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) })
}
