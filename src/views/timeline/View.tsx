// SPDX-License-Identifier: Apache-2.0
// The timeline tab: a lane for each thread with its calls nested over time,
// and gaps where trace is missing; or why there is nothing to show.
import { useMemo } from 'react'
import { threadsInTime, traceDuration } from '../../model/names'
import { useStore } from '../../store'
import { EmptyState } from '../../widgets/EmptyState'
import { Timeline } from './Timeline'
import './timeline.css'

export default function View() {
  const info = useStore((store) => store.session.info)
  const threads = useStore((store) => store.session.threads)
  const thread = useStore((store) => store.view.thread)
  const duration = traceDuration(info)
  const lanes = useMemo(() => (thread === null ? threadsInTime(threads) : [thread]), [threads, thread])
  const decoding = useStore((store) => store.session.status === 'decoding')
  if (duration === 0)
    return (
      <section className="view-panel" aria-label="Timeline">
        <EmptyState title="This trace has no timing">
          Its packets carry no time, so calls cannot be placed on a time axis. The Flame graph and Instructions tabs do not need it.
        </EmptyState>
      </section>
    )
  if (lanes.length === 0)
    return (
      <section className="view-panel" aria-label="Timeline">
        <EmptyState title={decoding ? 'Decoding…' : 'No thread could be decoded'}>
          {decoding
            ? 'Lanes appear as threads are found.'
            : 'Calls are known only where the code is: the Files tab lists the binaries that are missing, the Packets tab shows what was recorded.'}
        </EmptyState>
      </section>
    )
  return <Timeline key={duration} duration={duration} lanes={lanes} />
}
