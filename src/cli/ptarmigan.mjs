#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Starts the command line program; builds it first (decoder and bundle) when
// it is missing or older than its sources, and says so. Plain JavaScript,
// because it must run before anything is built.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bundle = join(root, 'dist/cli/main.mjs')
const decoder = join(root, 'src/engine/generated/ptarmigan.wasm')
const shipped = join(root, 'dist/cli/generated/ptarmigan.wasm')

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

function newestBelow(directory, pattern) {
  if (!existsSync(directory)) return 0
  let newest = 0
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && pattern.test(entry.name)) newest = Math.max(newest, timeOf(join(entry.parentPath ?? entry.path, entry.name)))
  }
  return newest
}

function build(what, product, command, words) {
  process.stderr.write(`ptarmigan: building the ${what}, once…\n`)
  const done = spawnSync(command, words, { cwd: root, stdio: ['ignore', 2, 2] })
  if (done.status === 0) return
  rmSync(product, { force: true })
  process.stderr.write(
    `ptarmigan: the ${what} could not be built (${command} ${words.join(' ')}). In a fresh clone, run "npm start" once: it installs what is needed.\n`,
  )
  process.exit(1)
}

const wasmSources = ['src', 'include'].map((folder) => newestBelow(join(root, 'wasm', folder), /\.[ch]$/))
if (timeOf(decoder) < Math.max(...wasmSources)) build('decoder', decoder, 'make', ['-s', '-C', 'wasm', 'wasm'])

// The page goes first: building it empties dist/.
if (process.argv[2] === 'serve') {
  const page = join(root, 'dist/index.html')
  const sources = [
    newestBelow(join(root, 'src'), /(?<!\.test)\.(tsx?|css)$/),
    newestBelow(join(root, 'public'), /./),
    timeOf(join(root, 'index.html')),
    timeOf(join(root, 'vite.config.ts')),
    timeOf(decoder),
  ]
  if (timeOf(page) < Math.max(...sources))
    build('page', page, process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'])
}

const folders = ['cli', 'engine', 'lib', 'model', 'server', 'share'].map((folder) =>
  newestBelow(join(root, 'src', folder), /(?<!\.test)\.ts$/),
)
if (timeOf(bundle) < Math.max(...folders)) {
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  build('command line program', bundle, process.execPath, [vite, 'build', '--config', 'src/cli/vite.cli.config.ts'])
}

if (timeOf(shipped) < timeOf(decoder)) {
  mkdirSync(dirname(shipped), { recursive: true })
  copyFileSync(decoder, shipped)
}

await import(pathToFileURL(bundle).href)
