// SPDX-License-Identifier: Apache-2.0
// Asks what a raw stream of packets does not say of itself: where its code was
// loaded, and what CPU wrote it. Remembers the answers in this browser.
import { useState } from 'react'
import { unknownCpu, type RawCpu } from '../model/raw-trace'
import { useStore } from '../store'
import type { RawAnswer, RawOffer } from '../store/types'
import { Button } from '../widgets/Button'
import { Dialog } from '../widgets/Dialog'
import { formatBytes } from '../lib/format'
import './RawDialog.css'

const KEY = 'ptarmigan-raw'

type Kept = { cpu: RawCpu; addresses: Record<string, string> }

function remembered(): Kept {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null')
    if (isKept(kept)) return { cpu: { ...unknownCpu, ...kept.cpu }, addresses: kept.addresses }
  } catch {
    // Nothing remembered, or storage is switched off.
  }
  return { cpu: unknownCpu, addresses: {} }
}

function isKept(value: unknown): value is Kept {
  return typeof value === 'object' && value !== null && 'cpu' in value && 'addresses' in value && typeof value.cpu === 'object'
}

function remember(kept: Kept): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept))
  } catch {
    // Not remembered, but in force.
  }
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)
const numbers: readonly { key: keyof RawCpu; label: string; hint: string }[] = [
  { key: 'nomFreq', label: 'Nominal frequency', hint: 'in 100 MHz: 24 for 2.4 GHz. Without it times are TSC ticks' },
  { key: 'mtcFreq', label: 'MTC period', hint: 'mtc_period of the recorder, 0 to 15' },
  { key: 'cpuid15Eax', label: 'CPUID 0x15 eax', hint: 'with ebx: TSC ticks to crystal ticks' },
  { key: 'cpuid15Ebx', label: 'CPUID 0x15 ebx', hint: '' },
  { key: 'family', label: 'CPU family', hint: '6 on Intel Core and Xeon' },
  { key: 'model', label: 'CPU model', hint: '' },
  { key: 'stepping', label: 'CPU stepping', hint: '' },
]

/** Hex with or without 0x; null when it is no address. */
function addressOf(text: string): bigint | null {
  const digits = text.trim().replace(/^0x/i, '')
  return /^[0-9a-f]{1,16}$/i.test(digits) ? BigInt(`0x${digits}`) : null
}

/** What the form says, or the sentence why it cannot be used. */
function answerOf(offer: RawOffer, texts: readonly string[], cpu: RawCpu): RawAnswer | string {
  const addresses: RawAnswer['addresses'] = []
  for (const [row, { path, elf }] of offer.code.entries()) {
    const text = texts[row] ?? ''
    const address = addressOf(text)
    if (text.trim() !== '' && address === null) return `${nameOf(path)}: "${text}" is not a hexadecimal address.`
    addresses.push(text.trim() === '' ? (elf ? null : undefined) : address)
  }
  if (cpu.mtcFreq > 15) return 'The MTC period is a number from 0 to 15.'
  return { cpu, addresses }
}

export function RawDialog() {
  const offer = useStore((store) => store.session.raw)
  return offer ? <RawForm offer={offer} /> : null
}

function RawForm({ offer }: { offer: RawOffer }) {
  const answerRaw = useStore((store) => store.answerRaw)
  const [kept] = useState(remembered)
  const [cpu, setCpu] = useState(kept.cpu)
  const [texts, setTexts] = useState(() => offer.code.map(({ path }) => kept.addresses[nameOf(path)] ?? ''))
  const [problem, setProblem] = useState('')
  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    const answer = answerOf(offer, texts, cpu)
    if (typeof answer === 'string') return setProblem(answer)
    const addresses = Object.fromEntries(offer.code.map(({ path }, row) => [nameOf(path), texts[row] ?? '']))
    remember({ cpu, addresses: { ...kept.addresses, ...addresses } })
    void answerRaw(answer)
  }
  return (
    <Dialog title="Raw Intel PT packets" onClose={() => void answerRaw(null)}>
      <form className="raw" onSubmit={submit}>
        <p>
          <strong>{offer.stream}</strong> is a stream of packets without perf’s records: it does not say what code ran where, nor on what
          CPU.
        </p>
        <fieldset>
          <legend>Code</legend>
          {offer.code.length === 0 && (
            <p className="raw-hint">No code was dropped with it: its packets are shown. Drop the program with it to see what ran.</p>
          )}
          {offer.code.map(({ path, bytes, elf }, row) => (
            <label key={path} className="raw-row">
              <span className="raw-name" title={path}>
                {nameOf(path)}
              </span>
              <span className="raw-hint">{`${elf ? 'ELF' : 'flat code'}, ${formatBytes(bytes)}`}</span>
              <input
                type="text"
                spellCheck={false}
                placeholder={elf ? 'its own addresses' : 'address (empty: not used)'}
                aria-label={`Address of ${nameOf(path)}`}
                value={texts[row] ?? ''}
                onChange={(event) => setTexts(texts.map((text, at) => (at === row ? event.target.value : text)))}
              />
            </label>
          ))}
        </fieldset>
        <fieldset>
          <legend>CPU</legend>
          {numbers.map(({ key, label, hint }) => (
            <label key={key} className="raw-row">
              <span>{label}</span>
              <span className="raw-hint">{hint}</span>
              <input
                type="number"
                min={0}
                placeholder="not known"
                value={cpu[key] === 0 ? '' : cpu[key]}
                onChange={(event) => setCpu({ ...cpu, [key]: Math.max(0, Math.trunc(Number(event.target.value) || 0)) })}
              />
            </label>
          ))}
          <label className="raw-row">
            <span>CR3 filter</span>
            <span className="raw-hint">only code under one CR3 was traced: a MOV CR3 may end it</span>
            <input type="checkbox" checked={cpu.cr3Filter === 1} onChange={(event) => setCpu({ ...cpu, cr3Filter: event.target.checked ? 1 : 0 })} />
          </label>
        </fieldset>
        {problem !== '' && (
          <p className="raw-problem" role="alert">
            {problem}
          </p>
        )}
        <div className="raw-buttons">
          <Button onClick={() => void answerRaw(null)}>Cancel</Button>
          <Button kind="primary" type="submit">
            Open
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
