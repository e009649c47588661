// SPDX-License-Identifier: Apache-2.0
// The upload section of the share dialog: who will be able to read it, for how
// long, the click, how far it is, and then the link and the delete token.
// Knows nothing of what is in the file that it shares.
import { useState } from 'react'
import type { Result } from '../lib/result'
import { useStore, type UploadState } from '../store'
import { Button } from '../widgets/Button'
import { CopyLine } from '../widgets/CopyLine'
import { Icon } from '../widgets/icons'
import { ProgressBar } from '../widgets/ProgressBar'
import { dateText, lifeChoices, shareSentence, sizeText, tokenFile } from './share-text'
import './ShareUpload.css'

export type ShareFile = { file: Blob; fileName: string }

type Props = {
  /** Makes what is to be shared, after the click. */
  makeFile(): Promise<Result<ShareFile, string>>
  /** What leaves, for the sentence before the click: "the trace and its code, 1.2 MB". */
  what: string
}

const DEFAULT_LIFE_S = 7 * 86_400

function Offer({ makeFile, what }: Props) {
  const server = useStore((store) => store.share.server)
  const startShare = useStore((store) => store.startShare)
  const [name, setName] = useState('')
  const [note, setNote] = useState('')
  const [life, setLife] = useState(DEFAULT_LIFE_S)
  const [problem, setProblem] = useState('')
  const [opened_ms] = useState(() => Date.now())
  if (server === null || server === 'unknown') return null
  const choices = lifeChoices(server.maxLife_s)
  const lives_s = choices.some(({ seconds }) => seconds === life) ? life : (choices.at(-1)?.seconds ?? server.maxLife_s)
  const start = async () => {
    const made = await makeFile()
    if (!made.ok) return setProblem(made.error)
    setProblem('')
    await startShare({ ...made.value, name, note, lives_s })
  }
  return (
    <form
      className="share-offer"
      onSubmit={(event) => {
        event.preventDefault()
        void start()
      }}
    >
      <label>
        <span>Name</span>
        <input value={name} maxLength={200} placeholder="What this trace shows" onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        <span>Note</span>
        <textarea value={note} maxLength={1500} rows={2} placeholder="Where to look" onChange={(event) => setNote(event.target.value)} />
      </label>
      <label>
        <span>Kept for</span>
        <select value={lives_s} onChange={(event) => setLife(Number(event.target.value))}>
          {choices.map(({ seconds, text }) => (
            <option key={seconds} value={seconds}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <p className="share-consent">
        <Icon name="info" size={14} />
        <span>{shareSentence(what, server.readers, location.host, opened_ms + lives_s * 1000)}</span>
      </p>
      {problem && (
        <p className="share-problem" role="alert">
          {problem}
        </p>
      )}
      <Button kind="primary" type="submit">
        Encrypt and upload
      </Button>
    </form>
  )
}

function Sending({ upload }: { upload: Extract<UploadState, { state: 'sending' }> }) {
  const stopShare = useStore((store) => store.stopShare)
  const { name, bytesDone, bytesTotal, waiting } = upload
  return (
    <div className="share-sending">
      <p>
        Uploading {name}: {sizeText(bytesDone)} of {sizeText(bytesTotal)}
      </p>
      <ProgressBar share={bytesTotal > 0 ? bytesDone / bytesTotal : 0} label="Uploading" />
      <p role="status" className="share-waiting">
        {waiting && `${waiting} Trying again; you may also close this page and go on later.`}
      </p>
      <Button onClick={stopShare}>Stop</Button>
    </div>
  )
}

function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = name
  anchor.click()
  URL.revokeObjectURL(url)
}

function Done({ upload }: { upload: Extract<UploadState, { state: 'done' }> }) {
  const newShare = useStore((store) => store.newShare)
  const { link, token, name, expires_ms } = upload
  return (
    <div className="share-done">
      <p>
        <Icon name="check" size={14} /> {name} is shared until {dateText(expires_ms)}.
      </p>
      <h3>Link</h3>
      <CopyLine text={link} />
      <h3>Delete token</h3>
      <CopyLine text={token} />
      <p className="share-faint">
        Who has the token can delete the share. This browser remembers it; save it to delete from elsewhere, or hand it on.
      </p>
      <div className="share-buttons">
        <Button onClick={() => saveText('ptarmigan-delete-token.txt', tokenFile(link, token, expires_ms))}>Save the delete token</Button>
        <Button kind="quiet" onClick={newShare}>
          Share again
        </Button>
      </div>
    </div>
  )
}

function Failed({ sentence }: { sentence: string }) {
  const newShare = useStore((store) => store.newShare)
  return (
    <div>
      <p className="share-problem" role="alert">
        {sentence}
      </p>
      <Button onClick={newShare}>Back</Button>
    </div>
  )
}

function KeptShares() {
  const kept = useStore((store) => store.share.kept)
  const busy = useStore((store) => store.share.upload.state === 'sending')
  const resumeShare = useStore((store) => store.resumeShare)
  const deleteShared = useStore((store) => store.deleteShared)
  const [problem, setProblem] = useState('')
  if (kept.length === 0 || busy) return null
  return (
    <section className="share-kept">
      <h3>Shared from this browser</h3>
      {problem && (
        <p className="share-problem" role="alert">
          {problem}
        </p>
      )}
      <ul>
        {kept.map((one) => (
          <li key={one.id}>
            <span className="share-kept-name">{one.name}</span>
            <span className="share-faint">{one.kind === 'share' ? `until ${dateText(one.expires_ms)}` : 'upload not finished'}</span>
            {one.kind === 'share' ? (
              <Button kind="quiet" onClick={() => void navigator.clipboard?.writeText(one.link)}>
                Copy link
              </Button>
            ) : (
              <Button kind="quiet" onClick={() => void resumeShare(one.id)}>
                Go on
              </Button>
            )}
            <Button kind="quiet" onClick={() => void deleteShared(one.id).then(setProblem)}>
              Delete
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function DeleteByToken() {
  const deleteByToken = useStore((store) => store.deleteByToken)
  const [link, setLink] = useState('')
  const [token, setToken] = useState('')
  const [outcome, setOutcome] = useState('')
  return (
    <details className="share-delete">
      <summary>Delete a share by its token</summary>
      <form
        className="share-offer"
        onSubmit={(event) => {
          event.preventDefault()
          void deleteByToken(link, token).then((problem) => setOutcome(problem || 'The share is deleted.'))
        }}
      >
        <label>
          <span>Link</span>
          <input value={link} required onChange={(event) => setLink(event.target.value)} />
        </label>
        <label>
          <span>Token</span>
          <input value={token} required onChange={(event) => setToken(event.target.value)} />
        </label>
        <p role="status" className="share-faint">
          {outcome}
        </p>
        <Button type="submit">Delete the share</Button>
      </form>
    </details>
  )
}

/** Nothing where the page's server keeps no shares (store.lookForServer asks it). */
export function ShareUpload(props: Props) {
  const server = useStore((store) => store.share.server)
  const upload = useStore((store) => store.share.upload)
  if (server === null || server === 'unknown') return null
  return (
    <section className="share-upload" aria-labelledby="share-by-link">
      <h3 id="share-by-link">Share by link</h3>
      {upload.state === 'none' && <Offer {...props} />}
      {upload.state === 'sending' && <Sending upload={upload} />}
      {upload.state === 'done' && <Done upload={upload} />}
      {upload.state === 'failed' && <Failed sentence={upload.sentence} />}
      <KeptShares />
      <DeleteByToken />
    </section>
  )
}
