// SPDX-License-Identifier: Apache-2.0
// The share dialog: what is shared, and the upload section.
import { ok } from '../lib/result'
import { useStore } from '../store'
import { Dialog } from '../widgets/Dialog'
import { ShareUpload } from './ShareUpload'
import { sizeText } from './share-text'

export function ShareDialog({ onClose }: { onClose(): void }) {
  const file = useStore((store) => store.session.file)
  const fileName = useStore((store) => store.session.fileName)
  if (!(file instanceof Blob)) return null
  return (
    <Dialog title="Share" onClose={onClose}>
      <ShareUpload
        what={`${fileName} (${sizeText(file.size)}, without its binaries)`}
        makeFile={() => Promise.resolve(ok({ file, fileName }))}
      />
    </Dialog>
  )
}
