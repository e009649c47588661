// SPDX-License-Identifier: Apache-2.0
// Keeping the open trace in this browser, and all that is kept there.
import { useEffect } from 'react'
import { formatBytes } from '../lib/format'
import { useStore } from '../store'
import { Button } from '../widgets/Button'
import { Dialog } from '../widgets/Dialog'
import { ProgressBar } from '../widgets/ProgressBar'
import { KeptList, KeptProblem, Room, useOpenKept } from './KeptTraces'

/** `view`: the link's fragment to reopen the trace with. */
type Props = { view(): string; onClose(): void }

function KeepThis({ view }: Pick<Props, 'view'>) {
  const { fileName, files, keptId, keptFiles } = useStore((store) => store.session)
  const copying = useStore((store) => store.library.copying)
  const keepTrace = useStore((store) => store.keepTrace)
  const stopKeeping = useStore((store) => store.stopKeeping)
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0)
  const isKept = keptId !== '' && keptFiles === files
  if (copying)
    return (
      <div className="kept-copying">
        <p role="status">
          Copying {fileName}: {formatBytes(copying.bytesDone)} of {formatBytes(copying.bytesTotal)}
        </p>
        <ProgressBar share={copying.bytesTotal > 0 ? copying.bytesDone / copying.bytesTotal : 0} label="Copying" />
        <Button onClick={stopKeeping}>Stop</Button>
      </div>
    )
  if (isKept) return <p role="status">{fileName} is kept, as it is open now.</p>
  return (
    <div className="kept-offer">
      <p>
        {keptId === ''
          ? `A copy of ${fileName} and its binaries (${formatBytes(bytes)}) stays in this browser, on this machine: it opens from the start page without the files and without network.`
          : `${fileName} is kept, but binaries were added since.`}
      </p>
      <Button kind="primary" icon="keep" disabled={files.length === 0} onClick={() => void keepTrace(view())}>
        {keptId === '' ? 'Keep this trace' : 'Keep it with them'}
      </Button>
    </div>
  )
}

export function LibraryDialog({ view, onClose }: Props) {
  const works = useStore((store) => store.library.works)
  const count = useStore((store) => store.library.traces.length)
  const refreshLibrary = useStore((store) => store.refreshLibrary)
  const open = useOpenKept()
  useEffect(() => void refreshLibrary(), [refreshLibrary])
  return (
    <Dialog title="Kept in this browser" onClose={onClose}>
      <div className="kept">
        {works ? <KeepThis view={view} /> : <p>This browser has no file system for pages (or the page came by http:), so traces cannot be kept in it.</p>}
        <KeptProblem />
        {count > 0 && (
          <KeptList
            onOpen={(id) => {
              onClose()
              void open(id)
            }}
          />
        )}
        <Room />
      </div>
    </Dialog>
  )
}
