// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { lifeChoices, shareSentence, sizeText, tokenFile } from './share-text'

it('offers what the server allows', () => {
  expect(lifeChoices(30 * 86_400).map(({ text }) => text)).toEqual(['an hour', 'a day', 'a week', '30 days'])
  expect(lifeChoices(600)).toEqual([{ seconds: 600, text: '10 minutes' }])
})

it('says who can read it before the click', () => {
  const sentence = shareSentence('web.ptm, 1.2 MB,', 'anyone who has the link', 't.example', 0)
  expect(sentence).toMatch(
    /^Anyone who has the link will be able to read web\.ptm, 1\.2 MB, until .*1970.*It is encrypted in this browser first: t\.example keeps it and cannot read it\.$/,
  )
})

it('a saved delete token has no key in it', () => {
  expect(tokenFile('https://t.example/#share=00ff.SECRET-KEY', 'TOKEN', 0)).toBe(
    'Ptarmigan delete token\n\nshare: https://t.example/#share=00ff\ntoken: TOKEN\nexpires by itself: 1970-01-01T00:00:00.000Z\n\nIt deletes the share and reads nothing. In a shell: npx ptarmigan unshare LINK TOKEN\n',
  )
})

it('sizes are short', () => {
  expect([5, 2048, 5_000_000].map(sizeText)).toEqual(['5 bytes', '2 KB', '4.8 MB'])
})
