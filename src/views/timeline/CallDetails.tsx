// SPDX-License-Identifier: Apache-2.0
// The panel about the selected call: what it is, how long, how many
// instructions, IPC, and where to go from here.
import { useMemo } from 'react'
import { whyNoCycles } from '../../model/names'
import { useStore, useTable } from '../../store'
import { Button, IconButton } from '../../widgets/Button'
import { countText, durationText, shareText, timeText } from '../../widgets/number-text'
import { openNote, type FunctionNames, type SelectedCall } from './describe'
import { FactList } from './FactList'
import { ipcOf } from './ipc'

type Props = { call: SelectedCall; thread: string; names: FunctionNames; onZoom(): void; onClose(): void }

function useIpc(call: SelectedCall): { value: string; note: string } {
  const noCycles = useStore((store) => whyNoCycles(store.session.info))
  const request = useMemo(
    () => (noCycles ? null : { thread: call.thread, start_ns: call.start_ns, end_ns: call.end_ns }),
    [noCycles, call.thread, call.start_ns, call.end_ns],
  )
  const state = useTable('blocks', request)
  if (noCycles) return { value: '–', note: noCycles }
  if (state.state === 'loading') return { value: '…', note: '' }
  if (state.state === 'failed') return { value: '–', note: state.sentence }
  const found = ipcOf(state.table)
  if (!found) return { value: '–', note: 'no cycles were measured in this call' }
  const covered = found.instructions / call.instructions
  return { value: found.ipc.toFixed(2), note: covered < 0.995 ? `measured over ${shareText(covered)} of its instructions` : '' }
}

export function CallDetails({ call, thread, names, onZoom, onClose }: Props) {
  const showTime = useStore((store) => store.showTime)
  const ipc = useIpc(call)
  const note = openNote(call.flags)
  const facts = [
    { name: 'Thread', value: thread, note: '' },
    { name: 'Start', value: timeText(call.start_ns), note: '' },
    { name: 'Duration', value: durationText(call.end_ns - call.start_ns), note },
    { name: 'Instructions', value: countText(call.instructions), note: '' },
    { name: 'IPC', value: ipc.value, note: ipc.note },
  ]
  return (
    <aside className="call-details" aria-label="Selected call">
      <header>
        <div className="call-name">
          <strong className="mono">{names.nameOf(call.function)}</strong>
          <span>{names.imagePathOf(call.function)}</span>
        </div>
        <Button onClick={() => void showTime(call.thread, call.start_ns)}>Show instructions</Button>
        <Button onClick={onZoom}>Zoom to it</Button>
        <IconButton icon="close" label="Close details" onClick={onClose} />
      </header>
      <FactList facts={facts} />
    </aside>
  )
}
