// SPDX-License-Identifier: Apache-2.0
// `npm run bench:share`: hundreds of shares uploaded and read at the same time
// over loopback, through two servers on one folder, taken in turns as a load
// balancer does. In the middle one is killed with SIGKILL and started again. Every
// byte that comes back is compared with what was sent. Bounded by its counts.
//
// Usage: npm run bench:share [-- SHARES] (300 when not said, 2000 at most)
import { createHash, randomBytes } from 'node:crypto'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openShare, readAll } from '../../share/download'
import { parseLink, type ShareLink } from '../../share/link'
import { beginUpload, upload } from '../../share/upload'

const AT_ONCE = 200
const READS_EACH = 2
/** Sizes in turn: what bundles of windows are like, and some of several parts. */
const SIZES = [20_000, 40_000, 100_000, 200_000, 700_000, 1 << 20, 2_500_000, 60_000, 150_000, 9 << 20]
/** A connection to a server that is being started again is tried so often. */
const TRIES = 200

type Share = { link: ShareLink; digest: string; bytes: number }

const median = (times: number[], share = 0.5): number => times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** A server process that can be killed and started again on the same port. */
class Served {
  private child: ChildProcess | null = null

  constructor(
    readonly port: number,
    private readonly program: string,
    private readonly folder: string,
  ) {}

  async start(): Promise<void> {
    const rates = { PTARMIGAN_RATE_REQUESTS: 'off', PTARMIGAN_RATE_EVERYBODY: 'off', PTARMIGAN_RATE_CREATES: 'off' }
    const child = spawn(process.execPath, [this.program, 'serve', '--port', String(this.port), '--store', this.folder], {
      env: { ...process.env, ...rates },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.child = child
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve())
      child.once('exit', (code) => reject(new Error(`a server ended with ${code ?? 'a signal'}`)))
    })
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = this
    if (!child) return Promise.resolve()
    this.child = null
    return new Promise((resolve) => {
      child.removeAllListeners('exit')
      child.once('exit', () => resolve())
      child.kill(signal)
    })
  }
}

/** Sends requests to the servers in turn; a refused or cut connection goes to the other one, as a balancer does. */
function balance(ports: readonly number[]): { failures: () => number } {
  const original = globalThis.fetch
  let turn = 0
  let failures = 0
  globalThis.fetch = async (input, init) => {
    for (let attempt = 0; ; attempt++) {
      const port = ports[turn++ % ports.length] ?? 0
      try {
        return await original(String(input).replace('http://balanced.test/', `http://127.0.0.1:${port}/`), init)
      } catch (error) {
        failures++
        if (attempt >= TRIES) throw error
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  return { failures: () => failures }
}

/** Runs `task` for 0…count-1, AT_ONCE at a time. */
async function together(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    for (let index = next++; index < count; index = next++) await task(index)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane))
}

async function shareOne(index: number): Promise<Share> {
  const bytes = SIZES[index % SIZES.length] ?? 0
  const content = new Uint8Array(randomBytes(bytes))
  const file = new Blob([content])
  const plan = await beginUpload({
    server: 'http://balanced.test/',
    file,
    label: { name: `share ${index}`, note: '', file: 'b' },
    lives_s: 3600,
  })
  if (!plan.ok) throw new Error(plan.error.sentence)
  const done = await upload(plan.value, file)
  if (!done.ok) throw new Error(done.error.sentence)
  const link = parseLink(done.value.link)
  if (!link.ok) throw new Error(link.error)
  return { link: link.value, digest: createHash('sha256').update(content).digest('hex'), bytes }
}

async function readOne({ link, digest, bytes }: Share): Promise<void> {
  const opened = await openShare(link)
  if (!opened.ok) throw new Error(opened.error)
  for (let attempt = 0; ; attempt++) {
    const hash = createHash('sha256')
    let failure = ''
    let got = 0
    for await (const piece of readAll('it', opened.value.file)) {
      if (!piece.ok) failure = piece.error
      else {
        hash.update(piece.value)
        got += piece.value.length
      }
    }
    if (failure === '') {
      if (got !== bytes || hash.digest('hex') !== digest) throw new Error(`share ${link.id} came back as other bytes`)
      return
    }
    // A body that was cut by the kill: a reader reads again, as the decoder does.
    if (attempt >= 3) throw new Error(failure)
  }
}

export async function benchShare(program: string, count: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ptarmigan-bench-'))
  const ports = [await freePort(), await freePort()]
  const servers = ports.map((port) => new Served(port, program, folder))
  try {
    for (const server of servers) await server.start()
    const { failures } = balance(ports)
    const shares: Share[] = []
    const problems: string[] = []
    const times: { uploads: number[]; reads: number[] } = { uploads: [], reads: [] }
    const timed = async (into: number[], task: () => Promise<void>): Promise<void> => {
      const start = performance.now()
      try {
        await task()
        into.push(performance.now() - start)
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error))
      }
    }
    const start = performance.now()
    let killed: Promise<void> | null = null
    const [first] = servers
    await together(count, async (index) => {
      if (index === Math.floor(count * 0.6)) killed = restart(first)
      await timed(times.uploads, async () => {
        shares.push(await shareOne(index))
      })
      // Some are read while others are still being uploaded.
      const other = shares[(index * 7) % Math.max(1, shares.length)]
      if (other) await timed(times.reads, () => readOne(other))
    })
    const uploaded = performance.now() - start
    await killed
    const reading = performance.now()
    await together(shares.length * READS_EACH, async (index) => {
      const share = shares[index % shares.length]
      if (share) await timed(times.reads, () => readOne(share))
    })
    report({ count, shares, times, uploaded, read: performance.now() - reading, failures: failures(), problems })
    if (problems.length > 0 || shares.length !== count) process.exitCode = 1
  } finally {
    for (const server of servers) await server.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  }
}

async function restart(server: Served | undefined): Promise<void> {
  await server?.kill('SIGKILL')
  await server?.start()
}

type Figures = {
  count: number
  shares: Share[]
  times: { uploads: number[]; reads: number[] }
  uploaded: number
  read: number
  failures: number
  problems: string[]
}

function report({ count, shares, times, uploaded, read, failures, problems }: Figures): void {
  const megabytes = shares.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20
  const line = (name: string, of: number[]) =>
    `${name.padEnd(9)} ${String(of.length).padStart(5)}   median ${seconds(median(of))}   95 % ${seconds(median(of, 0.95))}   longest ${seconds(Math.max(...of))}`
  console.log(`${Math.min(AT_ONCE, count)} at a time, two servers on one folder, one killed (SIGKILL) and started again in the middle`)
  console.log(line('uploads', times.uploads))
  console.log(line('reads', times.reads))
  console.log(
    `uploading, with reads: ${megabytes.toFixed(0)} MB in ${seconds(uploaded)}, ${(megabytes / (uploaded / 1000)).toFixed(1)} MB/s sent`,
  )
  console.log(
    `reading: ${(READS_EACH * megabytes).toFixed(0)} MB in ${seconds(read)}, ${((READS_EACH * megabytes) / (read / 1000)).toFixed(1)} MB/s, decrypted and compared`,
  )
  console.log(`connections that the kill cost: ${failures}`)
  for (const problem of problems.slice(0, 10)) console.log(`problem: ${problem}`)
  console.log(
    `${shares.length} of ${count} shares kept, ${problems.length} problems, ${problems.length === 0 ? 'every byte compared' : 'FAILED'}`,
  )
}
