// SPDX-License-Identifier: Apache-2.0
// Loads the disassembler in Node, from the installed iced-x86 package.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { startDisassembler, type Disassembler } from './disassemble'

let started: Promise<Disassembler> | undefined

/** The one disassembler of this process. */
export function loadDisassembler(): Promise<Disassembler> {
  const path = createRequire(import.meta.url).resolve('iced-x86/iced_x86_bg.wasm')
  started ??= readFile(path).then(bytes => startDisassembler(new Uint8Array(bytes)))
  return started
}
