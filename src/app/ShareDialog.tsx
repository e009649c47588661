// SPDX-License-Identifier: Apache-2.0
// The share dialog: a link to the view, a bundle to save, and the upload, each
// with a sentence on who can read what.
import { useEffect, useMemo, useState, type ReactNode } from 'react'
import type { Result } from '../lib/result'
import { threadLabel, traceDuration } from '../model/names'
import { noRedaction, type Redaction, type SymbolChoice } from '../share/redaction'
import { emptyView, viewParameters } from '../share/permalink'
import { exportBundle, useStore, type BundleFile } from '../store'
import { Button } from '../widgets/Button'
import { Dialog } from '../widgets/Dialog'
import { durationText } from '../widgets/number-text'
import { BundleLink } from './BundleLink'
import { BundleContents } from './BundleContents'
import { linkedView, selectedInstruction } from './link-view'
import { ShareUpload } from './ShareUpload'
import { sizeText } from './share-text'
import './ShareDialog.css'

type Props = { onCopyLink(): Promise<boolean>; onClose(): void }

function CopyLink({ onCopyLink }: { onCopyLink(): Promise<boolean> }) {
  const [copied, setCopied] = useState<boolean | null>(null)
  const fileName = useStore((store) => store.session.fileName)
  return (
    <section aria-labelledby="share-link">
      <h3 id="share-link">Link to this view</h3>
      <p>
        Holds the view, not the trace: whoever has {fileName} too opens it and sees what you see. Nothing is sent anywhere.
      </p>
      <Button icon={copied ? 'check' : 'copy'} onClick={() => void onCopyLink().then(setCopied)}>
        {copied ? 'Copied' : 'Copy link'}
      </Button>
      {copied === false && <p role="alert">The browser did not allow it: copy the address of this page instead, it is the same link.</p>}
    </section>
  )
}

type Choice = { name: keyof Omit<Redaction, 'symbols'>; label: string }
const choices: readonly Choice[] = [
  { name: 'host', label: 'Host name and kernel release' },
  { name: 'commandLine', label: 'Command line' },
  { name: 'comms', label: 'Names of processes and threads' },
  { name: 'paths', label: 'Paths and build-ids of binaries' },
  { name: 'lines', label: 'Source files and lines' },
  { name: 'addresses', label: 'Addresses in memory' },
]

const symbolChoices: readonly { choice: SymbolChoice; label: string }[] = [
  { choice: 'keep', label: 'keep' },
  { choice: 'hash', label: 'replace' },
  { choice: 'drop', label: 'leave out' },
]

