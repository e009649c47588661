// SPDX-License-Identifier: Apache-2.0
// The command line: which command, which options, or the sentence why not.
import { availableParallelism } from 'node:os'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { version } from '../../package.json'
import { fail, ok, type Result } from '../lib/result'
import type { BundleOptions } from './bundle'
import { bundleOptions, parseBundle } from './bundle-args'
import { parseGuestData, type GuestData } from './guest-args'
import type { PacketsOptions } from './packets'
import { isShareCommand, parseShareCommand, shareUsage, type ShareCommand } from './share-args'
import { rawFlags, rawOptions, rawUsage, type RawOptions } from './raw-options'
import { sorts, type ReportOptions, type Sort } from './report'
import type { SamplesOptions } from './samples'
import type { ScriptOptions } from './script'
import { makeScriptOptions, perfWord, scriptOptions } from './script-args'
import { type Given, kcoreBeside, type Values, textOf } from './values'

/** What is known of virtual machines: that their code lies in the process that runs them, files of their kernel, their own recordings, and below which folder their files are, in folders of their processes' numbers. */
export type Guest = { code: boolean; files: string[]; data: GuestData[]; mount: string | undefined }

/** `given`: files that hold code or names, besides the binaries of the trace. */
type Common = { file: string; symfs: string | undefined; given: string[]; guest: Guest; raw?: RawOptions }

export type Command =
  | { name: 'help'; text: string }
  | Exclude<ShareCommand, { name: 'share-help' }>
  | ({ name: 'info'; json: boolean; decode: boolean; workers: number } & Common)
  | ({ name: 'script'; options: ScriptOptions } & Common)
  | ({ name: 'report'; options: ReportOptions; workers: number } & Common)
  | ({ name: 'packets'; options: PacketsOptions } & Common)
  | ({ name: 'samples'; options: SamplesOptions } & Common)
  | ({ name: 'bundle'; options: BundleOptions } & Common)

