// SPDX-License-Identifier: Apache-2.0
// A trace that comes through a pipe (`perf record -o - … | ptarmigan script -`) is
// kept in a file until the program ends, for traces are read in places.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, ok, type Result } from '../lib/result'
import { reasonOf } from './file-sources'

/** Names of standard input, as perf has them. */
export const isStandardInput = (file: string): boolean => file === '-' || file === '/dev/stdin'

/** Exit code of a program that a signal ended: 128 and its number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Reads all of `input`; the name of a file with it, or a sentence. */
export async function keepInput(input: AsyncIterable<Uint8Array> = process.stdin): Promise<Result<string, string>> {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'ptarmigan-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(code))
    const file = join(folder, 'standard-input')
    const descriptor = openSync(file, 'w')
    for await (const piece of input) writeAll(descriptor, piece)
    closeSync(descriptor)
    return ok(file)
  } catch (error) {
    return fail(`What comes through the pipe cannot be kept: ${reasonOf(error)}`)
  }
}

function writeAll(descriptor: number, piece: Uint8Array): void {
  for (let at = 0; at < piece.length;) at += writeSync(descriptor, piece, at)
}
