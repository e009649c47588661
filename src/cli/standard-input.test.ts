// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { opened, projectFixtures } from './bundles-for-tests'
import { scriptText } from './script-for-tests'
import { isStandardInput, keepInput } from './standard-input'

const symfs = join(projectFixtures, 'symfs')
const file = join(projectFixtures, 'calls-cyc.perf.data')

async function* inPieces(bytes: Uint8Array, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield await Promise.resolve(bytes.subarray(at, at + length))
}

it('is - or /dev/stdin', () => {
  expect(['-', '/dev/stdin', '--', 'perf.data'].map(isStandardInput)).toEqual([true, true, false, false])
})

it('prints of a trace that comes in pieces what it prints of the file', async () => {
  const kept = await keepInput(inPieces(readFileSync(file), 999))
  if (!kept.ok) throw new Error(kept.error)
  const words = ['--itrace=b']
  expect(scriptText(await opened(kept.value, symfs), words)).toBe(scriptText(await opened(file, symfs), words))
})

it('says why it cannot be read', async () => {
  const broken = (async function* () {
    yield await Promise.resolve(new Uint8Array(1))
    throw new Error('the other end has gone')
  })()
  expect(await keepInput(broken)).toEqual({ ok: false, error: 'What comes through the pipe cannot be kept: the other end has gone.' })
})
