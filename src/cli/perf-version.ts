// SPDX-License-Identifier: Apache-2.0
// The versions of perf whose text is printed. 6.1 is held against a running perf;
// the others follow what is known of their sources (docs/why-different.md).

export const perfVersions = ['6.1', '6.12', '6.15'] as const
export type PerfVersion = (typeof perfVersions)[number]
export const isPerfVersion = (text: string): text is PerfVersion => (perfVersions as readonly string[]).includes(text)
/** As the decoder numbers them. */
export const versionNumber: Record<PerfVersion, number> = { '6.1': 601, '6.12': 612, '6.15': 615 }
