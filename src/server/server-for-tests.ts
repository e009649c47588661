// SPDX-License-Identifier: Apache-2.0
// For tests: a share server on a free port of this machine with a folder of
// its own, and a raw connection for what no client would send.
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppOptions } from './app'
import { noProxies } from './clients'
import { FolderStore } from './folder-store'
import { openUrlSources } from './headers'
import type { Log } from './log'
import { defaultTimeouts, ShareServer, type Timeouts } from './server'
import { defaultLimits, Shares, type ShareLimits } from './shares'
import type { ShareStore } from './store'

export type Setup = Partial<Omit<AppOptions, 'shares'>> & {
  store?: ShareStore
  limits?: Partial<ShareLimits>
  timeouts?: Partial<Timeouts>
  now?: () => number
}

export type Running = {
  url: string
  port: number
  server: ShareServer
  shares: Shares
  folder: string
  logged: string[]
  close(): Promise<void>
}

export const offRates = { requests: null, everybody: null, creates: null, misses: null }

export async function startServer(setup: Setup = {}): Promise<Running> {
  const { store, limits, timeouts, now, ...options } = setup
  const folder = await mkdtemp(join(tmpdir(), 'ptarmigan-server-'))
  const logged: string[] = []
  const log: Log = (level, message, fields) => logged.push(JSON.stringify({ level, message, ...fields }))
  const shares = new Shares(store ?? new FolderStore(folder), { ...defaultLimits, ...limits }, now)
  const app: AppOptions = {
    files: new Map(),
    rates: offRates,
    trust: noProxies,
    signIn: null,
    readers: 'anyone who has the link',
    openFrom: openUrlSources,
    metricsToken: null,
    mostUploads: 200,
    stall_ms: 5000,
    log,
    ...options,
    shares,
  }
  const server = new ShareServer(app, { ...defaultTimeouts, closing_ms: 500, ...timeouts })
  const { port } = await server.listen(0, '127.0.0.1')
  const close = async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { url: `http://127.0.0.1:${port}/`, port, server, shares, folder, logged, close }
}

/** Sends bytes as they are; resolves with all that came back when the server ends the connection. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    socket.on('data', (piece: Buffer) => (got += piece.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(got))
    socket.write(text)
  })
}
