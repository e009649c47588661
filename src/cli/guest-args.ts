// SPDX-License-Identifier: Apache-2.0
// --guest-data: recordings that virtual machines made of themselves, in the form
// in which perf inject takes them.
import { fail, ok, type Result } from '../lib/result'
import { parseTimeOffset, parseTimeScale } from '../model/guest-clock'
import type { GuestClock } from '../engine/protocol'
import type { Values } from './values'

export type GuestData = { path: string; clock: GuestClock }

const FORM = 'FILE,PID[,OFFSET[,SCALE]]'

/** Each value of the option, PATH,PID[,OFFSET[,SCALE]]. */
export function parseGuestData(value: Values[string]): Result<GuestData[], string> {
  const found: GuestData[] = []
  for (const text of Array.isArray(value) ? value.map(String) : []) {
    const [path = '', pid = '', offset = '', scale = '', ...more] = text.split(',')
    const wrong = (what: string) => fail(`--guest-data ${text}: ${what}; it is ${FORM}.`)
    if (path === '') return wrong('names no file')
    if (!/^[1-9]\d{0,9}$/.test(pid) || Number(pid) > 0x7fffffff) return wrong(pid === '' ? 'does not say which process runs the guest' : `${pid} is not a process`)
    const ticks = offset === '' ? 0n : parseTimeOffset(offset)
    if (ticks === null) return wrong(`${offset} is not a TSC offset`)
    const factor = scale === '' ? 1 : parseTimeScale(scale)
    if (factor === null) return wrong(`${scale} is not a scale above 0`)
    if (more.length > 0) return wrong('has more than four parts')
    found.push({ path, clock: { pid: Number(pid), offset: ticks, scale: factor } })
  }
  return ok(found)
}
