// SPDX-License-Identifier: Apache-2.0
// For tests: fixtures, opened by the command line's own functions, and bundles of them.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Session } from '../engine/session'
import { openBundle, readMember } from '../share/container'
import { MemorySource } from '../share/pieces'
import { noRedaction } from '../share/redaction'
import { bundle, type BundleOptions } from './bundle'
import { decodeAll, infoOf, openTrace } from './trace'

const root = resolve(import.meta.dirname, '../..')
export const projectFixtures = join(root, 'wasm/test/fixtures')

export type Fixture = { name: string; trace: string; symfs: string }

/** The traces that a folder's index names. */
export function fixturesIn(path: string): Fixture[] {
  if (!existsSync(join(path, 'index.tsv'))) return []
  const names = readFileSync(join(path, 'index.tsv'), 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split('\t')[0] || [])
  return names.map((name) => ({ name, trace: join(path, `${name}.perf.data`), symfs: join(path, 'symfs') }))
}

export async function opened(path: string, symfs?: string): Promise<Session> {
  const trace = await openTrace(path, symfs, true)
  if (!trace.ok) throw new Error(trace.error)
  const decoded = decodeAll(trace.value.session)
  if (!decoded.ok) throw new Error(decoded.error)
  return trace.value.session
}

export async function bundled(folder: string, fixture: Fixture, options: Partial<BundleOptions>): Promise<string> {
  const trace = await openTrace(fixture.trace, fixture.symfs, true)
  if (!trace.ok) throw new Error(trace.error)
  const out = join(folder, `${basename(fixture.name)}.ptarmigan`)
  const all = { out, link: null, range: null, threads: null, redaction: noRedaction, title: '', note: '', withSources: false }
  const made = await bundle(trace.value, { ...all, ...options })
  if (!made.ok) throw new Error(made.error)
  return out
}

export function fact(session: Session, key: string): string {
  const info = infoOf(session)
  return (info.ok && info.value.get(key)) || '0'
}

/** Those of ../shared of other sources and forms; the rest is large: PTARMIGAN_BUNDLES=all takes it in. */
export function sharedFixtures(): Fixture[] {
  const others = ['dl', 'pipe', 'snapshot', 'bts-pthr', 'bts-per-thread', 'lbr-depth16', 'lbr-pebs', 'lbr-callstack']
  const everything = process.env['PTARMIGAN_BUNDLES'] === 'all'
  return fixturesIn(join(root, '../shared/fixtures')).filter(({ name }) => everything || others.includes(name))
}

/** Index and members of a bundle, unpacked, one behind the other. */
export async function unpackedBytes(path: string): Promise<Buffer> {
  const source = new MemorySource(new Uint8Array(readFileSync(path)))
  const opened = await openBundle(source)
  if (!opened.ok) throw new Error(opened.error)
  const members = [Buffer.from(JSON.stringify(opened.value.index))]
  for (const member of opened.value.index.members) {
    const bytes = await readMember(source, opened.value, member)
    if (!bytes.ok) throw new Error(bytes.error)
    members.push(Buffer.from(bytes.value))
  }
  return Buffer.concat(members)
}
