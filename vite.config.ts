// SPDX-License-Identifier: Apache-2.0
// Vite and Vitest: dev server, production build, preview, unit tests. Not the
// WebAssembly build (wasm/Makefile) and not the end-to-end tests (playwright.config.ts).
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { contentSecurityPolicy, isolation } from './src/server/headers.ts'

export default defineConfig({
  plugins: [react()],
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
