// SPDX-License-Identifier: Apache-2.0
// How a guest's clock differs from its host's, as perf inject --guest-data takes it: read and written.

/** A TSC offset in decimal or hex, with a minus or as 64 bits; null: it is none. */
export function parseTimeOffset(text: string): bigint | null {
  const match = /^\s*(-?)(0x[0-9a-f]{1,16}|\d{1,20})\s*$/i.exec(text)
  if (!match) return null
  const value = BigInt(match[2] ?? '0')
  return value >= 1n << 64n ? null : match[1] === '-' ? -value : value
}

/** A multiplier above 0; null: it is none. */
export function parseTimeScale(text: string): number | null {
  const value = /^\s*\d*\.?\d+(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN
  return value > 0 && Number.isFinite(value) ? value : null
}
