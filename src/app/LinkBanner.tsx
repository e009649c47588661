// SPDX-License-Identifier: Apache-2.0
// Tells of a link that waits for its trace, or is of another one than is open.
import { useStore } from '../store'
import { Banner } from '../widgets/Banner'
import { Button } from '../widgets/Button'
import { linkSentence, type Links } from './use-links'
import type { Updates } from './use-updates'

export function LinkBanner({ links, updates }: { links: Links; updates: Updates }) {
  const bundle = useStore((store) => store.bundle)
  const sentence = linkSentence(links.link)
  const words = bundle ? [bundle.title, bundle.note, ...bundle.left].filter((text) => text !== '').join(' ') : ''
  return (
    <>
      {sentence && (
        <Banner
          kind={links.link.state === 'other' ? 'warn' : 'note'}
          onClose={links.dismiss}
          actions={links.link.state === 'other' && <Button onClick={links.follow}>Show it here anyway</Button>}
        >
          {sentence}
        </Banner>
      )}
      {links.remote.state === 'opening' ? (
        <Banner kind="note" actions={<Button onClick={links.cancelRemote}>Cancel</Button>}>
          {links.remote.sentences[0]}
        </Banner>
      ) : (
        links.remote.sentences.map((text) => (
          <Banner key={text} kind={links.remote.state === 'failed' ? 'danger' : 'warn'}>
            {text}
          </Banner>
        ))
      )}
      {updates.ready && (
        <Banner kind="note" actions={<Button onClick={updates.takeOver}>Reload now</Button>}>
          A new version is ready. It is used once you reload; what is open now has to be opened again then.
        </Banner>
      )}
      {links.newer && <Banner kind="warn">{links.newer}</Banner>}
      {words && <Banner kind="note">This is a bundle. {words}</Banner>}
    </>
  )
}
