// SPDX-License-Identifier: Apache-2.0
// The panel about the selected mark: what a sample recorded and which
// instruction of the path it belongs to, or what a PT event says.
import { useMemo } from 'react'
import { textAt } from '../../lib/text-column'
import type { SamplesTable } from '../../model/tables.gen'
import { useStore, useTable } from '../../store'
import { Button, IconButton } from '../../widgets/Button'
import type { Fact } from '../../widgets/Facts'
import { countText, durationText, timeText } from '../../widgets/number-text'
import { FactList } from './FactList'
import { MARK_SAMPLES } from './layout'
import type { SelectedMark } from './use-marks'

type Props = { mark: SelectedMark; thread: string; onZoom(): void; onClose(): void }

/** Flag of the samples table: pinned to the path. */
const PINNED = 1
/** enum ptm_pin_state: no path is known. */
const PIN_NONE = 0
const FRAMES_SHOWN = 12

function sampleFacts(sample: SamplesTable): Fact[] {
  const facts: Fact[] = []
  const add = (name: string, value: string, note = '') => value !== '' && facts.push({ name, value, note })
  const ip = sample.ip[0] ?? 0n
  const address = sample.address[0] ?? 0n
  const period = sample.period[0] ?? NaN
  const weight = sample.weight[0] ?? NaN
  const cpu = sample.cpu[0] ?? -1
  const branches = sample.branches[0] ?? 0
  add('Address', ip === 0n ? '' : `0x${ip.toString(16)}`, textAt(sample.symbol, 0) || 'unknown code')
  add('CPU', cpu < 0 ? '' : String(cpu))
  add('Period', Number.isFinite(period) ? countText(period) : '')
  add('Weight', Number.isFinite(weight) ? countText(weight) : '')
  add('Data address', address === 0n ? '' : `0x${address.toString(16)}`)
  add('Data source', textAt(sample.data_source, 0))
  add('Branch stack', branches > 0 ? `${countText(branches)} entries` : '')
  return facts
}

function Chain({ text }: { text: string }) {
  if (text === '') return null
  const frames = text.split('\n')
  const rest = frames.length - FRAMES_SHOWN
  return (
    <div className="mark-chain">
      <dt>Call chain</dt>
      <dd className="mono">{frames.slice(0, FRAMES_SHOWN).join(' ← ')}</dd>
      {rest > 0 && <dd className="call-note">and {countText(rest)} more callers</dd>}
    </div>
  )
}

/** What each of the facts is when there are several marks in one. */
const several = (mark: SelectedMark): Fact[] =>
  mark.count > 1
    ? [{ name: 'Here', value: `${countText(mark.count)} within ${durationText(mark.last_ns - mark.time_ns)}`, note: 'the first is told: zoom in to see each' }]
    : []

export function MarkDetails({ mark, thread, onZoom, onClose }: Props) {
  const showInstruction = useStore((store) => store.showInstruction)
  const showTime = useStore((store) => store.showTime)
  const showPacket = useStore((store) => store.showPacket)
  const isSample = mark.kind === MARK_SAMPLES
  const request = useMemo(() => (isSample ? { first: mark.sample, count: 1, flags: PINNED } : null), [isSample, mark.sample])
  const state = useTable('samples', request)
  const sample = isSample && state.state === 'ready' && state.table.rows > 0 ? state.table : null
  const pinned = sample && sample.pin[0] !== PIN_NONE ? (sample.pin_ordinal[0] ?? NaN) : NaN
  const facts: Fact[] = [{ name: 'Thread', value: thread }, { name: 'Time', value: timeText(mark.time_ns) }, ...several(mark)]
  if (!isSample && mark.symbol !== '') facts.push({ name: 'At', value: mark.symbol })
  return (
    <aside className="call-details" aria-label="Selected mark">
      <header>
        <div className="call-name">
          <strong className="mono">{mark.name}</strong>
          <span>{isSample ? 'sample' : mark.text}</span>
        </div>
        {isSample && (
          <Button disabled={!Number.isFinite(pinned)} onClick={() => sample && showInstruction(sample.thread[0] ?? 0, pinned)}>
            Show instruction
          </Button>
        )}
        {!isSample && <Button onClick={() => void showTime(mark.thread, mark.time_ns)}>Show instruction</Button>}
        {!isSample && <Button onClick={() => showPacket(mark.queue, mark.offset)}>Show packet</Button>}
        <Button onClick={onZoom}>Zoom to it</Button>
        <IconButton icon="close" label="Close details" onClick={onClose} />
      </header>
      <FactList facts={sample ? [...facts, ...sampleFacts(sample)] : facts}>
        {sample && <Chain text={textAt(sample.chain, 0)} />}
        {isSample && (
          <div className="mark-path">
            <dt>Path</dt>
            <dd>{sample ? textAt(sample.pin_text, 0) : state.state === 'failed' ? state.sentence : '…'}</dd>
            {sample && textAt(sample.pin_symbol, 0) !== '' && <dd className="call-note">{textAt(sample.pin_symbol, 0)}</dd>}
          </div>
        )}
      </FactList>
    </aside>
  )
}

export function markSentence(mark: SelectedMark, thread: string): string {
  const what = mark.kind === MARK_SAMPLES ? (mark.count > 1 ? `${countText(mark.count)} samples` : 'sample') : mark.text
  return `${mark.name}, ${what}, on ${thread} at ${timeText(mark.time_ns)}`
}
