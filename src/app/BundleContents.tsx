// SPDX-License-Identifier: Apache-2.0
// Exactly what a bundle holds, before it leaves: sizes, and every name in it.
import type { Contents } from '../share/make-bundle'
import { sizeText } from './share-text'

const MOST_NAMES = 2000

function Names({ one, title, names }: { one: string; title: string; names: readonly string[] }) {
  const shown = names.filter((name) => name !== '').toSorted()
  if (shown.length === 0) return null
  return (
    <details>
      <summary>
        {shown.length.toLocaleString('en')} {shown.length === 1 ? one : title}
      </summary>
      <ul>
        {shown.slice(0, MOST_NAMES).map((name) => (
          <li key={name}>{name}</li>
        ))}
        {shown.length > MOST_NAMES && <li>and {(shown.length - MOST_NAMES).toLocaleString('en')} more</li>}
      </ul>
    </details>
  )
}

export function BundleContents({ contents }: { contents: Contents }) {
  const { traceBytes, codeBytes, images, comms, paths, symbols, files, sources, left } = contents
  return (
    <div className="share-contents" data-testid="bundle-contents">
      <p>
        {sizeText(traceBytes)} of trace and {sizeText(codeBytes)} of executed code leave this machine in it, with these names:
      </p>
      <Names one="name of processes and threads" title="names of processes and threads" names={comms} />
      <Names one="binary whose code is in it" title="binaries whose code is in it" names={images} />
      <Names one="path of a mapping" title="paths of mappings" names={paths} />
      <Names one="function" title="functions" names={symbols} />
      <Names one="source file (its name, not its text)" title="source files (their names, not their text)" names={files.filter((file) => !sources.includes(file))} />
      <Names one="source file with its text" title="source files with their text" names={sources} />
      {comms.length === 0 && <p>The trace goes as it is, with everything perf record wrote into it: names, host, command line.</p>}
      {left.length > 0 && (
        <ul className="share-left">
          {left.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </div>
  )
}
