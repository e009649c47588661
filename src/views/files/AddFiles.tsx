// SPDX-License-Identifier: Apache-2.0
// Buttons that offer files or a whole folder; dropping works anywhere.
import { useRef } from 'react'
import type { ChangeEvent } from 'react'
import { useStore } from '../../store'
import { Button } from '../../widgets/Button'

export function AddFiles() {
  const openFiles = useStore((store) => store.openFiles)
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const offer = (event: ChangeEvent<HTMLInputElement>) => {
    const given = Array.from(event.target.files ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name }))
    event.target.value = ''
    if (given.length > 0) void openFiles(given)
  }
  return (
    <div className="files-add">
      <div>
        <Button kind="primary" icon="file" onClick={() => files.current?.click()}>
          Add files
        </Button>
        <Button icon="folder" onClick={() => folder.current?.click()}>
          Add folder
        </Button>
      </div>
      <p>or drop them anywhere. They stay on this machine.</p>
      <input ref={files} type="file" multiple hidden aria-label="Files to add" onChange={offer} />
      <input ref={folder} type="file" multiple hidden aria-label="Folder to add" onChange={offer} {...{ webkitdirectory: '' }} />
    </div>
  )
}
