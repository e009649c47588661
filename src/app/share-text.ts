// SPDX-License-Identifier: Apache-2.0
// The words of sharing: sizes, dates, how long, and the sentence before the click.

export const sizeText = (bytes: number): string =>
  bytes < 1024 ? `${bytes} bytes` : bytes < 1 << 20 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`

export const dateText = (ms: number): string => new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })

const lives = [
  { seconds: 3600, text: 'an hour' },
  { seconds: 86_400, text: 'a day' },
  { seconds: 7 * 86_400, text: 'a week' },
  { seconds: 30 * 86_400, text: '30 days' },
  { seconds: 90 * 86_400, text: '90 days' },
  { seconds: 365 * 86_400, text: 'a year' },
] as const

/** How long a share may be kept, up to the server's longest. */
export const lifeChoices = (maxLife_s: number): { seconds: number; text: string }[] => {
  const allowed = lives.filter(({ seconds }) => seconds <= maxLife_s)
  return allowed.length > 0 ? [...allowed] : [{ seconds: maxLife_s, text: `${Math.max(1, Math.round(maxLife_s / 60))} minutes` }]
}

/** What happens at the click, and who can read it then. */
export function shareSentence(what: string, readers: string, host: string, expires_ms: number): string {
  const who = readers.charAt(0).toUpperCase() + readers.slice(1)
  return `${who} will be able to read ${what} until ${dateText(expires_ms)}. It is encrypted in this browser first: ${host} keeps it and cannot read it.`
}

/** What the saved delete token says, for whoever finds it. */
export const tokenFile = (link: string, token: string, expires_ms: number): string =>
  `Ptarmigan delete token\n\nshare: ${link.replace(/\.[\w-]+$/, '')}\ntoken: ${token}\nexpires by itself: ${new Date(expires_ms).toISOString()}\n\n` +
  `It deletes the share and reads nothing. In a shell: npx ptarmigan unshare LINK TOKEN\n`
