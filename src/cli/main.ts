// SPDX-License-Identifier: Apache-2.0
// The command line program's entry: runs one command over one trace. Errors
// are a sentence on stderr and exit code 1, wrong usage is exit code 2.
import { isMainThread } from 'node:worker_threads'
import { ok, type Result } from '../lib/result'
import { bundle } from './bundle'
import { parseCommand, type Command } from './args'
import { decodeForAnother, decodeTrace } from './decode-workers'
import { info } from './info'
import { endQuietlyOnClosedPipe, print, say } from './output'
import { open } from './open'
import { packets } from './packets'
import { samples } from './samples'
import { report } from './report'
import { script } from './script'
import { serve } from './serve'
import { share, unshare } from './share'
import { isStandardInput, keepInput } from './standard-input'
import { openTrace } from './trace'

async function run(command: Command): Promise<Result<void, string>> {
  if (command.name === 'help') {
    await print(command.text)
    return ok(undefined)
  }
  switch (command.name) {
    case 'serve':
      return serve(command.flags)
    case 'share':
      return share(command.options)
    case 'unshare':
      return unshare(command.link, command.token)
    case 'open':
      return open(command.options)
  }
  if (isStandardInput(command.file)) {
    const kept = await keepInput()
    return kept.ok ? run({ ...command, file: kept.value }) : kept
  }
  const opening = () => openTrace(command.file, command.symfs, command.name !== 'packets', command.raw, command.given, command.guest, wantsSplit(command.name))
  const trace = await opening()
  if (!trace.ok) return trace
  const { session } = trace.value
  switch (command.name) {
    case 'info':
      return info(trace.value, command.file, command, (opened) => decodeTrace(opened, command.workers, opening))
    case 'script':
      return script(session, command.file, command.options)
    case 'report': {
      const decoded = await decodeTrace(trace.value, command.workers, opening)
      return decoded.ok ? report(decoded.value.session, command.file, command.options) : decoded
    }
    case 'packets':
      return packets(session, command.options)
    case 'samples':
      return samples(session, command.options)
    case 'bundle':
      return bundle(trace.value, command.options)
  }
}

/** Those that tell of inlined functions beyond what perf prints. */
const wantsSplit = (name: string) => ['info', 'report', 'bundle'].includes(name)

async function main(): Promise<void> {
  endQuietlyOnClosedPipe()
  const command = parseCommand(process.argv.slice(2))
  if (!command.ok) {
    say(command.error)
    process.stderr.write('Try "ptarmigan --help".\n')
    process.exitCode = 2
    return
  }
  const done = await run(command.value)
  if (!done.ok) {
    say(done.error)
    process.exitCode = 1
  }
}

if (isMainThread)
  main().catch((error: unknown) => {
    say(`this is a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    process.exitCode = 1
  })
else decodeForAnother()
