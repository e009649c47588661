// SPDX-License-Identifier: Apache-2.0
// Text of instructions, from a library that is loaded when a trace is open and
// nothing else is to be done, or else when first needed; one text is made once
// per row held.
import { useEffect, useMemo, useState } from 'react'
import type { Disassembler, Syntax } from '../../lib/disassemble'
import { rowsOf, windowOf } from '../../lib/row-window'
import { whenIdle } from '../../lib/when-idle'
import { busiestThread } from '../../model/places'
import type { InstructionsTable } from '../../model/tables.gen'
import { askAhead, markWork, useStore } from '../../store'
import { bitsOf, codeOf } from './layout'

let loading: Promise<Disassembler | null> | null = null
/** Once it has made texts before they were needed. */
let rehearsed: Disassembler | null = null

async function load(): Promise<Disassembler | null> {
  const done = markWork()
  try {
    const { loadDisassembler } = await import('../../lib/disassemble-web')
    return await loadDisassembler()
  } catch {
    // Bytes are shown in its place; who comes next tries again.
    loading = null
    return null
  } finally {
    done()
  }
}

/** Rows whose texts are made at once while the page is at rest. */
const AT_ONCE = 16

/**
 * Loads it, asks for some rows and makes their texts, before that is needed: the page is at rest all the same, and the
 * browser compiles the decoder's code for rows, and the library's for texts, when it first runs: that takes longer than a jump may.
 */
export function prepare(): void {
  whenIdle(() => void rehearse().catch(() => undefined))
}

async function rehearse(): Promise<void> {
  const { loadDisassembler } = await import('../../lib/disassemble-web')
  const library = await loadDisassembler()
  const { threads } = useStore.getState().session
  const thread = busiestThread(threads)
  if (thread === null) return
  const rows = await askAhead('instructions', { thread, ...rowsOf(windowOf((threads?.instructions[thread] ?? 0) / 2)) })
  if (rows === null) return
  const textOf = remembering(library, 'intel')
  const makeFrom = (first: number): void => {
    for (let row = first; row < Math.min(first + AT_ONCE, rows.rows); row++) textOf(rows, row)
    if (first + AT_ONCE < rows.rows) whenIdle(() => makeFrom(first + AT_ONCE))
    else rehearsed = library
  }
  whenIdle(() => makeFrom(0))
}

/** Text of one row; '' until the library is there, or for bytes that are no instruction. */
export type TextOf = (table: InstructionsTable, index: number) => string

export function useDisassembler(syntax: Syntax): TextOf {
  // Else rows come first, their texts behind them: the first texts take long.
  const [library, setLibrary] = useState(rehearsed)
  useEffect(() => {
    let mounted = true
    loading ??= load()
    void loading.then((found) => mounted && setLibrary(found))
    return () => void (mounted = false)
  }, [])
  return useMemo(() => remembering(library, syntax), [library, syntax])
}

function remembering(library: Disassembler | null, syntax: Syntax): TextOf {
  const known = new WeakMap<InstructionsTable, string[]>()
  return (table, index) => {
    if (library === null) return ''
    const texts = known.get(table) ?? []
    known.set(table, texts)
    return (texts[index] ??= textOrNothing(() =>
      library.disassemble(codeOf(table, index), table.ip[index] ?? 0n, bitsOf(table, index), syntax),
    ))
  }
}

/** The library throws on a bug of its own: one row without text is better than no table. */
function textOrNothing(make: () => string): string {
  try {
    return make()
  } catch {
    return ''
  }
}
