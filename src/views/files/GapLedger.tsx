// SPDX-License-Identifier: Apache-2.0
// Every gap of the trace by reason: how often, how much, why, and the way to
// the worst one.
import type { GapsTable } from '../../model/tables.gen'
import { ALL } from '../../model/tables.gen'
import { infoValue, whyNoPath } from '../../model/names'
import { useStore, type TableState } from '../../store'
import { pluralText } from '../../lib/exact-text'
import { Button } from '../../widgets/Button'
import { bytesText, countText, durationText } from '../../widgets/number-text'
import { gapGroups, GUEST_CODE, reasonWord, type GapGroup } from './layout'

export function GapLedger({ answer }: { answer: TableState<'gaps'> }) {
  const gaps = answer.state === 'ready' ? answer.table : answer.state === 'loading' ? answer.previous : null
  const status = useStore((store) => store.session.status)
  const noPath = useStore((store) => whyNoPath(store.session.info))
  if (answer.state === 'failed') return <p className="files-warning">{answer.sentence}</p>
  if (gaps === null) return <p className="files-note">Reading gaps…</p>
  const groups = gapGroups(gaps)
  if (groups.length === 0)
    return (
      <p className="files-note">
        {status === 'decoding' ? 'Nothing is missing in what is decoded so far.' : nothingMissing(noPath)}
      </p>
    )
  return (
    <ul className="files-gaps">
      {groups.map((group) => (
        <GapLine key={group.reason} group={group} gaps={gaps} />
      ))}
    </ul>
  )
}

const nothingMissing = (noPath: string) =>
  noPath === '' ? 'Nothing is missing: every byte of trace was followed.' : 'Every sample was read. There is no trace that could be missing.'

function GapLine({ group, gaps }: { group: GapGroup; gaps: GapsTable }) {
  const showPacket = useStore((store) => store.showPacket)
  const source = useStore((store) => infoValue(store.session.info, 'source'))
  // Samples have no packets to show.
  const hasPackets = source.startsWith('Intel')
  const queue = gaps.queue[group.worst] ?? ALL
  const offset = gaps.offset[group.worst] ?? NaN
  const takeGuestCode = useStore((store) => store.takeGuestCode)
  const isChosen = useStore((store) => store.session.guestCode)
  const place = queue === ALL || Number.isNaN(offset) ? null : { queue, offset }
  return (
    <li className={group.lost ? 'is-lost' : ''}>
      <div className="files-gap-head">
        <strong>{reasonWord(group.reason)}</strong>
        <span className={`files-tag ${group.lost ? 'is-missing' : 'is-nothing'}`}>{group.lost ? 'trace lost' : 'not an error'}</span>
        <span className="files-gap-numbers">
          <span>{pluralText(group.count, 'gap')}</span>
          {group.bytes > 0 ? <span>{bytesText(group.bytes)}</span> : null}
          {group.ns > 0 ? <span>{durationText(group.ns)}</span> : null}
        </span>
        {group.reason === GUEST_CODE && !isChosen && <Button
          kind="quiet"
          title="Decodes again, and takes what the virtual machine ran from the process that runs it: KVM's self tests are made so"
          onClick={() => void takeGuestCode()}
        >
          Take code from its process
        </Button>}
        {hasPackets && <Button
          kind="quiet"
          disabled={place === null}
          title={`Packets around the ${group.count > 1 ? `largest of ${countText(group.count)} gaps` : 'gap'}`}
          onClick={() => place !== null && showPacket(place.queue, place.offset)}
        >
          Show packets
        </Button>}
      </div>
      <p>
        {group.lost && group.count > 1 && group.sentence !== '' ? 'The largest: ' : ''}
        {group.sentence}
      </p>
    </li>
  )
}
