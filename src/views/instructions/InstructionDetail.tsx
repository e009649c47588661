// SPDX-License-Identifier: Apache-2.0
// The strip about the selected instruction: all that is known of it, and the
// ways on to its packet and its block.
import { cutRatioText, hexText, pluralText, secondsText, wholeNs } from '../../lib/exact-text'
import { textAt } from '../../lib/text-column'
import { pathOf, queueName, symbolText } from '../../model/places'
import { useStore } from '../../store'
import { Button } from '../../widgets/Button'
import { DetailFacts, DetailStrip } from '../../widgets/DetailStrip'
import { countText, timeText } from '../../widgets/number-text'
import { selectionEnd, selectionStart, type RowSelection } from '../../widgets/virtual-rows'
import type { CellContext, Place } from './cells'
import { addressText, codeOf, codeText } from './layout'

type Props = { place: Place; row: number; context: CellContext; selection: RowSelection }

export function InstructionDetail({ place, row, context, selection }: Props) {
  const queues = useStore((store) => store.session.queues)
  const threads = useStore((store) => store.session.threads)
  const showPacket = useStore((store) => store.showPacket)
  const showBlock = useStore((store) => store.showBlock)
  const { table, index } = place
  const symbol = symbolText(context.names, table.function[index] ?? 0, table.function_offset[index] ?? 0)
  const queue = table.queue[index] ?? 0
  const offset = table.offset[index] ?? NaN
  const block = table.block[index] ?? 0n
  const text = context.textOf(table, index)
  const count = selectionEnd(selection) - selectionStart(selection)
  const where = queues === null ? '' : ` of ${queueName(queues, queue, threads)}`
  return (
    <DetailStrip
      title={
        <>
          <span className="mono">{text === '' ? codeText(codeOf(table, index)) : text}</span>
          <span className="detail-at">
            {symbol === '' ? `at ${hexText(table.ip[index] ?? 0n)}` : `in ${symbol}`}
            {count > 1 ? ` · ${pluralText(count, 'row')} selected, Ctrl+C copies them` : ''}
          </span>
        </>
      }
      actions={
        <>
          <Button
            onClick={() => showPacket(queue, offset)}
            disabled={Number.isNaN(offset)}
            title={`Packet at ${hexText(offset || 0)}${where} (P)`}
          >
            Show packet
          </Button>
          <Button onClick={() => showBlock(block)} title={`Block at ${hexText(block)} (B)`}>
            Show block
          </Button>
        </>
      }
    >
      <DetailFacts facts={factsOf(place, row, context, where)} lines={2} />
    </DetailStrip>
  )
}

function factsOf({ table, index }: Place, row: number, context: CellContext, where: string): { name: string; value: string }[] {
  const time = wholeNs(table.time_ns[index] ?? NaN)
  const cycles = table.cycles[index] ?? NaN
  const covered = table.cycle_instructions[index] ?? NaN
  const file = textAt(table.file, index)
  const line = table.line[index] ?? 0
  const sourceLine = context.lineOf(file, line)?.trim() ?? ''
  const cpu = table.cpu[index] ?? -1
  const facts = [
    { name: 'Number', value: `#${countText(row)}` },
    {
      name: 'Time',
      value: time === null ? '' : `${timeText(Number(time))} from the start, ${secondsText(time + context.start_ns)} s on perf’s clock`,
    },
    { name: 'CPU', value: cpu < 0 ? '' : String(cpu) },
    { name: 'Address', value: `0x${addressText(table.ip[index] ?? 0n)}` },
    { name: 'Bytes', value: codeText(codeOf(table, index)) },
    { name: 'Binary', value: pathOf(context.names.images, table.image[index] ?? 0) },
    { name: 'Source', value: file === '' ? '' : `${file}:${line}${sourceLine === '' ? '' : `  ${sourceLine}`}` },
    { name: 'Inlined', value: textAt(table.inlined, index) },
    { name: 'Packet', value: Number.isNaN(table.offset[index]) ? '' : `offset ${hexText(table.offset[index] ?? 0)}${where}` },
    {
      name: 'Cycles',
      value: Number.isNaN(cycles)
        ? ''
        : `${pluralText(cycles, 'cycle')} for ${pluralText(covered, 'instruction')}: ${cutRatioText(covered, cycles)} insn/cycle`,
    },
  ]
  return facts.filter((fact) => fact.value !== '')
}
