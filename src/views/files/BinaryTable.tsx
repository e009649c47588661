// SPDX-License-Identifier: Apache-2.0
// The binaries of the trace: state, build-ids, what ran in them, what the
// missing ones cost.
import { pluralText } from '../../lib/exact-text'
import { textAt } from '../../lib/text-column'
import { yesOrNo } from '../../model/detail-codecs'
import { baseName } from '../../model/places'
import { missingSplit, splitSentence, type MissingSplit } from '../../model/split-files'
import type { ImagesTable } from '../../model/tables.gen'
import { useDetail, type TableState } from '../../store'
import { Button } from '../../widgets/Button'
import { bytesText, countText } from '../../widgets/number-text'
import { guestHint, guestMark, imageRows, imageState, shortBuildId, type ImageState } from './layout'

const words: Record<ImageState, string> = {
  loaded: 'loaded',
  missing: 'missing',
  mismatched: 'mismatched',
  unneeded: 'not needed',
  nothing: 'no file',
}
const hints: Record<ImageState, string> = {
  loaded: 'Given, and its build-id or path fits',
  missing: 'Needed, but not given: its code is a gap, or its functions have no names',
  mismatched: 'Given, but its build-id is not the one that ran: refused',
  unneeded: 'Mapped, but no trace was lost for want of it so far',
  nothing: 'Memory without a file: vDSO, JIT code, heap',
}
const firstShown = 40
/** Of the .dwo files of one binary. */
const mostSplit = 200

/** `bySamples`: nothing was followed, so that what counts is samples. */
export function BinaryTable({ images, split, bySamples }: { images: ImagesTable; split: TableState<'split_files'>; bySamples: boolean }) {
  const [all, setAll] = useDetail('files.all', yesOrNo)
  const rows = imageRows(images)
  const table = split.state === 'ready' ? split.table : split.state === 'loading' ? split.previous : null
  const missing = new Map(table === null ? [] : missingSplit(table).map((one) => [one.image, one]))
  const shown = all ? rows : rows.slice(0, firstShown)
  if (rows.length === 0)
    return (
      <p className="files-note">The trace maps no executable file. It was perhaps cut short: sideband records come before the trace.</p>
    )
  return (
    <>
      <div className="files-scroll" tabIndex={0} role="group" aria-label="Table of binaries">
        <table className="files-table">
          <thead>
            <tr>
              <th scope="col">Path</th>
              <th scope="col">State</th>
              <th scope="col">Build-id</th>
              <th scope="col" className="is-number files-wide">
                Symbols
              </th>
              <th scope="col" className="is-number">
                {bySamples ? (
                  'Samples'
                ) : (
                  <>
                    Executed <small>insn</small>
                  </>
                )}
              </th>
              <th scope="col" className="is-number">
                Costs
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <BinaryRow key={row} images={images} row={row} bySamples={bySamples} split={missing.get(row) ?? null} />
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown.length ? <Button onClick={() => setAll(true)}>Show all {countText(rows.length)} binaries</Button> : null}
    </>
  )
}

type BinaryRowProps = { images: ImagesTable; row: number; bySamples: boolean; split: MissingSplit | null }

function BinaryRow({ images, row, bySamples, split }: BinaryRowProps) {
  const path = textAt(images.path, row)
  const state = imageState(images, row)
  const message = textAt(images.message, row)
  const shared = textAt(images.alternate, row)
  const lost = images.lost_bytes[row] ?? 0
  const nameless = state === 'missing' || state === 'mismatched' ? (images.samples[row] ?? 0) : 0
  const wanted = textAt(images.build_id, row)
  const own = textAt(images.own_build_id, row)
  const name = baseName(path)
  const guest = guestMark(images, row)
  return (
    <>
      <tr className={message === '' && split === null ? '' : 'has-message'}>
        <th scope="row" title={path}>
          <span className="files-dir">{path.slice(0, path.length - name.length)}</span>
          {name}
          {guest === '' ? null : (
            <span className="files-guest" title={guestHint(images.machine[row] ?? 0)}>
              {guest}
            </span>
          )}
        </th>
        <td>
          <span className={`files-tag is-${state}`} title={hints[state]}>
            {words[state]}
          </span>
        </td>
        <BuildIds wanted={wanted} own={own} />
        <td className="is-number files-wide">{state === 'loaded' ? countText(images.symbols[row] ?? 0) : ''}</td>
        <td className="is-number">{countText((bySamples ? images.samples : images.instructions)[row] ?? 0)}</td>
        <td className="is-number">
          {lost > 0 ? <span className="files-cost">{bytesText(lost)}</span> : ''}
          {(images.gaps[row] ?? 0) > 0 ? <small>{pluralText(images.gaps[row] ?? 0, 'gap')}</small> : null}
          {nameless > 0 ? <small>{pluralText(nameless, 'nameless sample')}</small> : null}
        </td>
      </tr>
      {message === '' ? null : (
        <tr className="files-message">
          <td colSpan={6}>{message}</td>
        </tr>
      )}
      {shared === '' || images.alternate_given[row] === 1 ? null : (
        <tr className="files-message">
          <td colSpan={6}>{shared}, in which it shares debug information with other binaries, is missing: functions inlined in it have no names.</td>
        </tr>
      )}
      {split === null ? null : (
        <tr className="files-message">
          <td colSpan={6}>
            <details>
              <summary>{splitSentence(split)}</summary>
              <ul className="mono files-split">
                {split.paths.slice(0, mostSplit).map((one) => (
                  <li key={one}>{one}</li>
                ))}
                {split.paths.length > mostSplit ? <li>and {countText(split.paths.length - mostSplit)} more</li> : null}
              </ul>
            </details>
          </td>
        </tr>
      )}
    </>
  )
}

/** The wanted one; below it the given one when it is another. */
function BuildIds({ wanted, own }: { wanted: string; own: string }) {
  const other = own !== '' && own !== wanted
  return (
    <td className="mono files-ids">
      <span title={wanted === '' ? 'The recording does not say which build ran' : `wanted ${wanted}`}>
        {wanted === '' ? '–' : shortBuildId(wanted)}
      </span>
      {other ? (
        <span className={wanted === '' ? '' : 'is-wrong'} title={`given ${own}`}>
          given {shortBuildId(own)}
        </span>
      ) : null}
    </td>
  )
}
