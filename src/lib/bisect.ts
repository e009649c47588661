// SPDX-License-Identifier: Apache-2.0
// Binary search in sorted columns.

/** First row whose value is not below `value`; the length when there is none. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  return bisect(sorted.length, (row) => (sorted[row] ?? value) < value)
}

/** First row whose value is above `value`; the length when there is none. */
export function upperBound(sorted: ArrayLike<number>, value: number): number {
  return bisect(sorted.length, (row) => (sorted[row] ?? Number.POSITIVE_INFINITY) <= value)
}

/** First row for which `before` does not hold; it must hold for a prefix of the rows. */
export function bisect(rows: number, before: (row: number) => boolean): number {
  let low = 0
  let high = rows
  while (low < high) {
    const middle = (low + high) >>> 1
    if (before(middle)) low = middle + 1
    else high = middle
  }
  return low
}
