// SPDX-License-Identifier: Apache-2.0
// `npm test`: runs every check of the project in order, counts, and ends with
// the one line "N passed, N failed". Usage: node wasm/tools/test.mjs [STEP…]
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

const minute = 60_000
const jobs = `-j${Math.min(availableParallelism(), 4)}`
const bin = (name) => `node_modules/.bin/${name}`

/** Sums "N passed, N failed" lines, the form of our own C and Node runners. */
const ownLines = (output) => sum(output.matchAll(/(\d+) passed, (\d+) failed/g), (match) => [match[1], match[2]])
/** "Tests  1 failed | 12 passed (13)" */
const vitestLine = (output) => {
  const line = /^\s*Tests\s+(.*)$/m.exec(output)?.[1] ?? ''
  return { passed: numberBefore(line, 'passed'), failed: numberBefore(line, 'failed') }
}
/** "  3 failed" and "  12 passed (8.1s)" on lines of their own. */
const playwrightLines = (output) => ({
  passed: Number(/^\s*(\d+) passed/m.exec(output)?.[1] ?? 0),
  failed: Number(/^\s*(\d+) failed/m.exec(output)?.[1] ?? 0) + Number(/^\s*(\d+) did not run/m.exec(output)?.[1] ?? 0),
})

const steps = [
  { name: 'types', command: [bin('tsc'), '-p', '.', '--noEmit'] },
  { name: 'lint', command: [bin('oxlint'), '--deny-warnings', 'src', 'e2e', 'wasm/tools', 'wasm/bench', 'wasm/test'] },
  { name: 'tables', command: ['node', 'wasm/tools/gen-tables.mjs', '--check'] },
  { name: 'decoder', command: ['make', '-s', jobs, '-C', 'wasm', 'wasm', 'native'] },
  { name: 'units', command: ['make', '-s', jobs, '-C', 'wasm', 'test'], count: ownLines },
  { name: 'cases', command: ['make', '-s', jobs, '-C', 'wasm', 'cases'], count: ownLines },
  { name: 'vitest', command: [bin('vitest'), 'run'], count: vitestLine, needs: ['decoder'] },
  { name: 'judge', command: ['node', 'wasm/tools/judge.mjs', '--project'], count: ownLines, needs: ['decoder'] },
  { name: 'build', command: [bin('vite'), 'build', '--logLevel', 'warn'], needs: ['decoder'] },
  { name: 'e2e', command: [bin('playwright'), 'test'], count: playwrightLines, needs: ['build'] },
]

function numberBefore(line, word) {
  return Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0)
}

function sum(matches, pick) {
  const total = { passed: 0, failed: 0 }
  for (const match of matches) {
    const [passed, failed] = pick(match)
    total.passed += Number(passed)
    total.failed += Number(failed)
  }
  return total
}

/** Runs one step with its output shown; resolves with exit code and output. */
function run(command) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: '1', NO_COLOR: '1', FORCE_COLOR: undefined },
      timeout: 15 * minute,
    })
    let output = ''
    const take = (into) => (chunk) => {
      output += chunk
      into.write(chunk)
    }
    child.stdout.on('data', take(process.stdout))
    child.stderr.on('data', take(process.stderr))
    child.on('error', (error) => resolve({ code: 1, output: String(error) }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** A step that counts nothing is one check; a failed exit code is at least one failure. */
function score(step, code, output) {
  const counted = step.count ? step.count(output) : { passed: code ? 0 : 1, failed: 0 }
  if (code && !counted.failed) counted.failed = 1
  return counted
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length) {
  console.error(`test: no step ${unknown.join(', ')}; there are ${steps.map((step) => step.name).join(', ')}`)
  process.exit(2)
}
const results = new Map()
for (const step of steps) {
  if (wanted.length && !wanted.includes(step.name)) continue
  const blocker = step.needs?.find((name) => results.get(name)?.failed)
  if (blocker) {
    results.set(step.name, { passed: 0, failed: 1, note: `not run: ${blocker} failed` })
    continue
  }
  console.log(`\n── ${step.name}: ${step.command.join(' ').replaceAll('node_modules/.bin/', '')}`)
  const start = Date.now()
  const { code, output } = await run(step.command)
  results.set(step.name, { ...score(step, code, output), note: `${((Date.now() - start) / 1000).toFixed(1)} s` })
}

console.log('')
const total = { passed: 0, failed: 0 }
for (const [name, result] of results) {
  total.passed += result.passed
  total.failed += result.failed
  const { passed, failed, note } = result
  console.log(`${failed ? 'FAIL' : 'ok  '} ${name.padEnd(8)} ${String(passed).padStart(6)} ok ${String(failed).padStart(4)} not   ${note}`)
}
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed ? 1 : 0)
