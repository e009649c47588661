// SPDX-License-Identifier: Apache-2.0
// Tells progress at a pace a page can follow: bytes about every 100 ms, a new
// version (which makes views ask again) less often, the end always.
import type { Phase, Progress } from './protocol'

const TELL_MS = 90
const VERSION_MS = 400

export class ProgressReport {
  instructions = 0
  private told = Number.NEGATIVE_INFINITY
  private versionTold = Number.NEGATIVE_INFINITY
  private version = 0
  private bytes = 0

  constructor(
    private readonly bytesTotal: number,
    private readonly onProgress: (progress: Progress) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Passes it on unless the last time was a moment ago. Bytes never go back. */
  tell(phase: Phase, bytesDone: number, version: number): void {
    const now = this.now()
    if (now - this.told < TELL_MS) return
    this.told = now
    if (version !== this.version && now - this.versionTold >= VERSION_MS) {
      this.version = version
      this.versionTold = now
    }
    this.pass(phase, bytesDone)
  }

  finish(phase: Phase, bytesDone: number, version: number): void {
    this.version = version
    this.bytes = 0
    this.pass(phase, bytesDone)
  }

  private pass(phase: Phase, bytesDone: number): void {
    this.bytes = Math.min(this.bytesTotal, Math.max(this.bytes, bytesDone))
    this.onProgress({ phase, bytesDone: this.bytes, bytesTotal: this.bytesTotal, instructions: this.instructions, version: this.version })
  }
}
