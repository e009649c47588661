// SPDX-License-Identifier: Apache-2.0
// A sentence as the decoder writes it: what stands between backticks is a command.
import { Fragment } from 'react'

export function Sentence({ text }: { text: string }) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : <Fragment key={index}>{part}</Fragment>))
}
