// SPDX-License-Identifier: Apache-2.0
// Tells progress at a pace a page can follow: bytes four times a second, a new
// version (which makes views ask again) less often, the end always. A new version
// costs answers, which on a machine of few cores are time not spent decoding.
import type { Phase, Progress } from './protocol'

const TELL_MS = 240
const VERSION_MS = 400
/** What views ask after a new version takes this part of the time at most. */
const ANSWERING_SHARE = 1 / 6

export class ProgressReport {
  instructions = 0
  private told = Number.NEGATIVE_INFINITY
  private versionTold = Number.NEGATIVE_INFINITY
  private version = 0
  private bytes = 0
  private answering = 0
  private answeringSince = 0
  /** Spent answering since the last version was told. */
  private answered = 0

  constructor(
    private readonly bytesTotal: number,
    private readonly onProgress: (progress: Progress) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A question is under way; the returned function ends that. */
  asked(): () => void {
    if (this.answering++ === 0) this.answeringSince = this.now()
    return () => {
      if (--this.answering === 0) this.answered += this.now() - this.answeringSince
    }
  }

  /** Passes it on unless the last time was a moment ago. Bytes never go back. */
  tell(phase: Phase, bytesDone: number, version: number): void {
    const now = this.now()
    if (now - this.told < TELL_MS) return
    this.told = now
    if (version !== this.version && now - this.versionTold >= this.versionEvery(now)) {
      this.version = version
      this.versionTold = now
      this.answered = 0
      this.answeringSince = now
    }
    this.pass(phase, bytesDone)
  }

  finish(phase: Phase, bytesDone: number, version: number): void {
    this.version = version
    this.bytes = 0
    this.pass(phase, bytesDone)
  }

  private versionEvery(now: number): number {
    const answered = this.answered + (this.answering > 0 ? now - this.answeringSince : 0)
    return Math.max(VERSION_MS, answered / ANSWERING_SHARE)
  }

  private pass(phase: Phase, bytesDone: number): void {
    this.bytes = Math.min(this.bytesTotal, Math.max(this.bytes, bytesDone))
    this.onProgress({ phase, bytesDone: this.bytes, bytesTotal: this.bytesTotal, instructions: this.instructions, version: this.version })
  }
}
