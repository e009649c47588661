// SPDX-License-Identifier: Apache-2.0
// Bad input for the command line: each must end with exit code 1 and one
// sentence on stderr (or, cut so late that it still makes sense, with 0), never
// with a stack trace or a hang.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './fixtures.mjs'

const TIMEOUT_MS = 20_000

/** Names and bytes of the bad inputs; `fails`: must not be accepted. */
function junkInputs() {
  const trace = readFileSync(join(root, 'wasm/test/fixtures/calls-cyc.perf.data'))
  const binary = readFileSync(join(root, 'wasm/test/fixtures/symfs/opt/ptarmigan/odd'))
  const inputs = [
    { name: 'empty', bytes: Buffer.alloc(0), fails: true },
    { name: 'text', bytes: Buffer.from('This is not a trace.\n'), fails: true },
    { name: 'elf', bytes: binary, fails: true },
    { name: 'zeros', bytes: Buffer.alloc(4096), fails: true },
    { name: 'magic-only', bytes: Buffer.from('PERFILE2'), fails: true },
    { name: 'magic-ff', bytes: Buffer.concat([Buffer.from('PERFILE2'), Buffer.alloc(500, 0xff)]), fails: true },
  ]
  for (const share of [0.01, 0.1, 0.3, 0.5, 0.8, 0.95, 0.999]) {
    const size = Math.floor(trace.length * share)
    inputs.push({ name: `cut-at-${size}`, bytes: trace.subarray(0, size), fails: size < 104 })
  }
  return inputs
}

/** What is wrong with how the command ended, '' for nothing. */
function complaint({ status, signal, stderr }, fails) {
  const text = stderr.trim()
  if (signal) return `killed by ${signal}`
  if (fails && status !== 1) return `exit code ${status}, wanted 1`
  if (status !== 0 && status !== 1) return `exit code ${status}`
  if (status === 1 && !text) return 'exit code 1 without a sentence'
  if (/\n\s+at |RuntimeError|TypeError|panic/.test(text)) return `a stack trace: ${text.split('\n')[0]}`
  if (text.split('\n').length > 4) return `${text.split('\n').length} lines on stderr`
  return ''
}

/** Rows for the judge's table. */
export async function judgeJunk() {
  const folder = join(root, 'build/judge/junk')
  mkdirSync(folder, { recursive: true })
  const rows = []
  const run = (name, args, fails) => {
    const result = spawnSync(process.execPath, [join(root, 'src/cli/ptarmigan.mjs'), ...args], {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      maxBuffer: 1 << 28,
    })
    const wrong = complaint(result, fails)
    rows.push([
      { group: 'junk', name },
      args[0],
      wrong ? 'FAIL' : 'ok',
      1,
      wrong ? 1 : 0,
      wrong || result.stderr.trim().split('\n')[0].slice(0, 110),
    ])
  }
  for (const { name, bytes, fails } of junkInputs()) {
    const file = join(folder, name)
    writeFileSync(file, bytes)
    for (const verb of ['info', 'script']) run(name, [verb, file], fails)
  }
  run('no-such-file', ['info', join(folder, 'no-such-file')], true)
  run('a-folder', ['info', folder], true)
  return rows
}
