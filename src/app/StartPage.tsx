// SPDX-License-Identifier: Apache-2.0
// What stands here before a trace is open: what this is, how to open a trace,
// how to record a good one, and why the last attempt failed.
import { formatBytes } from '../lib/format'
import { useStore } from '../store'
import type { SessionSlice } from '../store/types'
import { Button } from '../widgets/Button'
import { CopyLine } from '../widgets/CopyLine'
import { Icon } from '../widgets/icons'
import { Mark } from './Brand'
import { KeptOnStart } from './KeptTraces'
import { FileButton } from './FileButtons'
import { ThemeToggle } from './ThemeToggle'
import './StartPage.css'

const MOST_SENTENCES = 6

const hints = [
  {
    title: 'One program, with cycles',
    text: 'User code only; cyc gives IPC and sharp times.',
    command: 'perf record -e intel_pt/cyc/u -- ./program',
  },
  {
    title: 'A running process, for a second',
    text: 'A larger buffer (-m) keeps the trace whole under load.',
    command: 'perf record -e intel_pt/cyc/u -m ,64M -p PID -- sleep 1',
  },
  {
    title: 'The moments before something happens',
    text: 'Keeps only the last megabytes; kill -USR2 the recorder to take them.',
    command: 'perf record --snapshot -e intel_pt/cyc/u -m ,16M -p PID',
  },
  {
    title: 'Without Intel PT',
    text: 'Branch stacks: mispredictions, and cycles of what was sampled.',
    command: 'perf record -b -- ./program',
  },
] as const

function Problems() {
  const failure = useStore((store) => store.session.failure)
  const failed = useStore((store) => store.session.status === 'failed')
  const outcomes = useStore((store) => store.session.outcomes)
  if (failure === '') return null
  // One file's own sentence is the failure already.
  const listed = outcomes.length > 1 ? outcomes.slice(0, MOST_SENTENCES) : []
  return (
    <div className={`start-problem ${failed ? 'start-failed' : ''}`} role="alert">
      <Icon name="warning" />
      <div>
        <p>{failure}</p>
        {listed.length > 0 && (
          <ul>
            {listed.map(({ path, sentence }) => (
              <li key={path + sentence}>{sentence}</li>
            ))}
            {outcomes.length > listed.length && <li>and {outcomes.length - listed.length} more</li>}
          </ul>
        )}
      </div>
    </div>
  )
}

/** An archive is unpacked before its trace is opened: that takes time, and is shown. */
function openingText(fileName: string, progress: SessionSlice['progress']): string {
  if (!progress) return `Opening ${fileName}…`
  return `Unpacking ${fileName}: ${formatBytes(progress.bytesDone)} of ${formatBytes(progress.bytesTotal)}…`
}

export function StartPage() {
  const opening = useStore((store) => store.session.status === 'opening')
  const fileName = useStore((store) => store.session.fileName)
  const progress = useStore((store) => store.session.progress)
  const openExample = useStore((store) => store.openExample)
  const closeTrace = useStore((store) => store.closeTrace)
  return (
    <main className="start">
      <div className="start-corner">
        <ThemeToggle />
      </div>
      <div className="start-column">
        <header>
          <Mark size={40} />
          <h1>Ptarmigan</h1>
          <p>See every call, instruction and cycle of a program recorded with Intel PT, BTS or LBR.</p>
        </header>
        <div className="start-drop" aria-busy={opening}>
          <p className="start-drop-title">{opening ? openingText(fileName, progress) : 'Drop a perf.data here, with its binaries'}</p>
          <p>Files or whole folders, in any mix. Binaries are matched by build-id and can be added later.</p>
          <div className="start-buttons">
            <FileButton label="Choose files" icon="file" kind="primary" className="button-large" />
            <FileButton label="Choose folder" icon="folder" folder className="button-large" />
            {opening ? (
              <Button className="button-large" onClick={() => void closeTrace()}>
                Cancel
              </Button>
            ) : (
              <Button className="button-large" onClick={() => void openExample()}>
                Open the example
              </Button>
            )}
          </div>
          <p className="start-privacy">Nothing leaves this machine: the trace is decoded in this browser tab.</p>
        </div>
        <Problems />
        <KeptOnStart />
        <section aria-labelledby="start-record">
          <h2 id="start-record">Record a good trace</h2>
          <ul className="start-hints">
            {hints.map(({ title, text, command }) => (
              <li key={title}>
                <h3>{title}</h3>
                <p>{text}</p>
                <CopyLine text={command} />
              </li>
            ))}
          </ul>
        </section>
      </div>
    </main>
  )
}