export const usage = `Usage: ptarmigan COMMAND [options] FILE

Reads Intel PT and BTS traces, LBR branch stacks and samples from Linux perf.data files.

Commands
  info      what the trace is, what is missing and what that costs
  script    branches, instructions or samples as perf script 6.1 prints them
  report    the functions and blocks that cost most
  packets   the raw packets with their offsets
  samples   ordinary samples, each with the instruction of the decoded path that it is pinned to
  bundle    the trace, or a part of it, with the code and symbols it needs, in one file
  serve, share, unshare, open   a server for shared traces, and its clients: below

FILE may be a bundle too; - is what comes through a pipe.

Options of all commands
  -i, --input FILE   the trace (or give it as the last word)
  --symfs DIR        look for binaries under DIR, or in an archive of perf archive or a build-id cache (~/.debug),
                     instead of at their own paths
  -k, --vmlinux FILE the traced kernel, with symbols
  --kallsyms FILE    its /proc/kallsyms; a kcore beside it is used too
  --jitdump FILE     code of a runtime (jit-PID.dump; one at the traced path is found)
  --guest-code       what virtual machines run lies in the process that runs them (KVM's self tests)
  --guestvmlinux FILE, --guestkallsyms FILE
                     the kernel of virtual machines; a kcore beside kallsyms is used too
  --guestmodules FILE
                     taken, and not read, as by perf script: the recording says where modules were
  --guest-data FILE,PID[,OFFSET[,SCALE]]
                     what process PID's virtual machine recorded of itself meanwhile (perf record -a), as
                     perf inject --guest-data joins it: its TSC is the host's times SCALE plus OFFSET
  --guestmount DIR   where the files of guests are: DIR/PID is the root of what process PID runs
  -h, --help         this text
      --version      which version this is

script (prints what perf script 6.1 prints)
  --itrace=LETTERS   b branches, c calls, r returns, i[PERIOD] instructions (i0ns: every one, i1000i, i10t,
                     i100us), e[-o][-l] errors, x transactions, w PTWRITE, p power, PSB and frequency,
                     I interrupts and events, g[N] call chains, l[N] last branches, s<N> skip the first N
                     (default: cexwpI)
  -F, --fields LIST  [TYPE:]comm,pid,tid,cpu,misc,tod,time,period,event,ip,sym,symoff,dso,addr,flags,insn,insnlen,
                     ipc,callindent,synth,srcline,srccode,brstack,brstacksym,brstackoff
                     of samples also brstackinsn,brstackinsnlen,weight,ins_lat,data_src,iregs,uregs,phys_addr,data_page_size,code_page_size
                     or +FIELD,-FIELD to change the default; TYPE is hw, sw, raw, trace, break or synth
  --insn-trace       short for -F +insn,-event,-period --itrace=i0nse --ns
  --call-trace       calls, indented; --call-ret-trace: returns too
  --time RANGES      START,STOP in seconds, several separated by spaces; or 10%/2, 0%-10%,30%-40%
  -C, --cpu LIST     --pid LIST  --tid LIST  -c, --comms LIST: only these
  -S, --symbols LIST --dsos LIST: only these functions and binaries; an address stands for --addr-range N bytes
  --graph-function LIST  only what these functions call (with --call-trace)
  --stop-bt LIST     call chains end at these functions; --max-stack N: after N frames
  --max-blocks N     at most N blocks of brstackinsn
  --xed              hands what is printed to the program xed, as perf does (with --insn-trace)
  --switch-on EVENT, --switch-off EVENT  only samples behind one of the first, or before one of the second;
                     --show-on-off-events: these too
  -L, --Latency      a narrower start of the line; --full-source-path: srcline with its folders
  --no-itrace        nothing of the trace: the file's own samples alone
  --ns               nanoseconds; --reltime: since the first line; --deltatime: since the line before
  --no-demangle      names of functions as they are linked; --show-kernel-path: the kernel by its file
  -D, --dump-raw-trace  every record and packet of the file too, in hex and in words
  --header           what the file says of the machine and the recording, first; --header-only: nothing else;
                     -I, --show-info: of CPUs, memory and caches at length
  -G                 no call chains
  --no-inline        unwound call chains (--call-graph dwarf) without the functions inlined at a frame
  --stitch-lbr       call stacks of the LBR (--call-graph lbr) go on in those of the sample before
  --show-mmap-events --show-task-events --show-switch-events --show-lost-events
  --show-namespace-events --show-bpf-events --show-text-poke-events --show-cgroup-events
                     these records too; --show-round-events, of samples: in the order of the file, and where rounds end
  --perf-version V   6.1 (default), 6.12 or 6.15: whose text is printed

report
  --sort BY          time, cycles or instructions (default: time)
  --limit N          rows of each list (default: 20)

packets
  --queue N          only this queue (default: all)
  --from OFFSET      start at this AUX offset (decimal or 0x…)
  --count N          at most N packets of each queue

bundle
  -o, --output FILE  where to write it
  --link             print a link that holds all of it (very small ones: up to 32,000 letters); whoever
                     sees the link can read it. --server URL: the page that opens it
  --range FROM,TO    only this time: 12ms,15.5ms from the trace's start, or seconds as perf script prints them
  --thread TID,…     only these threads: what packets tell of others is written over
  --redact LIST      leave out or replace: host,command,comms,paths,symbols (replaced),no-symbols (left out),lines,addresses (where things were
                     in memory; not with code of the kernel or of a JIT); all
                     or all: everything but what decoding needs. Addresses stay as they are: they cannot be rebased.
  --source           put in the source files that this machine has
  --title TEXT, --note TEXT   for whoever opens it

samples
  --limit N          at most N samples (default: all)

info
  --decode           count what was executed and lost in a trace of more than 256 MB too

info, report
  --workers N        threads that decode (default: as many as there are cores, at most 4)

info, report, packets, samples
  --json             machine-readable, with a version number

FILE may be a directory (perf record --threads, --kcore) or an archive that holds a trace:
a tar, plain or packed with gzip, bzip2, xz or zstd, or a zip.

${rawUsage}

${shareUsage}`

