// SPDX-License-Identifier: Apache-2.0
// What the packets view shows: families of packets, their text, and what the
// jump box understands. Pure; no React.
import { parseHex, parseOrdinal, secondsText, wholeNs } from '../../lib/exact-text'
import { parseTime } from '../../widgets/number-text'

export type Family = 'sync' | 'flow' | 'time' | 'context' | 'event' | 'lost'

export const families: readonly { id: Family; name: string; hint: string }[] = [
  { id: 'flow', name: 'Flow', hint: 'TNT, TIP, FUP: which way branches went' },
  { id: 'time', name: 'Time', hint: 'TSC, TMA, MTC, CYC, CBR: when' },
  { id: 'sync', name: 'Sync', hint: 'PSB, PSBEND, PAD: where a decoder can begin' },
  { id: 'context', name: 'Context', hint: 'PIP, VMCS, MODE: in which process and mode' },
  { id: 'event', name: 'Events', hint: 'PTWRITE, power and event packets' },
  { id: 'lost', name: 'Lost', hint: 'OVF and bytes that are no packet: trace is missing here' },
]

/** The families a trace of this source can have: only Intel PT has packets of several kinds. */
export const familiesOf = (source: string): typeof families => (/\b(BTS|LBR)\b/i.test(source) ? [] : families)

const familyOfName: Record<string, Family> = {
  PSB: 'sync',
  PSBEND: 'sync',
  PAD: 'sync',
  TNT: 'flow',
  TIP: 'flow',
  FUP: 'flow',
  BRANCH: 'flow',
  TSC: 'time',
  TMA: 'time',
  MTC: 'time',
  CYC: 'time',
  CBR: 'time',
  PIP: 'context',
  VMCS: 'context',
  MODE: 'context',
  TRACESTOP: 'event',
  OVF: 'lost',
  BAD: 'lost',
}

/** Family by the packet's name: what stands before the first dot, space or digit says it. */
export function familyOf(name: string): Family {
  const head = /^[A-Z]+/.exec(name.toUpperCase())?.[0] ?? ''
  return familyOfName[head] ?? 'event'
}

/** "48 b3 01" of "48b301"; text that is spaced already stays. */
export const spacedHex = (hex: string): string => (hex.includes(' ') ? hex : (hex.match(/.{1,2}/g) ?? []).join(' '))

/** Seconds since the trace's start with nine decimals; '' where no time is known. */
export function packetTimeText(time_ns: number): string {
  const whole = wholeNs(time_ns)
  return whole === null ? '' : secondsText(whole)
}

/** One row as text to paste: offset, bytes, name, payload. */
export function packetLine(offset: number, bytes: string, name: string, text: string): string {
  return `${offset.toString(16).padStart(8, '0')}:  ${spacedHex(bytes).padEnd(24)}  ${text === '' ? name : `${name.padEnd(10)} ${text}`}`
}

export type PacketJump =
  | { kind: 'offset'; offset: number }
  | { kind: 'ordinal'; ordinal: number }
  | { kind: 'time'; time_ns: number }
  | { kind: 'unclear'; sentence: string }

export const packetJumpHint = '0x1f40 or 1f40 (offset, hex) · #12345 · 1.5ms'

/** Reads the jump box: a time has a unit, a number has #, all else is an offset in hex. */
export function parsePacketJump(text: string, auxBytes: number): PacketJump {
  const typed = text.trim()
  const time_ns = /s$/i.test(typed) ? parseTime(typed) : null
  if (time_ns !== null) return { kind: 'time', time_ns }
  const ordinal = parseOrdinal(typed)
  if (ordinal !== null) return { kind: 'ordinal', ordinal }
  const offset = parseHex(typed, true)
  if (offset === null)
    return { kind: 'unclear', sentence: `“${typed}” is no offset in hex (0x1f40), no number of a packet (#12345) and no time (1.5ms).` }
  if (offset >= BigInt(Math.round(auxBytes))) {
    return {
      kind: 'unclear',
      sentence: `Offset 0x${offset.toString(16)} is behind the end: this stream has 0x${Math.round(auxBytes).toString(16)} bytes.`,
    }
  }
  return { kind: 'offset', offset: Number(offset) }
}

/** The queue to begin with: the one with the most bytes. */
export function largestQueue(aux_bytes: Float64Array): number | null {
  let best: number | null = null
  for (let row = 0; row < aux_bytes.length; row++) if (best === null || (aux_bytes[row] ?? 0) > (aux_bytes[best] ?? 0)) best = row
  return best
}
