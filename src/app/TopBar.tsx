// SPDX-License-Identifier: Apache-2.0
// The bar on top: which trace, its facts, how far decoding is, and what can be
// done with the whole page.
import { useEffect, useMemo } from 'react'
import { useStore } from '../store'
import { Button, IconButton } from '../widgets/Button'
import { ProgressBar } from '../widgets/ProgressBar'
import { Mark } from './Brand'
import { FileButton } from './FileButtons'
import { ThemeToggle } from './ThemeToggle'
import { progressText, stoppedSentence, traceChips } from './trace-facts'
import './TopBar.css'

function Chips() {
  const info = useStore((store) => store.session.info)
  const threads = useStore((store) => store.session.threads)
  const chips = useMemo(() => (info ? traceChips(info, threads) : []), [info, threads])
  return (
    <ul className="chips">
      {chips.map(({ id, text, title }) => (
        <li key={id} title={title}>
          {text}
        </li>
      ))}
    </ul>
  )
}

function DecodeProgress() {
  const status = useStore((store) => store.session.status)
  const progress = useStore((store) => store.session.progress)
  const cancel = useStore((store) => store.cancel)
  const resume = useStore((store) => store.resume)
  if (status !== 'decoding' && status !== 'cancelled') return null
  const { name, detail, share } = progress ? progressText(progress) : { name: 'Decoding', detail: '', share: 0 }
  if (status === 'cancelled')
    return (
      <div className="decode-progress">
        <span>{stoppedSentence(progress)}</span>
        <Button onClick={() => void resume()}>Continue decoding</Button>
      </div>
    )
  return (
    <div className="decode-progress">
      <span>
        {name} <span className="decode-detail">{detail}</span>
      </span>
      <ProgressBar share={share} label={name} />
      <Button onClick={() => void cancel()}>Cancel</Button>
    </div>
  )
}

function KeepButton({ onKeep }: { onKeep(): void }) {
  const file = useStore((store) => store.session.file)
  const isKept = useStore(({ session }) => session.keptId !== '' && session.keptFiles === session.files)
  return (
    <Button icon={isKept ? 'check' : 'keep'} onClick={onKeep} disabled={!file} title="Keep this trace in this browser, and see what is kept">
      {isKept ? 'Kept' : 'Keep'}
    </Button>
  )
}

function ShareButton({ onShare }: { onShare(): void }) {
  const file = useStore((store) => store.session.file)
  const lookForServer = useStore((store) => store.lookForServer)
  useEffect(() => void lookForServer(), [lookForServer])
  return (
    <Button icon="share" onClick={onShare} disabled={!file} title="Share this view or this trace (Shift S)">
      Share
    </Button>
  )
}

export function TopBar({ onHelp, onShare, onKeep }: { onHelp(): void; onShare(): void; onKeep(): void }) {
  const fileName = useStore((store) => store.session.fileName)
  const closeTrace = useStore((store) => store.closeTrace)
  return (
    <header className="top-bar">
      <button type="button" className="brand" title="Close this trace and go to the start page" onClick={() => void closeTrace()}>
        <Mark size={20} />
        <span>Ptarmigan</span>
      </button>
      <h1 title={fileName}>{fileName}</h1>
      <Chips />
      <span className="toolbar-space" />
      <DecodeProgress />
      <KeepButton onKeep={onKeep} />
      <ShareButton onShare={onShare} />
      <FileButton label="Add files" icon="plus" />
      <ThemeToggle />
      <IconButton icon="help" label="Keyboard shortcuts (?)" onClick={onHelp} />
    </header>
  )
}
