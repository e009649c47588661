// SPDX-License-Identifier: Apache-2.0
// Numbered rows come in windows: window w is rows w * 256 … w * 256 + 255.

export const windowRows = 256

export const windowOf = (row: number): number => Math.floor(row / windowRows)

/** The rows of a window, as a request says them. */
export const rowsOf = (window: number): { first: number; count: number } => ({ first: window * windowRows, count: windowRows })