function RedactionFields({ redaction, onChange }: { redaction: Redaction; onChange(redaction: Redaction): void }) {
  return (
    <fieldset>
      <legend>Leave out</legend>
      {choices.map(({ name, label }) => (
        <label key={name}>
          <input type="checkbox" checked={redaction[name]} onChange={(event) => onChange({ ...redaction, [name]: event.target.checked })} />
          {label}
        </label>
      ))}
      <label>
        Names of functions
        <select
          value={redaction.symbols}
          onChange={(event) => onChange({ ...redaction, symbols: symbolChoices.find(({ choice }) => choice === event.target.value)?.choice ?? 'keep' })}
        >
          {symbolChoices.map(({ choice, label }) => (
            <option key={choice} value={choice}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  )
}

/** Which part of the trace, and of whom. */
function useParts() {
  const range = useStore((store) => store.view.range)
  const thread = useStore((store) => store.view.thread)
  const threads = useStore((store) => store.session.threads)
  const info = useStore((store) => store.session.info)
  const [ranged, setRanged] = useState(range !== null)
  const [single, setSingle] = useState(false)
  return {
    range: ranged ? range : null,
    threads: single && thread !== null ? [thread] : null,
    fields: (more: ReactNode) => (
      <fieldset>
        <legend>Take</legend>
        <label>
          <input type="radio" name="share-range" checked={!ranged} onChange={() => setRanged(false)} />
          The whole trace ({durationText(traceDuration(info))})
        </label>
        <label>
          <input type="radio" name="share-range" checked={ranged} disabled={!range} onChange={() => setRanged(true)} />
          {range ? `The selected range (${durationText(range.end_ns - range.start_ns)})` : 'A range: select one first'}
        </label>
        <label>
          <input
            type="checkbox"
            checked={single && thread !== null}
            disabled={thread === null}
            onChange={(event) => setSingle(event.target.checked)}
          />
          {thread === null ? 'One thread only: choose it first' : `Only ${threadLabel(threads, thread)}`}
        </label>
        {more}
      </fieldset>
    ),
  }
}

/** The bundle for the choices made, made again when they change. */
function useBundle(wish: Parameters<typeof exportBundle>[0] | null): Result<BundleFile, string> | null {
  const [made, setMade] = useState<{ wish: unknown; result: Result<BundleFile, string> } | null>(null)
  useEffect(() => {
    if (!wish) return
    const given = new AbortController()
    void exportBundle(wish, given.signal).then((result) => given.signal.aborted || setMade({ wish, result }))
    return () => given.abort()
  }, [wish])
  return made && made.wish === wish ? made.result : null
}

/** Hands a file to the browser to save. */
function save(file: File): void {
  const url = URL.createObjectURL(file)
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = file.name
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

export function ShareDialog({ onCopyLink, onClose }: Props) {
  const status = useStore((store) => store.session.status)
  const session = useStore((store) => store.session)
  const view = useStore((store) => store.view)
  const parts = useParts()
  const [redaction, setRedaction] = useState(noRedaction)
  const [withSources, setWithSources] = useState(false)
  const sourceCount = session.sources.length
  const { range, threads } = parts
  const thread = threads?.[0] ?? null
  const wish = useMemo(() => {
    if (status !== 'ready') return null
    const linked = linkedView(view, session)
    // Ordinals and offsets count from the start of what is shared, and a search is a name.
    const cut = range !== null || thread !== null
    const shared = {
      ...linked,
      ...(cut && { instruction: null, packet: null, top: null, packetTop: null }),
      ...(redaction.symbols !== 'keep' && { search: '', flame: emptyView.flame, flameAt: emptyView.flameAt }),
      ...(redaction.addresses && { search: '', block: null }),
    }
    const selected = { instruction: selectedInstruction(view, session), packet: view.packet }
    const sources = withSources && sourceCount > 0
    return { range, threads: thread === null ? null : [thread], redaction, withSources: sources, title: '', note: '', view: viewParameters(shared).toString(), ...(cut && { selected }) }
  }, [status, view, session, range, thread, redaction, withSources, sourceCount])
  const bundle = useBundle(wish)
  return (
    <Dialog title="Share" onClose={onClose}>
      <div className="share">
        <CopyLink onCopyLink={onCopyLink} />
        <section aria-labelledby="share-bundle">
          <h3 id="share-bundle">Bundle</h3>
          <p>One file with the trace and the code, symbols and lines it needs. It opens anywhere, and whoever gets it can read all of it.</p>
          <div className="share-choices">
            {parts.fields(
              <label>
                <input
                  type="checkbox"
                  checked={withSources && sourceCount > 0 && !redaction.lines}
                  disabled={sourceCount === 0 || redaction.lines}
                  onChange={(event) => setWithSources(event.target.checked)}
                />
                {sourceCount === 0 ? 'Source texts: drop the files onto the page first' : 'Source texts of the executed code'}
              </label>,
            )}
            <RedactionFields redaction={redaction} onChange={setRedaction} />
          </div>
          {status !== 'ready' && <p>A bundle can be made when decoding is over.</p>}
          {status === 'ready' && !bundle && <p role="status">Making the bundle…</p>}
          {bundle && !bundle.ok && <p role="alert">{bundle.error}</p>}
          {bundle?.ok && (
            <>
              <BundleContents contents={bundle.value.contents} />
              <Button kind="primary" icon="file" onClick={() => save(bundle.value.file)}>
                Export bundle ({sizeText(bundle.value.file.size)})
              </Button>
              <BundleLink bundle={bundle.value} />
            </>
          )}
        </section>
        {bundle?.ok && (
          <ShareUpload
            what={`the bundle above (${sizeText(bundle.value.file.size)})`}
            makeFile={() => Promise.resolve({ ok: true, value: { file: bundle.value.file, fileName: bundle.value.file.name } })}
          />
        )}
      </div>
    </Dialog>
  )
}
