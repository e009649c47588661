// SPDX-License-Identifier: Apache-2.0
// Standard output for a lot of text: waits when the reader is slow and ends
// quietly when it is gone (`| head`).
import { spawn } from 'node:child_process'

/** Ends the process without a word when the reader of stdout has gone away. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`ptarmigan: standard output: ${error.message}\n`)
    process.exit(1)
  })
}

/** Done when the text was handed over: its bytes may be used again. */
export async function print(text: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()))
}

/** Somewhere to print, and to say that it was all; false: whoever should have got it is gone or failed. */
export type Printer = { print: (text: string | Uint8Array) => Promise<void>; end: () => Promise<boolean> }

export const standardOutput: Printer = { print, end: async () => true }

/** Prints into a shell command, whose output is ours. */
export function shellPrinter(command: string): Printer {
  const child = spawn('sh', ['-c', command], { stdio: ['pipe', 'inherit', 'inherit'] })
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve).on('error', () => resolve(null)))
  // A command that is gone tells so by its exit code.
  child.stdin.on('error', () => undefined)
  return {
    print: (text) => new Promise<void>((resolve) => child.stdin.write(text, () => resolve())),
    end: async () => {
      child.stdin.end()
      return (await exit) === 0
    },
  }
}

/** A sentence on stderr, under the program's name. */
export function say(sentence: string): void {
  process.stderr.write(`ptarmigan: ${sentence}\n`)
}

/** Columns of text: numbers to the right, the last column unpadded. `align` has a letter a column, l or r. */
export function columns(rows: readonly (readonly string[])[], align: string): string {
  const widths = Array.from(align, (_, column) => rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (align[column] === 'r' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}