const common = {
  input: { type: 'string', short: 'i' },
  symfs: { type: 'string' },
  vmlinux: { type: 'string', short: 'k' },
  kallsyms: { type: 'string' },
  jitdump: { type: 'string', multiple: true },
  'guest-code': { type: 'boolean' },
  guestvmlinux: { type: 'string' },
  guestkallsyms: { type: 'string' },
  guestmodules: { type: 'string' },
  'guest-data': { type: 'string', multiple: true },
  guestmount: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  ...rawFlags,
} as const

const json = { json: { type: 'boolean' } } as const
const threads = { workers: { type: 'string' } } as const
/** Each has a copy of what was opened: more would take more memory than the trace is worth. */
const MOST_WORKERS = 4

type Parsed = { values: Values; given: readonly Given[]; common: Common }

const commands: Record<string, { options: NonNullable<ParseArgsConfig['options']>; make: (parsed: Parsed) => Result<Command, string> }> = {
  info: {
    options: { ...common, ...json, ...threads, decode: { type: 'boolean' } },
    make: makeInfo,
  },
  script: { options: { ...common, ...scriptOptions }, make: makeScript },
  report: { options: { ...common, ...json, ...threads, sort: { type: 'string' }, limit: { type: 'string' } }, make: makeReport },
  packets: {
    options: { ...common, ...json, queue: { type: 'string' }, from: { type: 'string' }, count: { type: 'string' } },
    make: makePackets,
  },
  samples: { options: { ...common, ...json, limit: { type: 'string' } }, make: makeSamples },
  bundle: {
    options: { ...common, ...bundleOptions },
    make: ({ values, common: of }) => {
      const options = parseBundle(values)
      return options.ok ? ok({ name: 'bundle', options: options.value, ...of }) : options
    },
  },
}

/** Parses the words after the program's name. */
export function parseCommand(words: readonly string[]): Result<Command, string> {
  const [name = '', ...rest] = words
  if (name === '' || name === 'help' || name === '--help' || name === '-h') return ok({ name: 'help', text: usage })
  if (name === '--version') return ok({ name: 'help', text: `ptarmigan ${version}\n` })
  if (isShareCommand(name)) {
    const parsed = parseShareCommand(name, rest)
    if (!parsed.ok) return parsed
    return parsed.value.name === 'share-help' ? ok({ name: 'help', text: usage }) : ok(parsed.value)
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command)
    return fail(`there is no command "${name}"; the commands are ${Object.keys(commands).join(', ')}, serve, share, unshare, open.`)
  let values: Values
  let positionals: string[]
  const given: Given[] = []
  try {
    const args = joinValues(rest).map((word) => (name === 'script' ? perfWord(word, Object.keys(command.options)) : word))
    const parsed = parseArgs({ args, options: command.options, allowPositionals: true, strict: true, tokens: true, allowNegative: true })
    ;({ values, positionals } = parsed)
    for (const token of parsed.tokens) if (token.kind === 'option') given.push({ name: token.name, value: token.value ?? '' })
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
  if (values['help'] === true) return ok({ name: 'help', text: usage })
  const files = [...(typeof values['input'] === 'string' ? [values['input']] : []), ...positionals]
  const guest = guestOf(values)
  if (!guest.ok) return guest
  const raw = rawOptions(values, name)
  if (!raw.ok) return raw
  if (raw.value) files.push(raw.value.stream)
  const [file] = files
  if (file === undefined) return fail(`${name} needs a trace: ptarmigan ${name} FILE`)
  if (files.length > 1) return fail(`${name} reads one trace; ${files.length} were given: ${files.join(', ')}`)
  return command.make({ values, given, common: { file, symfs: textOf(values, 'symfs'), given: givenFiles(values), guest: guest.value, ...(raw.value && { raw: raw.value }) } })
}

/** As perf: kcore is taken from beside kallsyms. */
function kernelFiles(vmlinux: string | undefined, kallsyms: string | undefined): string[] {
  return [vmlinux, kallsyms, kallsyms === undefined ? undefined : kcoreBeside(kallsyms)].filter((path) => path !== undefined)
}

function givenFiles(values: Values): string[] {
  const dumps = values['jitdump']
  return [...kernelFiles(textOf(values, 'vmlinux'), textOf(values, 'kallsyms')), ...(Array.isArray(dumps) ? dumps.map(String) : [])]
}

function guestOf(values: Values): Result<Guest, string> {
  const data = parseGuestData(values['guest-data'])
  if (!data.ok) return data
  return ok({ code: values['guest-code'] === true, files: kernelFiles(textOf(values, 'guestvmlinux'), textOf(values, 'guestkallsyms')), data: data.value, mount: textOf(values, 'guestmount') })
}

/** "-F -ip" is a value, not an option, and so are "-C 1": joins them to their names. */
function joinValues(words: readonly string[]): string[] {
  const joined: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const next = words[at + 1]
    if (next !== undefined && (word === '-F' || word === '--fields')) {
      joined.push(`--fields=${next}`)
      at++
    } else joined.push(word)
  }
  return joined
}

