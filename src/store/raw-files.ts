// SPDX-License-Identifier: Apache-2.0
// A raw stream of packets and its code as the files that the decoder opens: a
// perf.data around the stream, an ELF file around flat code. Nothing is copied.
import { fail, ok, type Result } from '../lib/result'
import type { LocalFile } from './classify'
import { elfCode, findPsb, FLAT_HEADER_BYTES, flatHeader, hasTime, rawTrace, type RawCode } from '../model/raw-trace'
import type { RawAnswer } from './types'

/** Where the maps and the offered files say that the code is. */
const pathOf = (file: File) => `/raw/${file.name}`
/** Program headers are near a file's start. */
const ELF_HEAD_BYTES = 64 << 10
const PSB_SEARCH_BYTES = 1 << 20

const headOf = async (file: File, bytes: number) => new Uint8Array(await file.slice(0, bytes).arrayBuffer())

type Made = { maps: RawCode[]; binary: LocalFile }

async function elfFile(file: File, address: bigint | null): Promise<Result<Made, string>> {
  const segments = elfCode(await headOf(file, ELF_HEAD_BYTES), address)
  if (!segments || segments.length === 0) return fail(`${file.name} is not a 64-bit ELF file with code.`)
  const maps = segments.map((segment) => ({ ...segment, name: pathOf(file) }))
  return ok({ maps, binary: { file, path: pathOf(file) } })
}

function flatFile(file: File, address: bigint): Made {
  const size = BigInt(file.size)
  const whole = new File([flatHeader(address, size), file], file.name)
  return { maps: [{ name: pathOf(file), address, size, offset: BigInt(FLAT_HEADER_BYTES) }], binary: { file: whole, path: pathOf(file) } }
}

export async function rawFiles(
  stream: LocalFile,
  code: readonly (LocalFile & { elf: boolean })[],
  { cpu, addresses }: RawAnswer,
): Promise<Result<{ trace: LocalFile; binaries: LocalFile[] }, string>> {
  const made: Made[] = []
  for (const [row, { file, elf }] of code.entries()) {
    const address = addresses[row]
    if (address === undefined) continue
    if (!elf && address === null) return fail(`${file.name} needs the address that it was loaded at.`)
    const one = elf || address === null ? await elfFile(file, address) : ok(flatFile(file, address))
    if (!one.ok) return one
    made.push(one.value)
  }
  const head = await headOf(stream.file, PSB_SEARCH_BYTES)
  const { before, after } = rawTrace(
    cpu,
    made.flatMap(({ maps }) => maps),
    stream.file.size,
    hasTime(head, findPsb(head)),
  )
  const trace = { file: new File([before, stream.file, after], stream.file.name), path: stream.path }
  return ok({ trace, binaries: made.map(({ binary }) => binary) })
}
