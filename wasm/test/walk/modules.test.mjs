// SPDX-License-Identifier: Apache-2.0
// Kernel modules by their .ko files: samples in one are named as perf 6.1 names
// them. The expected lines were perf's, of the same files (perf script -F ip,sym,symoff,dso).
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { PerfData } from './perf-data.mjs'

const cli = resolve(import.meta.dirname, '../../../src/cli/ptarmigan.mjs')
const RELEASE = '6.18.0-walk'
const FOLDER = `/lib/modules/${RELEASE}/kernel/demo`
const MODULE = 0xffffffffc0200000n

/** `hidden` and `demo_call` are in .text, the others in sections that perf does not name. */
const source = `
	.section .modinfo, "a"
	.asciz "license=GPL"
	.asciz "vermagic=${RELEASE} SMP preempt mod_unload "
	.text
	.type hidden, @function
hidden:	nop
	call outside
	ret
	.size hidden, . - hidden
	.p2align 4
	.globl demo_call
	.type demo_call, @function
demo_call: call hidden
	ret
	.size demo_call, . - demo_call
	.section .init.text, "ax"
	.globl init_module
	.type init_module, @function
init_module: ret
	.size init_module, . - init_module
`

let scratch = ''
let build_id = ''
vi.setConfig({ testTimeout: 180_000 })
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'modules-'))
  writeFileSync(join(scratch, 'demo.S'), source)
  const run = (...words) => execFileSync(words[0], words.slice(1), { cwd: scratch })
  run('gcc', '-c', 'demo.S', '-o', 'demo.o')
  run('ld', '-r', '--build-id=sha1', 'demo.o', '-o', 'demo-test.ko')
  const ko = readFileSync(join(scratch, 'demo-test.ko'))
  const note = ko.indexOf(Buffer.from('GNU\0'))
  build_id = ko.subarray(note + 4, note + 24).toString('hex')
})
afterAll(() => rmSync(scratch, { recursive: true }))

/** A recording with samples in the module. */
function recording({ file = 'demo-test.ko', id = build_id, release = RELEASE }) {
  const data = new PerfData()
  data.feature(4, (body) => body.string(release))
  data.kernelMap('[kernel.kallsyms]_text', 0xffffffff9f000000n, 0x1000000n, 0xffffffff9f000000n)
  data.kernelMap(`${FOLDER}/${file}`, MODULE, 0x2000n)
  data.comm({ time: 1000, pid: 77 }, 'walker')
  for (const offset of [0, 1, 6, 7, 16, 21, 22, 32, 6000])
    data.record(9, 1, (body) =>
      body
        .u64(1, MODULE + BigInt(offset))
        .u32(77, 77)
        .u64(2000 + offset)
        .u32(0, 0),
    )
  if (id) data.buildIds([{ path: `${FOLDER}/${file}`, id, kernel: true }])
  const path = join(scratch, 'x.perf.data')
  writeFileSync(path, data.write())
  return path
}

function symfsWith(name, make) {
  const symfs = join(scratch, 'symfs')
  rmSync(symfs, { recursive: true, force: true })
  mkdirSync(dirname(join(symfs, FOLDER, name)), { recursive: true })
  make(join(symfs, FOLDER, name))
  return symfs
}
const copy = (to) => copyFileSync(join(scratch, 'demo-test.ko'), to)

const script = (trace, symfs, ...more) =>
  spawnSync(process.execPath, [cli, 'script', trace, '--symfs', symfs, '-F', 'ip,sym,symoff,dso', ...more], { encoding: 'utf8' })

const named = (dso) =>
  [
    ` ffffffffc0200000 hidden+0x0 (${dso})`,
    ` ffffffffc0200001 hidden+0x1 (${dso})`,
    ` ffffffffc0200006 hidden+0x6 (${dso})`,
    ` ffffffffc0200007 [unknown] (${dso})`,
    ` ffffffffc0200010 demo_call+0x0 (${dso})`,
    ` ffffffffc0200015 demo_call+0x5 (${dso})`,
    ` ffffffffc0200016 [unknown] (${dso})`,
    ` ffffffffc0200020 [unknown] (${dso})`,
    ` ffffffffc0201770 [unknown] (${dso})`,
    '',
  ].join('\n')

it('names the functions of a module, plain and packed', () => {
  expect(script(recording({}), symfsWith('demo-test.ko', copy)).stdout).toBe(named(`${FOLDER}/demo-test.ko`))
  const packed = symfsWith('demo-test.ko.gz', (to) => writeFileSync(to, gzipSync(readFileSync(join(scratch, 'demo-test.ko')))))
  expect(script(recording({ file: 'demo-test.ko.gz' }), packed).stdout).toBe(named(`${FOLDER}/demo-test.ko.gz`))
})

it('goes by the name where the trace tells no build-id', () => {
  const without = [recording({ id: '' }), symfsWith('demo-test.ko', copy)]
  expect(script(...without).stdout).toBe(named('[demo_test]'))
  expect(script(...without, '--show-kernel-path').stdout).toBe(named(`${FOLDER}/demo-test.ko`))
})

it('refuses a module of another build', () => {
  const { stdout, stderr } = script(recording({ id: 'ab'.repeat(20) }), symfsWith('demo-test.ko', copy))
  expect(stdout).not.toContain('hidden')
  expect(stderr).toContain(`has build-id ${build_id}, but the trace ran ${'ab'.repeat(20)}: this is another build.`)
})

it('refuses a module of another kernel', () => {
  const { stdout, stderr } = script(recording({ id: '', release: '6.18.0-other' }), symfsWith('demo-test.ko', copy))
  expect(stdout).not.toContain('hidden')
  expect(stderr).toContain(`was made for Linux ${RELEASE}, but the trace ran on 6.18.0-other: use the module of the traced machine.`)
})
