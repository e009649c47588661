// SPDX-License-Identifier: Apache-2.0
// End-to-end tests: the production build (dist/), served by the
// share server, in the system's Chromium. Build first: npm run build.
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from '@playwright/test'

/** Playwright's own browser (npx playwright install chromium) is used when the system has none. */
const systemBrowsers = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
const executablePath = process.env.CHROMIUM ?? systemBrowsers.find((path) => existsSync(path))

/** A port nobody uses, chosen once: this file is read again in every test process. */
function freePort(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(String(typeof address === 'object' && address ? address.port : 4173)))
    })
  })
}
const port = (process.env.PTARMIGAN_E2E_PORT ??= await freePort())
/** Where the server keeps shares; the tests look into it. */
const store = (process.env.PTARMIGAN_E2E_STORE ??= mkdtempSync(join(tmpdir(), 'ptarmigan-e2e-')))
const baseURL = `http://127.0.0.1:${port}`

export default defineConfig({
  testDir: 'e2e',
  globalTeardown: './e2e/teardown.ts',
  // It writes into the project: npm run screenshot.
  testIgnore: process.env.SCREENSHOT ? [] : ['screenshot.spec.ts'],
  outputDir: 'test-results',
  workers: 1,
  forbidOnly: true,
  reporter: [['list']],
  timeout: 90_000,
  expect: { timeout: 20_000 },
  use: {
    baseURL,
    browserName: 'chromium',
    headless: true,
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
  webServer: {
    command: `node src/cli/ptarmigan.mjs serve --port ${port} --store ${store}`,
    env: { PTARMIGAN_RATE_CREATES: 'off' },
    url: baseURL,
    reuseExistingServer: false,
    stderr: 'ignore',
    timeout: 180_000,
  },
})
