// SPDX-License-Identifier: Apache-2.0
// `ptarmigan serve`: the page and the share store on one port, until it is told
// to end.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail, ok, type Result } from '../lib/result'
import { readSettings, type ServeFlags, type ServeSettings } from '../server/config'
import { jsonLog, type Log } from '../server/log'
import { ShareServer } from '../server/server'
import { Shares } from '../server/shares'
import { findStaticFiles } from '../server/static-files'
import { print } from './output'

/** The program is dist/cli/main.mjs, the page is around it. */
const pageFolder = (): string => dirname(dirname(fileURLToPath(import.meta.url)))

/** Free ports are looked for so far above the usual one. */
const PORTS_TRIED = 20

export async function serve(flags: ServeFlags): Promise<Result<void, string>> {
  const settings = readSettings(flags, process.env)
  if (!settings.ok) return settings
  const page = pageFolder()
  if (!existsSync(join(page, 'index.html'))) return fail('the page is not built: run "npm start", or "npm run build", in the project.')
  const { store, limits } = settings.value
  const problem = await store?.check().then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  if (problem) return fail(`the store (${store?.name ?? ''}) cannot be used: ${problem}`)
  const shares = store ? new Shares(store, limits) : null
  const server = new ShareServer({ ...settings.value, shares, files: findStaticFiles(page), stall_ms: 30_000, log: logOf() })
  const listening = await listen(server, settings.value)
  if (!listening.ok) return listening
  const { host } = settings.value
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  await print(`Ptarmigan is at http://${name}:${listening.value}/\n`)
  await print(store ? `Shares are kept in ${store.name}.\n` : 'Sharing is off.\n')
  await told()
  await server.close()
  return ok(undefined)
}

/** JSON lines on stderr for machines; on a terminal only what went wrong. */
function logOf(): Log {
  const log = jsonLog((line) => process.stderr.write(line))
  return (level, message, fields) => {
    if (level !== 'info' || !process.stderr.isTTY) log(level, message, fields)
  }
}

async function listen(server: ShareServer, { port, host, portIsFixed }: ServeSettings): Promise<Result<number, string>> {
  for (let tried = port; ; tried++) {
    try {
      return ok((await server.listen(tried, host)).port)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : ''
      const taken = code === 'EADDRINUSE'
      if (taken && !portIsFixed && tried < port + PORTS_TRIED) continue
      if (taken) return fail(`port ${tried} of ${host} is in use: choose another with --port.`)
      if (code === 'EACCES') return fail(`port ${tried} may not be used without more rights: choose one above 1023 with --port.`)
      return fail(`${host} port ${tried}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** Until SIGINT or SIGTERM; a second one ends the process at once. */
function told(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve)
  })
}
