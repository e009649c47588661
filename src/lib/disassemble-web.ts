// SPDX-License-Identifier: Apache-2.0
// Loads the disassembler in a page or a Web Worker: its module is a file of its
// own that is fetched at the first call, once. Import this file lazily.
import { startDisassembler, type Disassembler } from './disassemble'
import url from 'iced-x86/iced_x86_bg.wasm?url'

let started: Promise<Disassembler> | undefined

async function fetchAndStart(): Promise<Disassembler> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the disassembler did not load: ${url} answered ${response.status}`)
  return startDisassembler(await response.arrayBuffer())
}

/** The one disassembler of this page or worker. A failed load is tried again at the next call. */
export function loadDisassembler(): Promise<Disassembler> {
  started ??= fetchAndStart().catch((reason: unknown) => {
    started = undefined
    throw reason
  })
  return started
}
