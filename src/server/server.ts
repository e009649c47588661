// SPDX-License-Identifier: Apache-2.0
// A running share server: listens, sweeps, and ends without cutting anybody
// off. Slow clients are given up by the timeouts here.
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { App, type AppOptions } from './app'

export type Timeouts = {
  /** A request's headers, and all of a request with its body, must have arrived by then. */
  headers_ms: number
  request_ms: number
  /** Nothing at all from, or taken by, a client for so long ends its connection. */
  idle_ms: number
  /** How long requests may go on after the server was told to end. */
  closing_ms: number
  sweep_ms: number
}

export const defaultTimeouts: Timeouts = { headers_ms: 10_000, request_ms: 300_000, idle_ms: 30_000, closing_ms: 10_000, sweep_ms: 600_000 }

const MOST_CONNECTIONS = 4000

export class ShareServer {
  readonly app: App
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private sweeping: ReturnType<typeof setInterval> | null = null

  constructor(
    private readonly options: AppOptions,
    private readonly timeouts: Timeouts = defaultTimeouts,
  ) {
    this.app = new App(options)
    const { headers_ms, request_ms, idle_ms } = timeouts
    this.server = createServer(
      {
        headersTimeout: headers_ms,
        requestTimeout: request_ms,
        keepAliveTimeout: Math.min(idle_ms, 20_000),
        connectionsCheckingInterval: Math.min(5000, Math.ceil(headers_ms / 4)),
      },
      (request, response) => void this.app.handle(request, response),
    )
    this.server.timeout = idle_ms
    this.server.maxConnections = MOST_CONNECTIONS
    this.server.on('connection', (socket) => {
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
    })
  }

  /** Rejects when the port is taken or may not be used. */
  async listen(port: number, host: string): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(port, host, () => {
        this.server.off('error', reject)
        resolve()
      })
    })
    this.sweeping = setInterval(() => void this.sweep(), this.timeouts.sweep_ms)
    this.sweeping.unref()
    void this.sweep()
    const address = this.server.address()
    if (typeof address !== 'object' || !address) throw new Error('the server has no address')
    return address
  }

  private async sweep(): Promise<void> {
    const { shares, log } = this.options
    if (!shares) return
    try {
      const { expired, abandoned, forgotten } = await shares.sweep()
      this.app.metrics.add('ptarmigan_shares_total', { what: 'expired' }, expired)
      this.app.metrics.add('ptarmigan_shares_total', { what: 'abandoned' }, abandoned)
      if (expired + abandoned + forgotten > 0) log('info', 'swept', { expired, abandoned, forgotten })
    } catch (error) {
      log('error', 'sweeping failed', { reason: error instanceof Error ? error.message : String(error) })
    }
  }

  /** Takes no more requests, lets those under way end for a while, then cuts the rest. */
  async close(): Promise<void> {
    this.app.closing = true
    if (this.sweeping) clearInterval(this.sweeping)
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    const idle = setInterval(() => this.server.closeIdleConnections(), 100)
    const cut = setTimeout(() => this.sockets.forEach((socket) => socket.destroy()), this.timeouts.closing_ms)
    await closed
    clearTimeout(cut)
    clearInterval(idle)
  }
}
