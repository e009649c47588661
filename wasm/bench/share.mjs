// SPDX-License-Identifier: Apache-2.0
// `npm run bench:share [-- SHARES]`: builds what the bench needs, then runs it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = (words) => spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' }).status ?? 1

// Any command builds the page and the program when they are old.
if (run(['src/cli/ptarmigan.mjs', 'serve', '--help']) !== 0) process.exit(1)
const vite = join(root, 'node_modules/vite/bin/vite.js')
const out = 'build/bench-share'
const words = [
  'build',
  '--ssr',
  'src/server/bench/main.ts',
  '--outDir',
  out,
  '--logLevel',
  'warn',
  '--config',
  'src/server/bench/vite.bench.config.ts',
]
if (run([vite, ...words]) !== 0) process.exit(1)
process.exit(run([join(out, 'main.mjs'), 'dist/cli/main.mjs', ...process.argv.slice(2)]))
