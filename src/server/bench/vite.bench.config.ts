// SPDX-License-Identifier: Apache-2.0
// Builds the bench into one file that Node runs.
import { defineConfig } from 'vite'

export default defineConfig({
  publicDir: false,
  ssr: { noExternal: true, target: 'node' },
  build: { target: 'node20', minify: false, emptyOutDir: true, rolldownOptions: { output: { entryFileNames: 'main.mjs', format: 'es' } } },
})