function makeScript({ values, given, common: of }: Parsed): Result<Command, string> {
  const options = makeScriptOptions(values, given)
  return options.ok ? ok({ name: 'script', options: options.value, ...of }) : options
}

function workersOf(values: Values): Result<number, string> {
  const text = textOf(values, 'workers')
  return text === undefined ? ok(Math.min(MOST_WORKERS, availableParallelism())) : wholeNumber('--workers', text)
}

function makeInfo({ values, common: of }: Parsed): Result<Command, string> {
  const workers = workersOf(values)
  if (!workers.ok) return workers
  return ok({ name: 'info', json: values['json'] === true, decode: values['decode'] === true, workers: workers.value, ...of })
}

function makeReport({ values, common: of }: Parsed): Result<Command, string> {
  const sort = textOf(values, 'sort') ?? 'time'
  if (!isSort(sort)) return fail(`--sort ${sort}: sort by ${sorts.join(', ')}.`)
  const limit = wholeNumber('--limit', textOf(values, 'limit') ?? '20')
  if (!limit.ok) return limit
  const workers = workersOf(values)
  if (!workers.ok) return workers
  return ok({ name: 'report', options: { sort, limit: limit.value, json: values['json'] === true }, workers: workers.value, ...of })
}

const isSort = (text: string): text is Sort => (sorts as readonly string[]).includes(text)

function makeSamples({ values, common: of }: Parsed): Result<Command, string> {
  const text = textOf(values, 'limit')
  const limit = text === undefined ? ok(Number.MAX_SAFE_INTEGER) : wholeNumber('--limit', text)
  return limit.ok ? ok({ name: 'samples', options: { limit: limit.value, json: values['json'] === true }, ...of }) : limit
}

function makePackets({ values, common: of }: Parsed): Result<Command, string> {
  const queueText = textOf(values, 'queue')
  const queue = queueText === undefined ? undefined : wholeNumber('--queue', queueText)
  if (queue && !queue.ok) return queue
  const from = wholeNumber('--from', textOf(values, 'from') ?? '0')
  if (!from.ok) return from
  const countText = textOf(values, 'count')
  const count = countText === undefined ? ok(Number.MAX_SAFE_INTEGER) : wholeNumber('--count', countText)
  if (!count.ok) return count
  return ok({
    name: 'packets',
    options: { queue: queue?.value, from: from.value, count: count.value, json: values['json'] === true },
    ...of,
  })
}

function wholeNumber(option: string, text: string): Result<number, string> {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? ok(value) : fail(`${option} ${text}: not a whole number.`)
}
