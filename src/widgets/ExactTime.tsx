// SPDX-License-Identifier: Apache-2.0
// Seconds with nine decimals in groups of three. The groups are spaced, not
// separated, so that copied text stays a number.
import './ExactTime.css'

type Props = { text: string; same?: boolean }

/** `same`: as in the row before; dim, so that the eye finds where time moves on. */
export function ExactTime({ text, same = false }: Props) {
  const point = text.indexOf('.')
  if (point < 0) return null
  return (
    <span className={`exact-time ${same ? 'is-same' : ''}`}>
      {text.slice(0, point + 4)}
      <span>{text.slice(point + 4, point + 7)}</span>
      <span>{text.slice(point + 7)}</span>
    </span>
  )
}
