// SPDX-License-Identifier: Apache-2.0
// "Choose files" and "Choose folder": buttons in front of hidden file inputs.
import { useRef } from 'react'
import { useStore } from '../store'
import { Button } from '../widgets/Button'
import type { IconName } from '../widgets/icons'
import { chosenFiles } from './open-files'

type Props = { label: string; icon: IconName; folder?: boolean; kind?: 'plain' | 'primary' | 'quiet'; className?: string }

export function FileButton({ label, icon, folder = false, kind = 'plain', className = '' }: Props) {
  const input = useRef<HTMLInputElement>(null)
  const openFiles = useStore((store) => store.openFiles)
  return (
    <>
      <Button kind={kind} icon={icon} className={className} onClick={() => input.current?.click()}>
        {label}
      </Button>
      <input
        ref={(element) => {
          input.current = element
          element?.toggleAttribute('webkitdirectory', folder)
        }}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-label={label}
        data-testid={folder ? 'folder-input' : 'files-input'}
        onChange={(event) => {
          const files = chosenFiles(event.currentTarget.files)
          // The same file may be chosen again.
          event.currentTarget.value = ''
          void openFiles(files)
        }}
      />
    </>
  )
}
