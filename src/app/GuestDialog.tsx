// SPDX-License-Identifier: Apache-2.0
// Asks of which process a perf.data beside the open trace is the guest's, and how
// the two clocks differ: what perf inject --guest-data is told.
import { useState } from 'react'
import { pluralText } from '../lib/exact-text'
import { parseTimeOffset, parseTimeScale } from '../model/guest-clock'
import { useStore } from '../store'
import type { GuestOffer } from '../store/types'
import { Button } from '../widgets/Button'
import { Dialog } from '../widgets/Dialog'
import './RawDialog.css'

export function GuestDialog() {
  const offer = useStore((store) => store.session.guest)
  return offer ? <GuestForm offer={offer} /> : null
}

function GuestForm({ offer }: { offer: GuestOffer }) {
  const answerGuest = useStore((store) => store.answerGuest)
  const host = useStore((store) => store.session.fileName)
  const [pid, setPid] = useState(offer.hypervisors[0]?.pid ?? 0)
  const [offset, setOffset] = useState('')
  const [scale, setScale] = useState('')
  const [problem, setProblem] = useState('')
  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    const ticks = offset.trim() === '' ? 0n : parseTimeOffset(offset)
    const factor = scale.trim() === '' ? 1 : parseTimeScale(scale)
    if (ticks === null) return setProblem(`"${offset}" is no TSC offset: it is a number such as 0xfffffa6ae070cb20 or -6142000000000.`)
    if (factor === null) return setProblem(`"${scale}" is no multiplier above 0.`)
    void answerGuest({ pid, offset: ticks, scale: factor })
  }
  return (
    <Dialog title="A guest’s recording?" onClose={() => void answerGuest(null)}>
      <form className="raw" onSubmit={submit}>
        <p>
          <strong>{offer.name}</strong> holds no processor trace, and {host} traces a virtual machine. If it is what that machine recorded of
          itself meanwhile, it tells who ran what in it.
        </p>
        <fieldset>
          <label className="raw-row">
            <span>Run by process</span>
            <span className="raw-hint">whose threads are called “CPU 0/KVM”</span>
            <select value={pid} onChange={(event) => setPid(Number(event.target.value))}>
              {offer.hypervisors.map((one) => (
                <option key={one.pid} value={one.pid}>{`${one.pid} (${pluralText(one.cpus, 'CPU')})`}</option>
              ))}
            </select>
          </label>
          <label className="raw-row">
            <span>TSC offset</span>
            <span className="raw-hint">of the guest: perf inject --vm-time-correlation=dry-run on the host’s file finds it</span>
            <input type="text" spellCheck={false} placeholder="0" value={offset} onChange={(event) => setOffset(event.target.value)} />
          </label>
          <label className="raw-row">
            <span>TSC multiplier</span>
            <span className="raw-hint">above 0; 1 unless the guest’s TSC runs at another rate</span>
            <input type="text" spellCheck={false} placeholder="1" value={scale} onChange={(event) => setScale(event.target.value)} />
          </label>
        </fieldset>
        {problem !== '' && (
          <p className="raw-problem" role="alert">
            {problem}
          </p>
        )}
        <div className="raw-buttons">
          <Button onClick={() => void answerGuest(null)}>Not now</Button>
          <Button onClick={() => void answerGuest('alone')}>Open it by itself</Button>
          <Button kind="primary" type="submit">
            Use as the guest’s
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
