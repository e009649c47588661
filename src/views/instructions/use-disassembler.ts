// SPDX-License-Identifier: Apache-2.0
// Text of instructions, from a library that is loaded when first needed; one
// text is made once per row held.
import { useEffect, useMemo, useState } from 'react'
import type { InstructionsTable } from '../../model/tables.gen'
import { bitsOf, codeOf } from './layout'

type Disassembler = { disassemble(code: Uint8Array, ip: bigint, bits: 16 | 32 | 64): string }
type Module = { loadDisassembler(): Promise<Disassembler> }

// A glob, so that the view also works in a build without the library: it shows bytes then.
const modules = import.meta.glob<Module>('../../lib/disassemble.ts')

let loading: Promise<Disassembler | null> | null = null

async function load(): Promise<Disassembler | null> {
  const module = modules['../../lib/disassemble.ts']
  try {
    return module === undefined ? null : await (await module()).loadDisassembler()
  } catch {
    return null
  }
}

/** Text of one row; '' until the library is there, or for bytes that are no instruction. */
export type TextOf = (table: InstructionsTable, index: number) => string

export function useDisassembler(): TextOf {
  const [library, setLibrary] = useState<Disassembler | null>(null)
  useEffect(() => {
    let mounted = true
    loading ??= load()
    void loading.then((found) => mounted && setLibrary(found))
    return () => void (mounted = false)
  }, [])
  return useMemo(() => remembering(library), [library])
}

function remembering(library: Disassembler | null): TextOf {
  const known = new WeakMap<InstructionsTable, string[]>()
  return (table, index) => {
    if (library === null) return ''
    const texts = known.get(table) ?? []
    known.set(table, texts)
    return (texts[index] ??= library.disassemble(codeOf(table, index), table.ip[index] ?? 0n, bitsOf(table, index)))
  }
}
