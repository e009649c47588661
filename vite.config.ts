// SPDX-License-Identifier: Apache-2.0
// Vite and Vitest: dev server, production build, preview, unit tests. Not the
// WebAssembly build (wasm/Makefile) and not the end-to-end tests (playwright.config.ts).
import { createHash } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { icons } from './wasm/tools/icons.mjs'
import { contentSecurityPolicy, isolation } from './src/server/headers.ts'

/** Draws the bitmap icons from icon.svg. */
function bitmapIcons(): Plugin {
  return {
    name: 'ptarmigan-icons',
    apply: 'build',
    generateBundle() {
      const made = icons(readFileSync('public/icon.svg', 'utf8'))
      for (const [fileName, source] of Object.entries(made)) this.emitFile({ type: 'asset', fileName, source })
    },
  }
}

/** Writes the service worker of the build: which files it keeps, and a version that changes with any of them. */
function serviceWorker(): Plugin {
  let folder = 'dist'
  return {
    name: 'ptarmigan-service-worker',
    apply: 'build',
    configResolved: ({ build }) => void (folder = build.outDir),
    closeBundle() {
      // The same page under another name, because the server sends it with other headers (server/headers.ts).
      copyFileSync(join(folder, 'index.html'), join(folder, 'hand-over.html'))
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/\.(map|md|hash)$|^screenshot|^service-worker/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        .filter((file) => !file.startsWith('cli/'))
        .toSorted()
      const hash = createHash('sha256')
      for (const file of files) hash.update(file).update(readFileSync(join(folder, file)))
      const worker = readFileSync('src/app/service-worker.js', 'utf8')
        .replace("'__VERSION__'", `'${hash.digest('hex').slice(0, 16)}'`)
        .replace("['__FILES__']", JSON.stringify(files))
      writeFileSync(join(folder, 'service-worker.js'), worker)
    },
  }
}

export default defineConfig({
  plugins: [react(), bitmapIcons(), serviceWorker()],
  cacheDir: '.cache/vite',
  server: { host: '127.0.0.1', headers: isolation },
  preview: { host: '127.0.0.1', port: 4173, headers: { ...isolation, 'Content-Security-Policy': contentSecurityPolicy() } },
  worker: { format: 'es' },
  build: { target: 'es2022', assetsInlineLimit: 0, sourcemap: true },
  test: {
    projects: [
      { extends: true, test: { name: 'node', environment: 'node', include: ['src/**/*.test.ts', 'wasm/test/**/*.test.mjs'] } },
      { extends: true, test: { name: 'dom', environment: 'jsdom', include: ['src/**/*.test.tsx'] } },
    ],
  },
})
