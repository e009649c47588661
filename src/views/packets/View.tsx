// SPDX-License-Identifier: Apache-2.0
// The raw packets of one AUX stream. This file chooses the stream and explains
// emptiness; PacketList shows the rows.
import { infoValue } from '../../model/names'
import { queueName } from '../../model/places'
import { useStore } from '../../store'
import { EmptyState } from '../../widgets/EmptyState'
import { bytesText, countText } from '../../widgets/number-text'
import { PickBox, ViewFrame } from '../../widgets/ViewFrame'
import { largestQueue } from './layout'
import { PacketList } from './PacketList'
import './packets.css'

export default function PacketsView() {
  const queues = useStore((store) => store.session.queues)
  const source = useStore((store) => infoValue(store.session.info, 'source'))
  const threads = useStore((store) => store.session.threads)
  const packet = useStore((store) => store.view.packet)
  const fileName = useStore((store) => store.session.fileName)
  const top = useStore((store) => store.view.packetTop)
  const keepView = useStore((store) => store.keepView)

  if (source === 'LBR branch stacks' || source === 'Samples')
    return (
      <ViewFrame label="Packets" bar={<span className="bar-text">Packets</span>}>
        <EmptyState title="Samples have no packets">
          <p>This file holds {source === 'Samples' ? 'samples' : 'samples with branch stacks'}; packets belong to processor traces.</p>
        </EmptyState>
      </ViewFrame>
    )

  // A jump from elsewhere counts until the reader picks again.
  const queue = top?.of ?? packet?.queue ?? (queues === null ? null : largestQueue(queues.aux_bytes))
  if (queues === null || queue === null || queue >= queues.rows)
    return (
      <ViewFrame label="Packets" bar={<span className="bar-text">Packets</span>}>
        <EmptyState title={queues === null ? 'Reading the trace…' : 'The file holds no trace packets'}>
          {queues === null ? null : (
            <p>
              It has no AUX area. Record with perf record -e intel_pt//u, and keep the whole perf.data: the packets are written at its end.
            </p>
          )}
        </EmptyState>
      </ViewFrame>
    )
  const options = Array.from({ length: queues.rows }, (_, row) => ({
    value: String(row),
    text: `${queueName(queues, row, threads)} · ${bytesText(queues.aux_bytes[row] ?? 0)} · ${countText(queues.packets[row] ?? 0)} packets`,
  }))
  const picker = (
    <PickBox label="Stream" value={String(queue)} options={options} onPick={(value) => keepView({ packetTop: { of: Number(value), ordinal: 0 } })} />
  )
  return <PacketList key={`${fileName} ${queue}`} queues={queues} queue={queue} picker={picker} />
}
