// SPDX-License-Identifier: Apache-2.0
// The sheet of keyboard shortcuts.
import { Dialog } from '../widgets/Dialog'
import { sheet } from './shortcuts'
import './ShortcutsSheet.css'

export function ShortcutsSheet({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keyboard and pointer" onClose={onClose}>
      <div className="shortcuts">
        {sheet.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, meaning]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
