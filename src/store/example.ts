// SPDX-License-Identifier: Apache-2.0
// Fetches the shipped example: its trace and the binaries that example.json lists.
import { fail, ok, type Result } from '../lib/result'
import type { OfferedFile } from './classify'

type Description = { trace: string; binaries: { path: string; file: string }[]; story?: unknown }

export type Example = { files: OfferedFile[]; story: string }

function isDescription(value: unknown): value is Description {
  if (typeof value !== 'object' || value === null || !('trace' in value) || !('binaries' in value)) return false
  return typeof value.trace === 'string' && Array.isArray(value.binaries)
}

async function fetchOk(url: string): Promise<Response> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: the server answered ${response.status}`)
  return response
}

async function fetchFile(base: string, name: string, path: string): Promise<OfferedFile> {
  const blob = await (await fetchOk(base + name)).blob()
  return { file: new File([blob], name), path }
}

export async function fetchExample(): Promise<Result<Example, string>> {
  const base = `${import.meta.env.BASE_URL}samples/`
  try {
    const description: unknown = await (await fetchOk(`${base}example.json`)).json()
    if (!isDescription(description)) return fail('The example is damaged: samples/example.json names no trace and binaries.')
    const wanted = [{ path: description.trace, file: description.trace }, ...description.binaries]
    const files = await Promise.all(wanted.map(({ path, file }) => fetchFile(base, file, path)))
    return ok({ files, story: typeof description.story === 'string' ? description.story : '' })
  } catch (error) {
    return fail(`The example could not be fetched: ${error instanceof Error ? error.message : String(error)}.`)
  }
}
