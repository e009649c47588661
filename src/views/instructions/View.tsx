// SPDX-License-Identifier: Apache-2.0
// Every executed instruction of one thread, in order. This file chooses the
// thread and explains emptiness; InstructionList shows the rows.
import { threadLabel, tracedThreads, whyNoPath } from '../../model/names'
import { busiestThread } from '../../model/places'
import type { ThreadsTable } from '../../model/tables.gen'
import { useStore } from '../../store'
import { Button } from '../../widgets/Button'
import { EmptyState } from '../../widgets/EmptyState'
import { countText, shortCount } from '../../widgets/number-text'
import { Sentence } from '../../widgets/Sentence'
import { PickBox, ViewFrame } from '../../widgets/ViewFrame'
import { InstructionList } from './InstructionList'
import './instructions.css'

export { prepare } from './use-disassembler'

export default function InstructionsView() {
  const threads = useStore((store) => store.session.threads)
  const view = useStore((store) => store.view)
  const fileName = useStore((store) => store.session.fileName)
  const keepView = useStore((store) => store.keepView)

  // A jump from elsewhere counts until the reader picks again.
  const wanted = view.top?.of ?? view.instruction?.thread ?? busiestThread(threads)
  const thread = view.thread ?? wanted
  if (threads === null || thread === null || thread >= threads.rows) return <NoInstructions threads={threads} />
  const picker =
    view.thread === null && tracedThreads(threads).length > 1 ? (
      <ThreadPick threads={threads} thread={thread} onPick={(row) => keepView({ top: { of: row, ordinal: 0 } })} />
    ) : null
  if (!((threads.instructions[thread] ?? 0) > 0)) return <NoInstructionsHere threads={threads} thread={thread} picker={picker} />
  return <InstructionList key={`${fileName} ${thread}`} threads={threads} thread={thread} picker={picker} />
}

type PickerProps = { threads: ThreadsTable; thread: number; onPick(thread: number): void }

/** With all threads selected one must still be chosen: instructions of several threads have no common order. */
function ThreadPick({ threads, thread, onPick }: PickerProps) {
  const rows = tracedThreads(threads).sort((a, b) => (threads.instructions[b] ?? 0) - (threads.instructions[a] ?? 0))
  const options = rows.map((row) => ({
    value: String(row),
    text: `${threadLabel(threads, row)} · ${shortCount(threads.instructions[row] ?? 0)} instructions`,
  }))
  return <PickBox label="Of thread" value={String(thread)} options={options} onPick={(value) => onPick(Number(value))} />
}

function NoInstructions({ threads }: { threads: ThreadsTable | null }) {
  const status = useStore((store) => store.session.status)
  const setTab = useStore((store) => store.setTab)
  const noPath = useStore((store) => whyNoPath(store.session.info))
  const working = threads === null || status === 'opening' || status === 'decoding'
  return (
    <ViewFrame label="Instructions" bar={<span className="bar-text">Instructions</span>}>
      {noPath !== '' ? (
        <EmptyState title="Samples have no instructions">
          <p>
            <Sentence text={noPath} />
          </p>
        </EmptyState>
      ) : working ? (
        <EmptyState title="No instruction is decoded yet">
          <p>Decoding goes on. Instructions appear here as soon as the first piece of trace is done.</p>
        </EmptyState>
      ) : (
        <EmptyState title="No instruction could be decoded">
          <p>
            The trace says which branches were taken, not what the code was. To follow it, Ptarmigan needs the programs and libraries that
            ran. Files lists what is missing and what that costs.
          </p>
          <p>
            <Button kind="primary" onClick={() => setTab('files')}>
              Show files
            </Button>
          </p>
        </EmptyState>
      )}
    </ViewFrame>
  )
}

function NoInstructionsHere({ threads, thread, picker }: { threads: ThreadsTable; thread: number; picker: React.ReactNode }) {
  const setTab = useStore((store) => store.setTab)
  const setThread = useStore((store) => store.setThread)
  const noPath = useStore((store) => whyNoPath(store.session.info))
  const gaps = threads.gaps[thread] ?? 0
  return (
    <ViewFrame label="Instructions" bar={picker ?? <span className="bar-text">{threadLabel(threads, thread)}</span>}>
      <EmptyState title={`No instruction of ${threadLabel(threads, thread)} is decoded`}>
        <p>
          {noPath !== ''
            ? <Sentence text={noPath} />
            : gaps > 0
            ? `Its trace has ${countText(gaps)} gaps in which something was lost. Files says why and what would help.`
            : 'The thread is known from the recording, but it ran no traced code as far as the trace is decoded.'}
        </p>
        <p className="empty-actions">
          <Button onClick={() => setThread(null)}>All threads</Button>
          <Button onClick={() => setTab('files')}>Show files</Button>
        </p>
      </EmptyState>
    </ViewFrame>
  )
}
