// SPDX-License-Identifier: Apache-2.0
// Copies the selected rows as text in perf's form: at once when all are held,
// else after asking for them.
import { useEffect, useEffectEvent, useState } from 'react'
import { textAt } from '../../lib/text-column'
import { pluralText } from '../../lib/exact-text'
import type { InstructionsTable, ThreadsTable } from '../../model/tables.gen'
import { useTable } from '../../store'
import { countText } from '../../widgets/number-text'
import { selectionEnd, selectionStart, type RowSelection } from '../../widgets/virtual-rows'
import type { CellContext, Place } from './cells'
import { perfLine, type CopiedThread } from './layout'

/** Rows that one copy takes at most: a few megabytes of text. */
export const mostCopied = 50_000

type Props = { thread: number; threads: ThreadsTable; context: CellContext; rowCount: number }

export function useCopy({ thread, threads, context, rowCount }: Props) {
  const [state, setState] = useState('')
  const [asked, setAsked] = useState<{ first: number; count: number } | null>(null)
  const answer = useTable('instructions', asked === null ? null : { thread, ...asked })
  const who: CopiedThread = { comm: textAt(threads.comm, thread), tid: threads.tid[thread] ?? -1, start_ns: context.start_ns }
  const lineOf = ({ table, index }: Place) => perfLine(table, index, who, context.names, context.textOf(table, index))

  const textOfAll = useEffectEvent((table: InstructionsTable) =>
    Array.from({ length: table.rows }, (_, index) => `${lineOf({ table, index })}\n`).join(''),
  )
  const table = asked !== null && answer.state === 'ready' ? answer.table : null
  useEffect(() => {
    if (table === null) return
    void writeText(textOfAll(table)).then((written) => {
      setAsked(null)
      setState(written ? `Copied ${pluralText(table.rows, 'instruction')}` : 'The browser did not allow copying.')
    })
  }, [table])
  if (asked !== null && answer.state === 'failed') {
    setAsked(null)
    setState(answer.sentence)
  }
  useEffect(() => {
    if (state === '') return
    const timer = setTimeout(() => setState(''), 4000)
    return () => clearTimeout(timer)
  }, [state])

  const onCopy = (selection: RowSelection): string | null => {
    const first = selectionStart(selection)
    const count = Math.min(selectionEnd(selection), rowCount) - first
    if (count > mostCopied) {
      setState(`${countText(count)} instructions are too many to copy: at most ${countText(mostCopied)}. The command line prints them all.`)
      return null
    }
    const lines: string[] = []
    for (let row = first; row < first + count; row++) {
      const place = context.find(row)
      if (place === null) {
        setState(`Reading ${pluralText(count, 'instruction')}…`)
        setAsked({ first, count })
        return null
      }
      lines.push(lineOf(place))
    }
    setState(`Copied ${pluralText(count, 'instruction')}`)
    return `${lines.join('\n')}\n`
  }
  return { state, onCopy }
}

async function writeText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
