// SPDX-License-Identifier: Apache-2.0
// What of a trace is not shared, and the names that stand in its place: the
// same name for the same thing everywhere in one bundle, and another one in
// the next bundle, so that two bundles cannot be compared.
import { hexOf } from './little-endian'

export type SymbolChoice = 'keep' | 'hash' | 'drop'

export type Redaction = {
  /** Host name, kernel release. */
  host: boolean
  /** The command line of perf record, which holds that of the program. */
  commandLine: boolean
  /** Names of processes and threads. */
  comms: boolean
  /** Paths and build-ids of binaries. */
  paths: boolean
  symbols: SymbolChoice
  /** Source files and lines, names of inlined functions. */
  lines: boolean
  /** Where things were in memory: rebase.ts puts other addresses in their place. */
  addresses: boolean
}

export const noRedaction: Redaction = { host: false, commandLine: false, comms: false, paths: false, symbols: 'keep', lines: false, addresses: false }

export const redactsNothing = (redaction: Redaction): boolean =>
  redaction.symbols === 'keep' && !(['host', 'commandLine', 'comms', 'paths', 'lines', 'addresses'] as const).some((name) => redaction[name])

/** Names that say nothing about anyone: the kernel's and perf's own. */
const isNeutral = (path: string): boolean => path === '' || path.startsWith('[') || path.startsWith('//') || path.startsWith('anon_inode:')

/** Stand-ins of one bundle. They are numbered or drawn by lot, not computed: nothing leads back to the names. */
export class StandIns {
  private readonly asked = new Set<string>()
  private readonly paths = new Map<string, number>()
  private readonly comms = new Map<string, number>()
  private readonly symbols = new Map<string, string>()
  private readonly buildIds = new Map<string, Uint8Array<ArrayBuffer>>()

  /** The names that leave: what the stand-ins were asked for, as they answered. */
  readonly told = { paths: new Set<string>(), comms: new Set<string>(), symbols: new Set<string>() }

  constructor(
    readonly redaction: Redaction,
    private readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (bytes) => crypto.getRandomValues(bytes),
  ) {}

  path(path: string): string {
    this.asked.add(path)
    const kept = !this.redaction.paths || isNeutral(path)
    return tell(this.told.paths, kept ? path : `/binary-${numberOf(this.paths, path)}`)
  }

  /** Whether the path was asked for, or tells nothing. */
  wasAsked = (path: string): boolean => isNeutral(path) || this.asked.has(path)

  comm(comm: string): string {
    return tell(this.told.comms, this.redaction.comms ? `task-${numberOf(this.comms, comm)}` : comm)
  }

  /** A build-id that stands for another, or that one itself. */
  buildId(id: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (!this.redaction.paths || id.length === 0) return id
    return known(this.buildIds, hexOf(id), () => this.random(new Uint8Array(20)))
  }

  /** '' when symbols are dropped. */
  symbol(name: string): string {
    if (this.redaction.symbols === 'drop' || name === '') return ''
    const kept = this.redaction.symbols === 'keep'
    return tell(this.told.symbols, kept ? name : known(this.symbols, name, () => `f_${hexOf(this.random(new Uint8Array(6)))}`))
  }
}

function tell(told: Set<string>, name: string): string {
  told.add(name)
  return name
}

function known<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const value = map.get(name) ?? make()
  map.set(name, value)
  return value
}

const numberOf = (map: Map<string, number>, name: string): number => known(map, name, () => map.size + 1)
