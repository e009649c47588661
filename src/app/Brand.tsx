// SPDX-License-Identifier: Apache-2.0
// The mark: a ptarmigan's head made of three stacked, ever shorter calls.

export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" style={{ flex: 'none' }}>
      <rect x="2" y="3" width="20" height="5" rx="1.5" fill="var(--accent)" />
      <rect x="2" y="9.5" width="13" height="5" rx="1.5" fill="var(--accent)" opacity="0.72" />
      <rect x="2" y="16" width="7" height="5" rx="1.5" fill="var(--accent)" opacity="0.48" />
      <circle cx="18.6" cy="12" r="2.4" fill="var(--gap-lost)" />
    </svg>
  )
}
