// SPDX-License-Identifier: Apache-2.0
// A thin bar of how much is done.
import './ProgressBar.css'

/** `share` of one; `label` names what is going on. */
export function ProgressBar({ share, label }: { share: number; label: string }) {
  const percent = Math.min(100, Math.max(0, share * 100))
  return (
    <div
      className="progress-bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  )
}
