// SPDX-License-Identifier: Apache-2.0
// What was loaded, what is missing and what that costs, how to get it, and
// every gap by reason.
import { infoValue, whyNoPath } from '../../model/names'
import { useStore, useTable } from '../../store'
import { CopyLine } from '../../widgets/CopyLine'
import { EmptyState } from '../../widgets/EmptyState'
import { Icon } from '../../widgets/icons'
import { bytesText } from '../../widgets/number-text'
import { AddFiles } from './AddFiles'
import { BinaryTable } from './BinaryTable'
import { GapLedger } from './GapLedger'
import { collectLines, factsOf, guestWishes, helpfulPaths, summarise, type GuestWish, type ImageSummary } from './layout'
import { Outcomes } from './Outcomes'
import './files.css'

export default function FilesView() {
  const session = useStore((store) => store.session)
  const gaps = useTable('gaps', session.info === null ? null : {})
  const split = useTable('split_files', session.info === null ? null : {})
  const { images, info } = session
  if (info === null || images === null)
    return (
      <section className="files" aria-label="Files">
        <EmptyState title="No trace is open">
          <p>Open a perf.data (of Intel PT, BTS, branch stacks or samples), together with the programs and libraries that ran.</p>
          <AddFiles />
        </EmptyState>
        <Outcomes outcomes={session.outcomes} />
      </section>
    )
  const { facts, warnings } = factsOf(info)
  const summary = summarise(images)
  const bySamples = whyNoPath(info) !== ''
  const paths = helpfulPaths(images)
  const wishes = guestWishes(images)
  return (
    <section className="files" aria-label="Files">
      <div className="files-page">
        <header className="files-head">
          <div>
            <h2>{session.fileName}</h2>
            <p className="files-lead">{summarySentence(summary, bySamples)}</p>
          </div>
          <AddFiles />
        </header>
        <Outcomes outcomes={session.outcomes} />
        {warnings.map((warning) => (
          <p key={warning} className="files-warning">
            <Icon name="warning" size={14} />
            <span>{warning}</span>
          </p>
        ))}
        <div className="files-columns">
          <div className="files-main">
            <section aria-labelledby="files-binaries">
              <h3 id="files-binaries">Binaries</h3>
              <BinaryTable images={images} split={split} bySamples={bySamples} />
            </section>
            {paths.length === 0 ? null : <Collect paths={paths} hostname={infoValue(info, 'hostname')} />}
            {wishes.map((wish) => (
              <CollectGuest key={wish.of} wish={wish} />
            ))}
            <section aria-labelledby="files-gaps">
              <h3 id="files-gaps">Where trace is missing</h3>
              <GapLedger answer={gaps} />
            </section>
          </div>
          <section className="files-facts" aria-labelledby="files-facts">
            <h3 id="files-facts">The recording</h3>
            <dl>
              {facts.map((fact, index) => (
                <div key={`${fact.key} ${index}`}>
                  <dt>{fact.label}</dt>
                  <dd className={fact.key === 'command_line' ? 'mono' : ''}>{fact.value}</dd>
                </div>
              ))}
            </dl>
          </section>
        </div>
      </div>
    </section>
  )
}

function summarySentence({ loaded, wanted, missing, mismatched, lost_bytes }: ImageSummary, bySamples: boolean): string {
  const ran = bySamples ? 'that samples were taken in' : 'that the trace ran'
  if (wanted === 0) return 'No binary was needed so far.'
  const cost = lost_bytes > 0 ? ` ${bytesText(lost_bytes)} of trace cannot be followed for want of code.` : ''
  if (wanted === 1) {
    const state = loaded === 1 ? 'loaded' : missing === 1 ? 'missing' : 'there in another build only'
    return `The one binary ${ran} is ${state}.${cost}`
  }
  const have =
    loaded === wanted
      ? `All ${wanted} binaries ${ran} are loaded.`
      : `${loaded} of ${wanted} binaries ${ran} are loaded.`
  const wrong = [missing > 0 ? `${missing} missing` : '', mismatched > 0 ? `${mismatched} not the one that ran` : '']
    .filter((part) => part !== '')
    .join(', ')
  return `${have}${wrong === '' ? '' : ` ${wrong}.`}${cost}`
}

/** The lines that fetch what is missing. */
function Collect({ paths, hostname }: { paths: readonly string[]; hostname: string }) {
  const lines = collectLines(paths, hostname)
  return (
    <section aria-labelledby="files-collect">
      <h3 id="files-collect">Getting what is missing</h3>
      <p>
        {paths.length === 1 ? 'This line copies the missing file' : `These lines copy the ${paths.length} missing files`} into a folder{' '}
        <code>binaries</code>, paths included. Then add that folder: files are matched by build-id first, then by path.
      </p>
      <p className="files-step">From the traced machine{hostname === '' ? '' : ` (${hostname})`}, over ssh</p>
      <CopyLine text={lines.remote} />
      <p className="files-step">If it was traced on this machine</p>
      <CopyLine text={lines.local} />
      <p className="files-note">
        A file that was replaced since has another build-id and is refused: a wrong binary would give wrong numbers.{' '}
        <code>perf archive</code>, run on the traced machine right after recording, keeps the exact files; unpack its archive and add the
        folder.
      </p>
    </section>
  )
}

/** The same of a virtual machine. */
function CollectGuest({ wish: { of, line, kernel } }: { wish: GuestWish }) {
  return (
    <section aria-labelledby={`files-guest-${of}`}>
      <h3 id={`files-guest-${of}`}>Getting what the guest of process {of} ran</h3>
      {line === '' ? null : (
        <>
          <p>
            Copy it, from that guest, into a folder <code>guests/{of}</code>, and add the folder <code>guests</code>: what lies below <code>{of}</code> is
            taken for that guest’s.
          </p>
          <CopyLine text={line} />
        </>
      )}
      {kernel ? (
        <p className="files-note">
          Code of its kernel is missing. Record the guest with <code>perf record -a --kcore</code> and add that folder, or put its <code>kallsyms</code> and a
          copy of its <code>kcore</code> into <code>guests/{of}/proc</code>.
        </p>
      ) : null}
    </section>
  )
}
